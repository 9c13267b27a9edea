"""What goes into a mail comes out of it: parsed by the standard library, as receivers do."""

import email
import re
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.audience.consent import Allowed
from app.delivery.mail import compose, filling
from app.delivery.mail.addressing import Addressee
from app.delivery.mail.broken import BrokenLiquid, MissingColumn
from app.delivery.mail.composed import ComposedArm
from app.delivery.mail.letterhead import letterhead
from app.delivery.mail.mime import BadHeader, Mail
from app.links.keyring import Kind
from app.links.token import NEVER_COUNTS, read, unpack_fills
from tests.delivery.scenes import ARM, KEYS, NOW, SETTINGS

HEAD = letterhead(
    SETTINGS, experiment_id="exp1", sender={"from_name": "Bäckerei", "reply_to": None}
)
GOLDEN = Path(__file__).parents[2] / "golden" / "insight.eml"
COLUMNS = {"name": "Ann", "euros": 61}
_CLICK = re.compile(r"https://insights\.example\.com/c/([A-Za-z0-9_-]+)")
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
# What a header refuses or leaves out has a test of its own (test_headers).
_SUBJECTS = st.text(
    st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"]), min_size=1, max_size=60
)

ALL = Allowed(clicks=True, opens=True)


def arm(body: str = ARM["body"], *, set_id: int | None = 7, **changes) -> ComposedArm:
    return compose.compose_arm(ARM | {"body": body} | changes, head=HEAD, set_id=set_id)


def to(columns: dict[str, object] = COLUMNS, *, send_id: int = 5) -> Addressee:
    return Addressee("ann@example.org", "person1", columns, f"{send_id}.exp1", ALL, send_id=send_id)


def mail(body: str = ARM["body"], columns: dict[str, object] = COLUMNS, **changes) -> Mail:
    return arm(body, **changes).fill(to(columns), keyring=KEYS, now=NOW)


