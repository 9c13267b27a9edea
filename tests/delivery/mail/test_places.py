"""A value is written as the place asks for where it stands, and comes out as it went in."""

import html
import re
from urllib.parse import parse_qs, unquote

import pytest

from app.delivery import destination_store
from app.delivery.answers_page import _with_addresses, template_of
from app.delivery.arms import Arms
from app.delivery.mail import content
from app.experiments.models import Experiment
from app.links.keyring import Kind
from app.links.token import read, unpack_fills
from app.platform.db import Database
from tests.delivery import scenes
from tests.delivery.mail.test_compose import _CLICK, arm, mail, part, to
from tests.delivery.scenes import ARM, KEYS, NOW, SETTINGS

AWKWARD = ["&", "#", "%", "%41", " ", "'", '"', "<b>", "ü", "🍞", "+", "?", "{1}", "a\r\nBcc: x"]
_HREF = re.compile(r'href="((?:mailto|tel|sms)[^"]*)"')
WORDS = {
    "{{ v }}",
    "{{ w | default: v }}",
    "{{ v | url_encode }}",
    '{{ w | default: "" | append: v }}',
}
ADDRESSES = {
    "mailto:ann@x.example?subject=%s": "query",
    "mailto:ann@x.example?subject=a&body=%s": "query",
    "mailto:%s@x.example": "address",
    "sms:+4930?body=%s": "query",
    "sms:%s": "number",
    "tel:%s": "number",
    "tel:+49%s;ext=5": "number",
}


def both(body: str, value: str) -> list[str]:
    """The address in both parts of a mail, and on an answer page."""
    made = mail(body, {"v": value, "euros": 1, "name": "Ann"}, subject="s")
    written, filler = template_of(body)
    page = _with_addresses(filler.fill({"v": value}), written.links)
    in_text = re.search(r"<([^<>]*)>", part(made, "plain").replace("=\n", ""))
    assert in_text
    return [
        html.unescape(_HREF.search(part(made, "html"))[1]),  # type: ignore[index]
        in_text[1],
        html.unescape(_HREF.search(page)[1]),  # type: ignore[index]
    ]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("written", sorted(WORDS))
def test_a_value_in_an_untracked_address_is_what_it_was(address: str, written: str):
    for value in AWKWARD:
        said = both(f"[write](<{address % written}>)", f"x{value}")
        assert len(set(said)) == 1, said
        assert said[0].isascii()
        assert not re.search(r"[\s<>\"]", said[0])
        _reads_as(said[0], ADDRESSES[address], f"x{value}")


def _reads_as(address: str, place: str, value: str) -> None:
    if place == "query":
        asked = parse_qs(address.partition("?")[2].replace("+", "%2B"), strict_parsing=True)
        assert list(asked.values())[-1] == [value]
        assert "#" not in address
    elif place == "address":
        assert unquote(address.partition(":")[2]) == f"{''.join(value.split())}@x.example"
        assert "?" not in address
    else:
        assert re.sub(r"[\s/]", "", value) in unquote(address)
        assert "?" not in address


@pytest.mark.parametrize("scheme", ["mailto:ann@x.example", "tel:+4930123", "sms:+4930", "TEL:1"])
def test_nobody_counts_a_call_or_a_letter(scheme: str):
    made = arm(f"[write]({scheme}) and [look](https://x.example)")

    assert [link.label for link in made.links] == ["look"]
    assert f'href="{scheme.lower()}"' in part(made.fill(to(), keyring=KEYS, now=NOW), "html")


@pytest.mark.parametrize("where", ["a/%s", "a?b=%s", "a?b=c&d=%s#e", "%s"])
@pytest.mark.parametrize("written", sorted(WORDS))
def test_a_value_in_a_tracked_address_travels_as_it_is(where: str, written: str):
    for bare in (False, True):
        if bare and " " in written:
            continue
        address = f"https://x.example/{where % written}"
        made = arm(address if bare else f"[look](<{address}>)", subject="s")
        for value in AWKWARD:
            person = to({"v": value, "name": "x"})
            found = part(made.fill(person, keyring=KEYS, now=NOW), "html")
            token = read(_CLICK.findall(found)[0], Kind.CLICK, KEYS)
            assert unpack_fills(token.fills) == (value.replace("\r\n", "\n"),)


@pytest.mark.parametrize(
    ("text", "leads"),
    [
        ("see https://x.example/a?b=c&d=e.", ["https://x.example/a?b=c&d=e"]),
        ("(https://x.example/a_(b)) and", ["https://x.example/a_(b)"]),
        ("www.x.example, HTTP://x.example!", ["https://www.x.example", "HTTP://x.example"]),
        ("https://bäcker.example/ü", ["https://xn--bcker-gra.example/%C3%BC"]),
        ("www.bäcker.example", ["https://www.xn--bcker-gra.example"]),
        ("**https://x.example/**", ["https://x.example/"]),
        ("- https://x.example\n- www.y.example", ["https://x.example", "https://www.y.example"]),
        ("| a |\n|---|\n| https://x.example |", ["https://x.example"]),
        ("> https://x.example\n\n# www.y.example", ["https://x.example", "https://www.y.example"]),
        ("https://x.example/{{ v }}/", ["https://x.example/{0}/"]),
        ("{% if v %}https://x.example{% endif %}", ["https://x.example"]),
        ("a‘https://x.example’", ["https://x.example"]),
        ("`https://x.example`", []),
        ("    https://x.example", []),
        ("```\nwww.x.example\n```", []),
        ("![https://x.example](https://x.example/a.png)", []),
        ("[https://x.example](https://y.example)", ["https://y.example"]),
        ("<https://x.example>", ["https://x.example"]),
        ("[a **www.x.example** b](https://y.example)", ["https://y.example"]),
        ("https:// and www. and http://x and ann@www.x.example", []),
        ("https://{{ v }}.example {{ v }}", []),
        ("https://-ä-.example", []),
        ("xhttps://x.example", []),
    ],
)
def test_an_address_that_stands_there_bare_is_a_link(text: str, leads: list[str]):
    written, bad = content.examine(text)

    assert [link.address for link in written.links] == leads
    assert not bad
    assert written.html.count("<a ") == len(leads)


def test_a_bare_address_reads_as_it_was_written_in_both_parts():
    made = mail("Look: https://bäcker.example/ü?a=b&c={{ euros }}.")

    assert ">https://bäcker.example/ü?a=b&amp;c=61</a>." in part(made, "html")
    assert "Look: https://bäcker.example/ü?a=b&c=61 <https://insights" in part(made, "plain")


@pytest.mark.parametrize("links", [None, 1, 2])
def test_what_was_launched_before_keeps_the_places_of_its_links(links: int | None):
    body = "https://x.example [look](https://y.example)"

    assert [link.label for link in content.write_out(body, links=links).links] == (
        ["look"] if links == 1 else ["https://x.example", "look"]
    )


def test_a_sending_that_began_before_goes_on_with_the_places_it_began_with(database: Database):
    body = "https://x.example [look](https://y.example)"
    launched = scenes.launched(database, people=1, arms=[ARM | {"body": body}])

    def places() -> list[str]:
        arms = Arms(SETTINGS)
        with database.read() as session:
            arms.know(session, session.get_one(Experiment, launched), "insight")
        return [link.label for link in arms.of(launched, "insight").links]

    assert places() == ["https://x.example", "look"]
    with database.write() as session:
        kept = destination_store.set_of(session, launched, "insight")
        assert kept is not None
        kept.links = 1  # as a launch before kept it
    assert places() == ["look"]
