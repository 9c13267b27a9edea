"""A token is ours to the byte, for one purpose, or it is nothing."""

import random
import string
from base64 import urlsafe_b64decode, urlsafe_b64encode
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.links.keyring import Keyring, Kind
from app.links.token import (
    LONGEST,
    NEVER_COUNTS,
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
    assert sign(LINK, kind, KEYS) == token


@pytest.mark.parametrize("kind", Kind)
def test_while_a_key_is_rotated_every_machine_reads_what_any_other_signs(kind: Kind):
    """First the new key is the second one everywhere, then it is the first."""
    steps = [[[OLD], [OLD, NEW]], [[OLD, NEW], [NEW, OLD]], [[NEW, OLD], [NEW, OLD]]]

    for step in steps:
        rings = [Keyring.of(secrets) for secrets in step]
        for signs, reads in product(rings, rings):
            assert read(sign(LINK, kind, signs), kind, reads) == LINK

    with pytest.raises(BadToken):
        read(sign(LINK, kind, Keyring.of([NEW, OLD])), kind, Keyring.of([OLD]))


def test_personal_values_that_were_mailed_are_readable_for_ever():
    token = "jQAAAAEAAAAAAAAAAgMCAA9hbm5AZXhhbXBsZS5vcmcAAsOpAAA30YbNxLdlLeUO"

    link = read(token, Kind.CLICK, KEYS)

    assert (link.set_id, link.id, link.link) == (1, 2, 3)
    assert unpack_fills(link.fills) == ("ann@example.org", "é")


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


@pytest.mark.parametrize("kind", Kind)
def test_a_token_is_refused_as_any_other_kind(kind: Kind):
    token = sign(LINK, kind, KEYS)

    assert [other for other in Kind if reads(token, other)] == [kind]


@pytest.mark.parametrize("kind", Kind)
def test_every_single_flipped_bit_is_refused(kind: Kind):
    raw = urlsafe_b64decode(sign(LINK, kind, KEYS))

    accepted = [
        (bit, other)
        for bit in range(len(raw) * 8)
        for other in Kind
        if reads(encoded(int.from_bytes(raw) ^ 1 << bit, len(raw)), other)
    ]

    assert accepted == []


def encoded(number: int, size: int) -> str:
    return urlsafe_b64encode(number.to_bytes(size)).decode()


def test_tokens_of_changed_bytes_are_refused():
    """Canonical base64 of bytes that are cut, grown, mixed or set anew: only the MAC can tell."""
    rng = random.Random(20261124)
    signed = [
        urlsafe_b64decode(sign(TrackedLink(number, number, 1, fills), kind, KEYS))
        for number, kind in enumerate(Kind)
        for fills in (b"", pack_fills(["Ann", "40,50 €"]))
    ]
    ours = {urlsafe_b64encode(raw).decode() for raw in signed}
    forged = {forged_from(signed, rng) for _ in range(20_000)} - ours

    assert len(forged) > 10_000  # the others were ours again, or forged twice
    assert [token for token in forged for kind in Kind if reads(token, kind)] == []


def forged_from(signed: list[bytes], rng: random.Random) -> str:
    raw, other = bytearray(rng.choice(signed)), rng.choice(signed)
    match rng.randrange(4):
        case 0:
            for _ in range(rng.randint(1, 4)):
                raw[rng.randrange(len(raw))] = rng.randrange(256)
        case 1:
            del raw[(at := rng.randrange(len(raw) - 2)) : at + 3]
        case 2:
            at = rng.randrange(len(raw))
            raw[at:at] = rng.randbytes(3)
        case _:
            cut = rng.randrange(1, 24)
            raw[:cut] = other[:cut]
    return urlsafe_b64encode(raw).decode()


def test_every_last_character_but_one_is_refused():
    token = sign(LINK, Kind.CLICK, KEYS)
    letters = string.ascii_letters + string.digits + "-_"

    accepted = [end for end in letters if reads(token[:-1] + end)]

    assert accepted == [token[-1]]


def reads(token: str, kind: Kind = Kind.CLICK) -> bool:
    try:
        read(token, kind, KEYS)
    except BadToken:
        return False
    return True


@given(st.text(max_size=80))
def test_junk_raises_only_bad_token(junk: str):
    with pytest.raises(BadToken):
        read(junk, Kind.CLICK, KEYS)


@given(st.binary(min_size=24, max_size=60), st.sampled_from(Kind))
def test_junk_in_the_shape_of_a_token_raises_only_bad_token(junk: bytes, kind: Kind):
    with pytest.raises(BadToken):
        read(urlsafe_b64encode(KEYS.signing_id.to_bytes() + junk).decode(), kind, KEYS)


@pytest.mark.parametrize("sign_of", ["é", "\0", "\n", " ", "=", "\ud800", "\uff21", "😀", "%"])
@pytest.mark.parametrize("length", [32, 36])
def test_characters_that_are_not_base64_are_refused_at_any_place(sign_of: str, length: int):
    token = GOLDEN[Kind.CLICK]

    assert not reads(sign_of * length)
    assert not [at for at in range(32) if reads(token[:at] + sign_of + token[at + 1 :])]
    assert not [at for at in range(33) if reads(token[:at] + 4 * sign_of + token[at:])]


def test_the_other_base64_alphabet_is_refused():
    token = GOLDEN[Kind.ANSWER]

    assert reads(token, Kind.ANSWER)
    assert not reads(token.replace("_", "/"), Kind.ANSWER)


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


def test_the_longest_link_that_is_signed_is_read_and_the_next_one_is_not_signed():
    room = LONGEST * 3 // 4 - 24
    longest = TrackedLink(1, 1, 1, b"x" * room)

    assert read(sign(longest, Kind.CLICK, KEYS), Kind.CLICK, KEYS) == longest
    with pytest.raises(ValueError, match="too long"):
        sign(TrackedLink(1, 1, 1, b"x" * (room + 3)), Kind.CLICK, KEYS)


def test_a_token_with_personal_values_needs_no_padding():
    tokens = [
        sign(TrackedLink(1, 1, 1, pack_fills(["x" * length])), Kind.CLICK, KEYS)
        for length in range(9)
    ]

    assert not [token for token in tokens if "=" in token or len(token) % 4]


@pytest.mark.parametrize("fills", [b"x", b"xx", b"xxxx"])
def test_fills_that_were_not_packed_are_refused(fills: bytes):
    with pytest.raises(ValueError, match="pack_fills"):
        sign(TrackedLink(1, 1, 1, fills), Kind.CLICK, KEYS)


@pytest.mark.parametrize("values", [["x" * 65_536], ["x"] * 256])
def test_personal_values_beyond_their_length_fields_are_refused(values: list[str]):
    with pytest.raises(ValueError, match="too long"):
        pack_fills(values)


def test_values_that_are_cut_short_are_a_bad_token():
    with pytest.raises(BadToken):
        unpack_fills(pack_fills(["a value of some length"])[:9])


@given(st.binary(max_size=40))
def test_bytes_that_were_never_packed_raise_only_bad_token(junk: bytes):
    try:
        values = unpack_fills(junk)
    except BadToken:
        return

    assert all(isinstance(value, str) for value in values)


def test_the_id_that_never_counts_is_signed_and_read_like_any_other():
    never = TrackedLink(7, NEVER_COUNTS, 1)

    assert read(sign(never, Kind.CLICK, KEYS), Kind.CLICK, KEYS).id == NEVER_COUNTS
