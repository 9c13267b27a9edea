"""One number in somebody else's JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.okr.pointer import number_at
from app.platform.errors import Invalid

# The example document of RFC 6901, section 5, with numbers where it has them.
RFC = rb"""{"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5,
            "k\"l": 6, " ": 7, "m~n": 8}"""


@pytest.mark.parametrize(
    ("pointer", "number"),
    [("/", 0), ("/a~1b", 1), ("/c%d", 2), ("/e^f", 3), ("/g|h", 4), ("/i\\j", 5), ('/k"l', 6),
     ("/ ", 7), ("/m~0n", 8)],
)  # fmt: skip
def test_the_examples_of_the_standard_are_found(pointer: str, number: float):
    assert number_at(RFC, pointer) == number


def test_a_list_is_counted_from_nothing():
    assert number_at(b'{"rows": [{"n": 1}, {"n": 2.5}]}', "/rows/1/n") == 2.5
    assert number_at(b"42", "") == 42


@pytest.mark.parametrize(
    ("document", "pointer", "sentence"),
    [
        (b"<html>", "/n", "not JSON"),
        (b"[" * 100_000, "", "not JSON"),
        (b'{"n": ' + b"1" * 5_000 + b"}", "/n", "not JSON"),
        (b'{"n": [1]}', "/n/" + "1" * 5_000, "has no"),
        (b'{"n": 1}', "/m", "no “m”"),
        (b'{"n": [1]}', "/n/1", "no “1”"),
        (b'{"n": [1]}', "/n/00", "no “00”"),
        (b'{"n": [1]}', "/n/-", "no “-”"),
        (b'{"n": 1}', "/n/x", "no “x”"),
        (b'{"n": "1"}', "/n", "not a number"),
        (b'{"n": true}', "/n", "not a number"),
        (b'{"n": null}', "/n", "not a number"),
        (b'{"n": NaN}', "/n", "not a number"),
        (b'{"n": 1e999}', "/n", "not a number"),
        (b'{"n": 1}', "n", "begins with a slash"),
    ],
)
def test_where_there_is_no_number_a_sentence_says_what_there_is(
    document: bytes, pointer: str, sentence: str
):
    with pytest.raises(Invalid, match=sentence):
        number_at(document, pointer)


@given(st.dictionaries(st.text(max_size=5), st.integers(-1000, 1000), min_size=1))
def test_every_key_can_be_pointed_at(document: dict[str, int]):
    for key, value in document.items():
        pointer = "/" + key.replace("~", "~0").replace("/", "~1")

        assert number_at(json.dumps(document).encode(), pointer) == value
