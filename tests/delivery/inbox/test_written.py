"""What a person wrote, whatever mail program they have: each quotes in its own way."""

import time
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.delivery.inbox import written
from app.platform import bounded

OURS = ("insights@halvern.example", "replies+abc@mail.halvern.example")
WORDS = "Too late for Monday.\n\nThe dough is set on Sunday noon."
_MAIL = "Hello Ann,\n\nyou lose 61 € a week. [Show me]\n\nUnsubscribe: https://x.example/u/1"
_QUOTED = "\n".join(f"> {line}".rstrip() for line in _MAIL.split("\n"))
# As programs write them: what stands between somebody's words and our mail.
PLAIN = {
    "Gmail": f"On Tue, 24 Nov 2026 at 10:00, Halvern <{OURS[0]}> wrote:\n\n{_QUOTED}",
    "Gmail, broken in two": (
        f"On Tue, 24 Nov 2026 at 10:00, Halvern Insights and more\n<{OURS[0]}> wrote:\n\n{_QUOTED}"
    ),
    "Gmail, the reply address": (
        f"On Tue, 24 Nov 2026 at 10:00, Halvern\n<{OURS[1]}> wrote:\n\n{_QUOTED}"
    ),
    "Gmail in German": (
        f"Am Di., 24. Nov. 2026 um 10:00 Uhr schrieb Halvern <\n{OURS[0]}>:\n\n{_QUOTED}"
    ),
    "Gmail in French": f"Le mar. 24 nov. 2026 à 10:00, Halvern <{OURS[0]}> a écrit :\n\n{_QUOTED}",
    "Gmail in Norwegian": f"tir. 24. nov. 2026 kl. 10:00 skrev Halvern <{OURS[0]}>:\n\n{_QUOTED}",
    "Gmail in Japanese": f"2026年11月24日(火) 10:00 Halvern <{OURS[0]}>:\n\n{_QUOTED}",
    "Gmail in Hebrew": (
        f"\u202bבתאריך יום ג׳, 24 בנוב׳ 2026 ב-10:00 מאת Halvern <{OURS[0]}>:\u202c\n\n{_QUOTED}"
    ),
    "Apple Mail": f"> On 24 Nov 2026, at 10:00, Halvern <{OURS[0]}> wrote:\n> \n{_QUOTED}",
    "Thunderbird, by name alone": f"Am 24.11.2026 um 10:00 schrieb Halvern:\n{_QUOTED}",
    "Outlook": (
        f"From: Halvern <{OURS[0]}>\nSent: Tuesday, November 24, 2026 10:00 AM\nTo: Ann\n"
        f"Subject: 61\n\n{_MAIL}"
    ),
    "Outlook, with a rule": (
        f"________________________________\nFrom: Halvern <{OURS[0]}>\n"
        f"Sent: Tuesday, November 24, 2026 10:00 AM\nTo: Ann\n\n{_MAIL}"
    ),
    "Outlook in German": (
        f"-----Ursprüngliche Nachricht-----\nVon: Halvern <{OURS[0]}>\n"
        f"Gesendet: Dienstag, 24. November 2026 10:00\nAn: Ann\n\n{_MAIL}"
    ),
    "Outlook, bold labels": f"*From:* Halvern <{OURS[0]}>\n*Sent:* Tuesday\n\n{_MAIL}",
    "a date before the sender": f"Date: Tue, 24 Nov 2026 10:00\nFrom: {OURS[0]}\n\n{_MAIL}",
    "a telephone": f"Sent from my iPhone\n\n> On 24 Nov 2026, at 10:00, Halvern wrote:\n{_QUOTED}",
    "a signature": (
        "-- \nAnn Baker\nBakery of Bergen\n\n"
        f"On Tue, 24 Nov 2026, Halvern <{OURS[0]}> wrote:\n{_QUOTED}"
    ),
    "nothing": "",
}


def mail(text: str, subtype: str = "plain") -> bytes:
    message = EmailMessage()
    message["From"] = "Ann <ann@bakery.example>"
    message.set_content(text, subtype=subtype)
    return message.as_bytes()


@pytest.mark.parametrize("program", PLAIN)
@pytest.mark.parametrize("between", ["\n\n", "\n"])
def test_whatever_a_program_quotes_is_left_out(program: str, between: str):
    if between == "\n" and program == "a telephone":
        between = "\n\n"
    said = written.read(mail(f"{WORDS}{between}{PLAIN[program]}"), OURS)

    assert said == written.Written(WORDS)


@pytest.mark.parametrize("program", ["Gmail", "Apple Mail", "Thunderbird, by name alone"])
def test_answers_between_quoted_lines_are_kept(program: str):
    quoted = PLAIN[program].replace("> you lose", "> you lose").split("\n")
    halves = "\n".join(quoted[:-2]) + "\nNo, only 12.\n" + "\n".join(quoted[-2:]) + "\nAnn"
    said = written.read(mail(halves), OURS)

    assert said.words.split() == ["No,", "only", "12.", "Ann"]


@pytest.mark.parametrize(
    "words",
    [
        "Write to insights@halvern.example instead, please.",
        "1. Bread: no.\n2. Rolls: yes.",
        "At 10:00 it is too late:\nthe dough is set.",
        "תודה רבה, מאוחר מדי ליום שני.",
        "شكرا جزيلا",
        "👩‍🍳 great",
        "From: here it looks fine",
    ],
)
def test_what_somebody_writes_themselves_stays(words: str):
    assert written.read(mail(words), OURS).words == words


