"""Quoted-printable with holes: what is the same for all is encoded once, a person's parts later.

A line may end anywhere by a soft break (RFC 2045, section 6.7, rule 5), so a hole whose filling
is as long as it likes stands on lines of its own, and one of a known width wherever it fits. A dot
at a line's beginning is encoded, so that nothing is left to be done where the mail is sent.
"""

import re
from binascii import b2a_qp
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from app.delivery.mail.mime import Wire

_LINE = 75  # characters, and one for the soft break
_SOFT_BREAK, _BREAK = b"=\r\n", b"\r\n"
_EASY_CHARS = 70
_EASY = re.compile(r"[!-\-/-<>-~](?:[ -<>-~]*[!-<>-~])?")  # stands for itself on any line
_DOT = b"."


def encoded(value: str) -> bytes:
    """A value of one line, in lines that are short enough."""
    if len(value) <= _EASY_CHARS and _EASY.fullmatch(value):
        return value.encode("ascii")
    quoted = b2a_qp(value.encode("utf-8", "replace"), istext=True)
    if len(quoted) <= _LINE and b"\n" not in quoted and not quoted.startswith(_DOT):
        return quoted
    return broken(quoted.replace(b"=\n", b""))


def broken(quoted: bytes) -> bytes:
    """One long line in short ones."""
    return _SOFT_BREAK.join(_lines(quoted, _LINE))


@dataclass(frozen=True, slots=True)
class Layout:
    """Bytes and the holes between them, by turns."""

    literals: tuple[bytes, ...]
    holes: tuple[str, ...]
    _get: Callable[[Mapping[str, bytes]], Any]

    def filled(self, begin: bytes, values: Mapping[str, bytes]) -> Wire:
        """All of it behind a beginning, each hole with what the values have for it."""
        pieces: list[bytes] = [begin] * (2 * len(self.literals))
        pieces[1::2] = self.literals
        pieces[2::2] = self._get(values)
        return Wire(b"".join(pieces))


class Composer:
    """Lays out a mail from its beginning to its end."""

    def __init__(self) -> None:
        self._literals = [bytearray()]
        self._holes: list[str] = []
        self._column = 0

    def raw(self, lines: bytes) -> None:
        """Whole lines, as they are."""
        if self._literals[-1].endswith((b" ", b"\t")):  # no line may end with one
            written = b"=%02X" % self._literals[-1][-1]
            self._literals[-1][-1:] = written if self._column < _LINE - 2 else _SOFT_BREAK + written
        self._literals[-1] += lines
        self._column = 0

    def text(self, said: str) -> None:
        """Words, to be encoded."""
        for number, line in enumerate(said.split("\n")):
            if number:
                self.raw(_BREAK)
            guarded = f"{line}|".encode("utf-8", "replace")  # a space before it stays one
            self._line(b2a_qp(guarded, istext=True).replace(b"=\n", b"")[:-1])

    def hole(self, key: str) -> None:
        """A place for whatever is `encoded` or `broken`."""
        if self._column:
            self._literals[-1] += _SOFT_BREAK
        self._open(key)
        self._column = _LINE

    def slot(self, key: str, *, width: int) -> None:
        """A place for so many characters that stand for themselves."""
        if self._column + width > _LINE:
            self._literals[-1] += _SOFT_BREAK
            self._column = 0
        self._open(key)
        self._column += width

    def done(self) -> Layout:
        """What was laid out."""
        holes = tuple(self._holes)
        return Layout(tuple(map(bytes, self._literals)), holes, _getter(holes))

    def _open(self, key: str) -> None:
        self._holes.append(key)
        self._literals.append(bytearray())

    def _line(self, quoted: bytes) -> None:
        if not quoted:
            return
        first, *others = _lines(quoted, _LINE - self._column)
        self._literals[-1] += _SOFT_BREAK.join((first, *others))
        self._column = len(others[-1]) if others else self._column + len(first)


def _getter(holes: Sequence[str]) -> Callable[[Mapping[str, bytes]], Any]:
    if len(holes) > 1:
        return itemgetter(*holes)  # a tuple, from two on
    return lambda values: tuple(values[hole] for hole in holes)


def _lines(quoted: bytes, room: int) -> list[bytes]:
    """Pieces of a long line; the first has as much room as is left. `=E2` is never cut."""
    lines: list[bytes] = []
    start = 0
    while True:
        if room == _LINE and quoted[start : start + 1] == _DOT:
            quoted = quoted[:start] + b"=2E" + quoted[start + 1 :]
        if len(quoted) - start <= room:
            return [*lines, quoted[start:]]
        end = start + room
        if room and quoted[end - 1 : end] == b"=":
            end -= 1
        elif room > 1 and quoted[end - 2 : end - 1] == b"=":
            end -= 2
        lines.append(quoted[start:end])
        start, room = end, _LINE
