"""A mail that is joined from prepared bytes reads as one that is written in full, to the letter."""

from dataclasses import replace
from itertools import product
from quopri import decodestring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.audience.consent import Allowed
from app.delivery.mail.addressing import Addressee
from app.delivery.mail.compose import compose_arm
from app.delivery.mail.composed import ComposedArm
from app.delivery.mail.layout import Composer, broken, encoded
from app.delivery.mail.mime import Mail, Wire
from app.delivery.transports.conversation import wire_form
from app.links.keyring import Kind
from app.links.token import TrackedLink, sign, sign_each
from app.platform.errors import AppError
from tests.delivery.mail.test_compose import HEAD, parsed, part
from tests.delivery.scenes import ARM, KEYS, NOW

_COLUMNS = ("name", "euros", "city")
_VALUES = st.text(max_size=90) | st.sampled_from(
    [
        "Ann",
        "",
        ".",
        " ",
        "=",
        "a=b",
        "€" * 40,
        "x" * 200,
        "a\nb",
        "a\r\n",
        "\ufdd2",
        "\ud800",
        "'\"<&>",
    ]
)
_BITS = st.sampled_from(
    [
        "{{ name }}", "{{euros}}", "Hello {{ city }},", "\n\n", "\n", " ", ".", "=", "§ ä €" * 12,
        "word " * 20, "x" * 90, "[a](https://x.example/1)", "[{{ name }}](https://x.example/2?a=ü)",
        "[b](https://x.example/{{ euros }}/{{ name | url_encode }}?c={{ city }})", "[c](answer:)",
        "[out]({{ unsubscribe_url }})", "{{ unsubscribe_url }}", "- item\n- {{ city }}", "<b>&amp;",
        "```\na\n\n\n\nb {{ name }}\n```", "# {{ name }}\n", "[m](mailto:a@b.example)",
    ]
)  # fmt: skip
_ALLOWED = [
    Allowed(clicks=clicks, opens=opens) for clicks, opens in product((True, False), (True, False))
]


def _arm(body: str, *, set_id: int | None = 7, **changes: str) -> ComposedArm:
    made = ARM | {"body": body} | changes
    return compose_arm(made, head=HEAD, set_id=set_id, hidden_address="/")


def _both(
    arm: ComposedArm, columns: dict[str, object], may: Allowed, email: str
) -> list[Mail | AppError]:
    person = Addressee(email, "person1", columns, "5.exp1", may, send_id=2**40)
    return [
        made.fill_all([person], keyring=KEYS, now=NOW)[0]
        for made in (arm, replace(arm, plate=None))
    ]


@settings(max_examples=150)
@given(
    body=st.lists(_BITS, max_size=12).map("".join),
    columns=st.fixed_dictionaries(dict.fromkeys(_COLUMNS, _VALUES)),
    subject=st.sampled_from(["{{ name }}, {{ euros }}", "Plain", "ä {{ city }}"]),
    may=st.sampled_from(_ALLOWED),
)
def test_both_ways_give_mails_that_read_the_same(
    body: str, columns: dict[str, object], subject: str, may: Allowed
):
    arm = _arm(body, subject=subject, preheader="For {{ name }}")
    joined, written = _both(arm, columns, may, "ann@example.org")

    if isinstance(written, AppError):
        assert (type(joined), str(joined)) == (type(written), str(written))
        return
    assert isinstance(joined, Mail)
    assert parsed(joined).items() == parsed(written).items()
    assert not parsed(joined).defects
    assert [part(joined, kind) for kind in ("plain", "html")] == [
        part(written, kind) for kind in ("plain", "html")
    ]
    assert replace(joined, raw=b"") == replace(written, raw=b"")
    body_lines = joined.raw.partition(b"\r\n\r\n")[2].split(b"\r\n")
    assert max(map(len, body_lines)) <= 76
    assert isinstance(joined.raw, Wire)  # and is sent as it stands
    assert wire_form(bytes(joined.raw)) == joined.raw


def test_a_plain_arm_is_joined_and_any_other_written():
    person = Addressee("a@b.example", "p", {"name": "Ann"}, "1", _ALLOWED[0], send_id=1)
    counted: list[bool] = []
    for body in ("Hi {{ name }} [a](https://x.example)", "Hi {{ name | upcase }}"):
        arm = _arm(body, subject="x")
        counted.append(arm.plate is not None)
        assert arm._pressed([person], keyring=KEYS, now=NOW) == [None] or counted[-1]

    assert counted == [True, False]
    assert _arm("Hi", set_id=None).plate is None


@pytest.mark.parametrize("may", _ALLOWED)
def test_what_anybody_may_be_asked_is_asked_both_ways(may: Allowed):
    """Answer pages name whoever is not tracked, the pixel is theirs who let us see."""
    joined, written = _both(
        _arm("{{ name }} [c](answer:)"), {"name": "Ann", "euros": 1}, may, "a@b.example"
    )

    assert isinstance(joined, Mail)
    assert isinstance(written, Mail)
    assert part(joined, "html") == part(written, "html")
    assert ("/o/" in part(joined, "html")) is may.opens


@given(
    links=st.lists(st.integers(0, 255), max_size=5),
    set_id=st.integers(0, 2**32 - 1),
    number=st.integers(0, 2**64 - 1),
)
def test_several_links_are_signed_as_each_alone(links: list[int], set_id: int, number: int):
    each = sign_each(links, set_id=set_id, number=number, kind=Kind.CLICK, keyring=KEYS)

    assert [token.decode() for token in each] == [
        sign(TrackedLink(set_id, number, link), Kind.CLICK, KEYS) for link in links
    ]


@given(texts=st.lists(st.text(st.characters(exclude_characters="\r"), max_size=120), max_size=6))
def test_quoted_printable_with_holes_reads_as_the_whole(texts: list[str]):
    composer = Composer()
    for place, text in enumerate(texts):
        composer.text(text)
        composer.hole(f"free {place}")
        composer.slot(f"slot {place}", width=32)
    values = {f"free {place}": encoded("...= ä." * place) for place in range(len(texts))}
    values |= {f"slot {place}": b"x" * 32 for place in range(len(texts))}
    made = composer.done().filled(b"", values)

    said = "".join(text + "...= ä." * place + "x" * 32 for place, text in enumerate(texts))
    assert decodestring(made) == said.replace("\n", "\r\n").encode("utf-8", "replace")
    assert max(map(len, made.split(b"\r\n"))) <= 76
    assert not any(line.startswith(b".") for line in made.split(b"\r\n"))
    assert broken(b"=C3=A4" * 40).replace(b"=\r\n", b"") == b"=C3=A4" * 40


@pytest.mark.parametrize(("places", "sign"), [(1, "x"), (7, "x"), (2, '"')])
def test_a_cell_too_long_for_its_places_is_refused_both_ways(places: int, sign: str):
    arm = _arm("{{ name }} [a](https://x.example)" * places)
    columns: dict[str, object] = {"name": sign * 150_000, "euros": 1}

    joined, written = _both(arm, columns, _ALLOWED[0], "ann@example.org")

    is_refused = isinstance(written, AppError)
    assert is_refused is (places * 150_000 * (5 if sign == '"' else 1) > 1_000_000)
    assert isinstance(joined, AppError) is is_refused