HTML = {
    "Gmail": (
        '<div dir="ltr">{}</div><br><div class="gmail_quote">'
        '<div class="gmail_attr">On Tue, Halvern wrote:</div>'
        '<blockquote class="gmail_quote">Hello Ann</blockquote></div>'
    ),
    "Apple Mail": (
        '<html><head><meta http-equiv="Content-Type"></head><body>{}<br>'
        '<blockquote type="cite">'
        "<div>On 24 Nov 2026, Halvern wrote:</div>Hello Ann</blockquote></body></html>"
    ),
    "Thunderbird": (
        '<p>{}</p><div class="moz-cite-prefix">Am 24.11. schrieb Halvern:</div>'
        '<blockquote type="cite">Hello</blockquote><pre class="moz-signature">-- \n'
        "Ann</pre>"
    ),
    "Outlook": (
        "<html><head><style>p {{color: red}}</style></head><body><p>{}</p>"
        '<div id="appendonsend"></div><hr><div id="divRplyFwdMsg">'
        "<b>From:</b> Halvern</div><p>Hello Ann</p></body></html>"
    ),
    "Outlook, older": (
        "<p>{}</p><div><p><b>From:</b> Halvern &lt;insights@halvern.example&gt;<br>"
        "<b>Sent:</b> Tuesday</p></div><p>Hello Ann</p>"
    ),
    "scripts": (
        "<title>x</title><script>alert('<b>')</script>"
        "<style>*{{}}</style>{}<img src=x onerror=alert(1)><template>hidden</template>"
    ),
    "hidden": '<div style="display: none">preheader</div><p>{}</p><p hidden>x</p>',
    "never closed": "<head><title>t</title><body><b>{}",
}


@pytest.mark.parametrize("program", HTML)
def test_a_mail_in_html_alone_has_the_same_words(program: str):
    page = HTML[program].format("Too late<br>for &lt;Monday&gt;.")
    said = written.read(mail(page, "html"), OURS)

    assert said.words == "Too late\nfor <Monday>."


def test_the_plain_part_goes_before_the_other():
    message = EmailMessage()
    message.set_content("Plain.")
    message.add_alternative("<p>Other.</p>", subtype="html")

    assert written.read(message.as_bytes(), OURS).words == "Plain."


def test_files_and_mails_within_are_counted_and_not_read():
    inner = EmailMessage()
    inner.set_content("Inner words.")
    message = EmailMessage()
    message.set_content("See what I mean.")
    message.add_attachment(b"PNG", maintype="image", subtype="png", filename="oven.png")
    message.add_attachment("a,b", subtype="csv", filename="list.csv")
    message.add_attachment(inner)

    assert written.read(message.as_bytes(), OURS) == written.Written("See what I mean.", False, 3)


def test_a_picture_alone_is_an_answer_without_words():
    message = EmailMessage()
    message.add_attachment(b"PNG", maintype="image", subtype="png", filename="oven.png")

    assert written.read(message.as_bytes(), OURS) == written.Written("", False, 1)


@pytest.mark.parametrize(
    ("charset", "raw"),
    [
        ("iso-8859-1", "Zu spät.".encode("latin-1")),
        ("windows-1252", "Zu spät.".encode("cp1252")),
        ("koi8-r", "Поздно.".encode("koi8-r")),
        ("shift_jis", "遅い".encode("shift_jis")),
        ("utf-8", b"Zu sp\xe4t."),
        ("nobody-knows", "Zu spät.".encode()),
        ("zlib_codec", "Zu spät.".encode()),
        ("utf-16", b"\xff"),
    ],
)
def test_any_charset_and_a_wrong_one_give_text(charset: str, raw: bytes):
    head = f"Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: 8bit\n\n"
    words = written.read(head.encode() + raw, OURS).words

    assert words in {"Zu spät.", "Поздно.", "遅い", "ÿ"}


def test_what_turns_the_direction_or_is_no_text_is_taken_out():
    said = written.read(mail("a\u202eb\u2066c\x07d"), OURS)

    assert said.words == "abcd"


def test_more_than_is_kept_is_cut():
    said = written.read(mail("word " * 5_000), OURS)

    assert said.is_cut
    assert len(said.words) <= written.MOST_CHARS


_NASTY = {
    "one line": b"x " * 250_000,
    "rules": (b"-" * 199 + b"x\n") * 2_500,
    "one long rule": b"-" * 500_000,
    "quotes": b">" * 500_000,
    "dates": b"10:00 2026 " * 40_000,
    "open elements": b"<div>" * 100_000,
    "open quotes": b"<blockquote type=cite><b>" * 20_000,
    "never ended": b"<" * 500_000,
    "comments": b"<!--" * 100_000,
    "attributes": b"<a " + b"x=1 " * 100_000,
    "entities": b"&#1;" * 100_000,
    "parts": b"--b\nContent-Type: text/plain\n\nx\n" * 10_000,
}


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_the_worst_mails_end_in_time(kind: str):
    """In the child that reads them, whatever its limit has to end is said to be unread."""
    slow = []
    for name, body in _NASTY.items():
        whole = f'Content-Type: text/{kind}; boundary="b"\n\n'.encode() + body
        began = time.monotonic()
        try:
            bounded.ask(written.read, whole, OURS)
        except bounded.OverLimit:
            slow.append(name)
        assert time.monotonic() - began < 20, name

    assert slow == []


@given(st.binary(max_size=400), st.sampled_from(["", "Content-Type: text/html\n\n", "\n"]))
def test_no_bytes_are_too_odd(raw: bytes, head: str):
    said = written.read(head.encode() + raw, OURS)

    assert "\0" not in said.words
    assert len(said.words) <= written.MOST_CHARS