def parsed(made: Mail) -> EmailMessage:
    message = email.message_from_bytes(made.raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def part(made: Mail, kind: str) -> str:
    body = parsed(made).get_body((kind,))
    assert body is not None
    return str(body.get_content())


def test_a_mail_carries_what_receivers_ask_for():
    message = parsed(mail())

    assert message["From"] == "Bäckerei <ann@example.com>"
    assert message["Subject"] == "Ann, 61 €"
    assert message["To"] == "ann@example.org"
    assert message["Message-ID"] == "<5.exp1@example.com>"
    assert message["List-Id"] == "<exp1.experiments.example.com>"
    assert message["Feedback-ID"] == "exp1:insight:experiment:thinslice"
    assert message["Date"].datetime == NOW
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["List-Unsubscribe"].startswith("<https://insights.example.com/u/")
    assert not message.defects


def test_a_mail_is_byte_for_byte_the_golden_one():
    """After a wanted change: write `mail().raw` to the file and look at the difference."""
    assert mail().raw == GOLDEN.read_bytes()


def test_the_links_are_signed_for_this_send_in_their_order():
    html = part(mail("[a](https://x.example/1) then [b](https://x.example/2)"), "html")

    links = [read(token, Kind.CLICK, KEYS) for token in _CLICK.findall(html)]

    assert [(link.set_id, link.id, link.link) for link in links] == [(7, 5, 1), (7, 5, 2)]


def test_a_personal_address_travels_inside_the_token():
    made = arm("[mine](https://x.example/{{ name | url_encode }}/list?e={{ euros }})")
    html = part(made.fill(to({"name": "A/<&b", "euros": 6}), keyring=KEYS, now=NOW), "html")

    link = read(_CLICK.findall(html)[0], Kind.CLICK, KEYS)

    assert made.links[0].address == "https://x.example/{0}/list?e={1}"
    assert unpack_fills(link.fills) == ("A/<&b", "6")


def test_nothing_of_a_preview_counts():
    html = arm("[a](https://x.example) [b](answer:)").render(
        to(send_id=NEVER_COUNTS), keyring=KEYS, now=NOW
    )

    links = [read(token, Kind.CLICK, KEYS) for token in _CLICK.findall(html.html)]

    assert [link.id for link in links] == [NEVER_COUNTS, NEVER_COUNTS]
    assert unpack_fills(links[1].fills) == ("exp1", "insight", "person1")


def test_before_launch_links_lead_straight_to_their_addresses():
    made = arm("[a](https://x.example/{{ name }}) [b](answer:)", set_id=None)
    html = made.render(
        to({"name": "Ø/1", "euros": 1}, send_id=NEVER_COUNTS), keyring=KEYS, now=NOW
    ).html

    assert 'href="https://x.example/%C3%98%2F1"' in html
    assert 'href="https://insights.example.com/a/' in html
    assert "/c/" not in html


def test_a_footer_is_added_where_the_body_has_no_way_out():
    assert "Main Street 1" in part(mail(), "plain")
    assert "Main Street 1" not in part(mail("Bye: [out]({{ unsubscribe_url }})"), "plain")
    assert part(mail("Bye: {{ unsubscribe_url }}"), "plain").count("/u/") == 1


@pytest.mark.parametrize(
    "body",
    [
        'Hi {{ name | append: ", unsubscribe_url" }}',
        "Hi {{ name | default: 'unsubscribe_url' }}",
        '{% if name == "unsubscribe_url" %}Hi{% endif %} you',
        "{% comment %}unsubscribe_url{% endcomment %} Hi",
        "{% raw %}{{ unsubscribe_url }}{% endraw %} Hi",
        "Hi unsubscribe_url",
    ],
)
def test_a_body_that_only_names_the_way_out_gets_a_footer(body: str):
    assert "Main Street 1" in part(mail(body), "plain")


def test_the_pixel_is_the_last_thing_and_the_hidden_link_the_last_link():
    made = compose.compose_arm(ARM, head=HEAD, set_id=7, hidden_address="/")
    html = part(made.fill(to(), keyring=KEYS, now=NOW), "html")

    links = [read(token, Kind.CLICK, KEYS).link for token in _CLICK.findall(html)]

    assert links == [1, 2]
    assert made.links[-1].label == compose.HIDDEN
    assert re.search(
        r'<img src="https://insights\.example\.com/o/[^"]+\.gif"[^>]*>\s*</body>', html
    )


def test_a_persons_data_is_never_markup():
    html = part(mail(columns={"name": "<script>alert(1)</script>", "euros": '"><b>'}), "html")

    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert '"><b>' not in html


@pytest.mark.parametrize("source", ["{{ '<b>' }}", "{% raw %}<b>{% endraw %}", "<b>x</b>"])
def test_an_authors_text_is_never_markup_either(source: str):
    html = part(mail(source), "html")

    assert "<b>" not in html
    assert "&lt;b&gt;" in html


def test_a_loop_makes_items_and_each_its_own_link():
    body = "{% for x in list %}\n- [{{ x }}](https://x.example/{{ x }})\n{% endfor %}"
    html = part(mail(body, {"list": ["rye", "oat"], **COLUMNS}), "html")

    fills = [unpack_fills(read(token, Kind.CLICK, KEYS).fills) for token in _CLICK.findall(html)]

    assert html.count("<ul") == 1
    assert html.count("<li>") == 2
    assert fills == [("rye",), ("oat",)]


@pytest.mark.parametrize("value", [None, ""])
def test_nobody_gets_a_half_filled_mail(value: object):
    with pytest.raises(MissingColumn, match="euros"):
        mail(columns={"name": "Ann", "euros": value})


def test_a_default_and_a_condition_may_look_at_what_is_missing():
    body = "{% if nick %}Hi {{ nick }}{% else %}Hello{% endif %} {{ city | default: 'there' }}"

    assert "Hello there" in part(mail(body), "plain")


@pytest.mark.parametrize("sign", ["\r", "\n", "\0", "\r\nBcc: all@example.org"])
def test_a_header_cannot_be_smuggled_in(sign: str):
    with pytest.raises(BadHeader):
        arm().fill(
            Addressee(f"a{sign}@example.org", "p", COLUMNS, "1", ALL, send_id=1),
            keyring=KEYS,
            now=NOW,
        )


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\v", "\u2028", " \n "])
def test_a_line_break_in_a_cell_becomes_a_space_in_the_subject(end: str):
    made = mail(columns={"name": f"Ann{end}Bcc: all@example.org", "euros": 1})

    assert made.subject == "Ann Bcc: all@example.org, 1 €"


def test_a_nul_in_a_subject_is_refused():
    with pytest.raises(BadHeader):
        mail(columns={"name": "Ann\0", "euros": 1})


def test_an_international_domain_goes_out_as_punycode():
    made = arm().fill(
        Addressee("ann@bücher.example", "p", COLUMNS, "1", ALL, send_id=1), keyring=KEYS, now=NOW
    )

    assert made.recipient == "ann@xn--bcher-kva.example"


def test_liquid_that_loops_for_ever_or_does_not_parse_is_refused():
    with pytest.raises(BrokenLiquid, match="Line 2"):
        arm("ok\n{{ name ")
    with pytest.raises(BrokenLiquid, match="limit"):
        mail("{% for i in (1..1000000) %}x{% endfor %}")


@settings(max_examples=150)
@given(name=_TEXTS, subject=_SUBJECTS, body=_TEXTS)
def test_what_goes_in_comes_out(name: str, subject: str, body: str):
    said = {"name": name, "subject": subject, "body": body}
    made = mail("Hello {{ name }}!\n\n{{ body }}", {**said}, subject="S: {{ subject }}.")

    clean = {key: re.sub("[\ufdd0-\ufdef]", "", value) for key, value in said.items()}
    assert parsed(made)["Subject"].split() == f"S: {clean['subject']}.".split()
    assert _squeezed(part(made, "plain")).startswith(
        _squeezed(f"Hello {clean['name']}!\n\n{clean['body']}")
    )
    assert max(map(len, made.raw.split(b"\r\n"))) <= 998
    assert b"\n" not in made.raw.replace(b"\r\n", b"")
    assert b"\r" not in made.raw.replace(b"\r\n", b"")
    assert made.raw.isascii()


@settings(max_examples=100)
@given(value=_TEXTS | st.integers() | st.booleans() | st.floats(allow_nan=False))
def test_joining_and_liquid_give_the_same(value: object):
    source = "a {{ x }} b {{x}} <c> {{ y }}"
    columns = {"x": value, "y": "z"}

    assert filling.html(source).fill(columns) == filling.rendered_html(source).fill(columns)
    assert filling.text(source).fill(columns) == filling.rendered_text(source).fill(columns)


def test_the_same_person_gets_the_same_mail_at_every_attempt():
    late = datetime(2026, 11, 23, tzinfo=UTC)
    first, again = (arm().fill(to(), keyring=KEYS, now=at) for at in (NOW, late))

    def undated(made: Mail) -> bytes:
        return re.sub(rb"Date: [^\r]+", b"", made.raw)

    assert undated(first) == undated(again)


def _squeezed(text: str) -> str:
    """Line ends and blank lines are a text part's own."""
    return re.sub(r"\n+", "\n", text.replace("\r\n", "\n").replace("\r", "\n"))
