"""An address that mail comes back to is ours to the letter, for one purpose, or it is nobody's."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.links import return_address
from app.links.keyring import Keyring, Kind
from app.links.return_address import LETTERS, read, sign, tokens_in, with_token
from app.links.token import BadToken

OLD, NEW = b"an old secret of forty characters or so!", b"a new secret of forty characters or so!!"
KEYS = Keyring.of([NEW, OLD])
SEND = (1234 << 32) | 5
TOKEN = sign(SEND, Kind.RETURN, KEYS)


@given(send_id=st.integers(1, 2**64 - 1))
def test_every_send_reads_back_in_whatever_letters_a_server_writes_it(send_id: int):
    token = sign(send_id, Kind.RETURN, KEYS)

    assert len(token) == LETTERS
    assert read(token, Kind.RETURN, KEYS) == send_id
    assert read(token.upper(), Kind.RETURN, KEYS) == send_id
    assert tokens_in(with_token("bounces@mail.example.com", token)) == [token]


def test_no_other_letter_anywhere_is_ours():
    """Each letter by each other, spare bits of the last included."""
    others = [
        TOKEN[:at] + letter + TOKEN[at + 1 :]
        for at in range(LETTERS)
        for letter in "abcdefghijklmnopqrstuvwxyz234567"
        if letter != TOKEN[at]
    ]
    accepted = [token for token in others if _is_ours(token)]

    assert len(others) == LETTERS * 31
    assert accepted == []


def test_a_hundred_thousand_guesses_are_none():
    rng = random.Random(7)
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    guesses = ("".join(rng.choices(letters, k=LETTERS)) for _ in range(100_000))

    assert not any(map(_is_ours, guesses))


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a",
        TOKEN[:-1],
        TOKEN + "a",
        TOKEN.replace(TOKEN[3], "ä", 1),
        "=" * LETTERS,
        "1" * LETTERS,
    ],
    ids=["none", "short", "one_less", "one_more", "not_ascii", "padding", "no_letters"],
)
def test_what_is_no_token_is_refused_and_not_broken(token: str):
    with pytest.raises(BadToken):
        read(token, Kind.RETURN, KEYS)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.RETURN])
def test_a_token_for_something_else_is_nobodys(kind: Kind):
    with pytest.raises(BadToken):
        read(sign(SEND, kind, KEYS), Kind.RETURN, KEYS)


def test_keys_may_turn_while_mails_are_under_way():
    before = sign(SEND, Kind.RETURN, Keyring.of([OLD]))

    assert read(before, Kind.RETURN, KEYS) == SEND
    with pytest.raises(BadToken):
        read(before, Kind.RETURN, Keyring.of([NEW]))


def test_what_was_mailed_with_these_secrets_is_read_for_ever():
    assert return_address.sign(SEND, Kind.RETURN, KEYS) == TOKEN
    assert TOKEN == "ruaaabgsaaaaablzd5dh74p55a4bzey"


def _is_ours(token: str) -> bool:
    try:
        read(token, Kind.RETURN, KEYS)
    except BadToken:
        return False
    return True
