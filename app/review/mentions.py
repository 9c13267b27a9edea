"""Whom a text names: `@` and a colleague's name, or their first name where one alone bears it."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from app.identity.models import User


def named_in(text: str, users: Sequence[User]) -> list[str]:
    """The ids of those who are named, each once. An address names nobody."""
    known = list(_known(users))
    found: dict[str, None] = {}
    before = ""
    for number, piece in enumerate(text.split("@")):
        if number and not _goes_on(before):
            found |= dict.fromkeys(_at_the_beginning(piece.casefold(), known))
        before = piece[-1:]
    return list(found)


def named_nobody(text: str, users: Sequence[User]) -> list[str]:
    """Words after an `@` that name nobody, or more than one: `nobody` of `@nobody why?`."""
    known, found, before = list(_known(users)), dict[str, None](), ""
    for number, piece in enumerate(text.split("@")):
        word = re.match(r"[^\W_][\w’'-]*", piece) if number and not _goes_on(before) else None
        if word and not _at_the_beginning(piece.casefold(), known):
            found[word[0]] = None
        before = piece[-1:]
    return list(found)


def _known(users: Sequence[User]) -> Iterator[tuple[str, str]]:
    """What each is called, the longest first: of “Ann Bell” nobody takes the “Ann”."""
    firsts = Counter(user.name.casefold().partition(" ")[0] for user in users)
    calls = {(user.name.casefold(), user.id) for user in users if user.name}
    for user in users:
        first = user.name.casefold().partition(" ")[0]
        if first and firsts[first] == 1:
            calls.add((first, user.id))
    yield from sorted(calls, key=lambda call: (-len(call[0]), call))


def _at_the_beginning(piece: str, known: Sequence[tuple[str, str]]) -> list[str]:
    """Everybody of the longest name with which the piece begins."""
    for name, _ in known:
        if piece.startswith(name) and not _goes_on(piece[len(name) : len(name) + 1]):
            return [user_id for other, user_id in known if other == name]
    return []


def _goes_on(sign: str) -> bool:
    return sign.isalnum()
