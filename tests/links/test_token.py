"""A token is ours to the byte, for one purpose, or it is nothing."""

import random
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.links.keyring import Keyring, Kind
from app.links.token import (
    LONGEST,
    BadToken,
    TrackedLink,
    pack_fills,
    read,
    sign,
    unpack_fills,
)

OLD, NEW = b"an old secret of forty characters or so!", b"a new secret of forty characters or so!!"
KEYS = Keyring.of([NEW, OLD])
LINK = TrackedLink(7, (1234 << 32) | 5, 1)

# Golden vectors: what was mailed with these secrets must be readable for ever.
GOLDEN = {
    Kind.CLICK: "jQAAAAcAAATSAAAABQFE8i5pjFJdTSWV",
    Kind.OPEN: "jQAAAAcAAATSAAAABQFvzcq2EUV5mESN",
    Kind.UNSUBSCRIBE: "jQAAAAcAAATSAAAABQFQsx99VzVSFOxA",
    Kind.PREFERENCES: "jQAAAAcAAATSAAAABQFWFXJkgtCPbl8B",
    Kind.SURVEY: "jQAAAAcAAATSAAAABQH3z8BUASgXMZYc",
    Kind.ANSWER: "jQAAAAcAAATSAAAABQHVTmA57_xpH31i",
    Kind.WEEK: "jQAAAAcAAATSAAAABQHuNok7_ril-Bbf",
}


@pytest.mark.parametrize(("kind", "token"), GOLDEN.items())
def test_a_token_that_was_mailed_is_readable_for_ever(kind: Kind, token: str):
    assert read(token, kind, KEYS) == LINK


links = st.builds(
    TrackedLink,
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**64 - 1),
    st.integers(0, 255),
    st.lists(st.text(max_size=20), max_size=4).map(lambda v: pack_fills(v) if v else b""),
)


@given(links, st.sampled_from(Kind))
@settings(max_examples=200)
def test_what_is_signed_is_read_back(link: TrackedLink, kind: Kind):
    assert read(sign(link, kind, KEYS), kind, KEYS) == link


def test_a_click_without_personal_values_has_32_characters():
    assert len(sign(LINK, Kind.CLICK, KEYS)) == 32


def test_a_hundred_thousand_mutated_tokens_are_refused():
    rng = random.Random(20261123)
    base = [
        sign(LINK, Kind.CLICK, KEYS),
        sign(TrackedLink(1, 2, 3, pack_fills(["a", "b"])), Kind.CLICK, KEYS),
    ]
    accepted = 0
    for number in range(100_000):
        token = mutated(base[number % 2], rng)
        try:
            read(token, Kind.CLICK, KEYS)
        except BadToken:
            continue
        accepted += token not in base
    assert accepted == 0


def mutated(token: str, rng: random.Random) -> str:
    """One to three of: a changed, dropped, doubled or swapped character."""
    signs = list(token)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(signs))
        kind = rng.randrange(4)
        if kind == 0:
            signs[at] = rng.choice(string.ascii_letters + string.digits + "-_=+/é")
        elif kind == 1:
            del signs[at]
        elif kind == 2:
            signs.insert(at, signs[at])
        else:
            other = rng.randrange(len(signs))
            signs[at], signs[other] = signs[other], signs[at]
    return "".join(signs)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.CLICK])
def test_a_token_of_another_kind_is_refused(kind: Kind):
    with pytest.raises(BadToken):
        read(sign(LINK, kind, KEYS), Kind.CLICK, KEYS)


def test_every_last_character_but_one_is_refused():
    token = sign(LINK, Kind.CLICK, KEYS)
    letters = string.ascii_letters + string.digits + "-_"

    accepted = [end for end in letters if reads(token[:-1] + end)]

    assert accepted == [token[-1]]


def reads(token: str) -> bool:
    try:
        read(token, Kind.CLICK, KEYS)
    except BadToken:
        return False
    return True


@given(st.text(max_size=80))
def test_junk_raises_only_bad_token(junk: str):
    with pytest.raises(BadToken):
        read(junk, Kind.CLICK, KEYS)


def test_a_token_that_is_too_long_is_refused_before_it_is_decoded():
    with pytest.raises(BadToken):
        read("A" * (LONGEST + 4), Kind.CLICK, KEYS)


def test_an_older_key_still_reads_and_no_longer_signs():
    old = sign(LINK, Kind.CLICK, Keyring.of([OLD]))

    assert read(old, Kind.CLICK, KEYS) == LINK
    assert sign(LINK, Kind.CLICK, KEYS) != old
    with pytest.raises(BadToken):
        read(sign(LINK, Kind.CLICK, KEYS), Kind.CLICK, Keyring.of([OLD]))


def test_two_secrets_with_one_id_are_refused():
    with pytest.raises(ValueError, match="same key id"):
        Keyring.of([NEW, NEW])


@pytest.mark.parametrize(
    "link", [TrackedLink(2**32, 1, 1), TrackedLink(1, -1, 1), TrackedLink(1, 1, 256)]
)
def test_a_number_that_does_not_fit_is_refused(link: TrackedLink):
    with pytest.raises(ValueError, match="does not fit"):
        sign(link, Kind.CLICK, KEYS)


@given(st.lists(st.text(max_size=50), min_size=1, max_size=10))
def test_personal_values_come_back(values: list[str]):
    assert unpack_fills(pack_fills(values)) == tuple(values)


def test_personal_values_that_make_a_link_too_long_are_refused():
    with pytest.raises(ValueError, match="too long"):
        sign(TrackedLink(1, 1, 1, pack_fills(["x" * LONGEST])), Kind.CLICK, KEYS)
