"""Whoever turns the direction of writing in a name turns nothing that a page says after it."""

from itertools import product

import pytest

from app.web.kit.directions import closed
from app.web.kit.pages import environment

OPENS = "\u202a\u202b\u202d\u202e\u2066\u2067\u2068"
EVERY = f"{OPENS}\u202c\u2069"


def open_after(text: str) -> list[str]:
    """What UAX #9 (X2 to X7) holds open at the end of a text."""
    held: list[str] = []
    for sign in text:
        if sign in OPENS:
            held.append("isolate" if sign in "\u2066\u2067\u2068" else "embedding")
        elif sign == "\u202c" and held and held[-1] == "embedding":
            held.pop()
        elif sign == "\u2069" and "isolate" in held:
            while held.pop() != "isolate":
                pass
    return held


@pytest.mark.parametrize("length", [0, 1, 2, 3, 4])
def test_nothing_stays_open_and_nothing_is_taken_away(length: int):
    for signs in product(EVERY, repeat=length):
        text = "a".join(("", *signs, ""))
        written = str(closed(text))

        assert open_after(written) == []
        assert written.startswith(text)
        assert closed(written) == written


@pytest.mark.parametrize("sign", OPENS, ids=ascii)
@pytest.mark.parametrize(
    "template",
    ["{{ it }}|", '<a title="{{ it }}">|</a>', "{{ it|upper }}|", "{% set x = it %}{{ x }}|"],
)
def test_a_page_goes_on_in_its_own_direction(template: str, sign: str):
    before, _, _ = environment("UTC").from_string(template).render(it=f"a{sign}b").partition("|")

    assert sign in before
    assert open_after(before) == []


def test_markup_stays_markup_and_what_is_no_text_stays_what_it_is():
    page = environment("UTC").from_string("{% macro m() %}<b>é</b>{% endmacro %}{{ m() }}{{ 1 }}")

    assert page.render() == "<b>é</b>1"
