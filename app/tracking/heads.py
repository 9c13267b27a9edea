"""Heads of requests that came before, byte for byte the same: no third time is one read.

Whoever follows links of a mail mostly sends what everybody's browser sends. What the parser found
in such a head it would find again, so that only the line above it is new. Whatever is not exactly
so goes through the parser, which alone decides what is understood.
"""

import re

from app.tracking.edge import Asked, Head
from app.tracking.request_lines import METHODS, RequestLine, request_line

_USUAL = re.compile(rb"(GET|HEAD) (/[co]/[\w.-]{1,2048})")
_VERSION = b" HTTP/1.1\r\n"
_LINE, _END = b"\r\n", b"\r\n\r\n"
_REMEMBERED, _BYTES = 1_000, 2_000  # so many heads, each no longer than that
_LINES = 8_192  # a link that was asked for is asked for again soon, or never
_FORWARDED = b"x-forwarded-for"  # what stands behind it nearly never comes again


class Heads:
    """What was understood, by what came."""

    def __init__(self) -> None:
        self._known: dict[bytes, Head] = {}
        self._lines: dict[bytes, RequestLine] = {}  # by all that stands before the version
        self._rest: bytes | None = None  # of what was asked about last, and is not known
        self._once: set[int] = set()  # hashes of those that came once: most never come again

    def asked(self, data: bytes, peer: str) -> Asked | None:
        """The one request that these bytes are; None where the parser has to say."""
        self._rest = None
        end = data.find(_VERSION, 0, _BYTES)
        if end < 0 or len(data) > _BYTES:
            return None
        first = data[:end]
        line = self._lines.get(first) or self._line(first)
        if line is None:
            return None
        rest = data[end:]
        head = self._known.get(rest)
        if head is None:
            self._rest = rest
            return None
        return line, head, peer

    def learn(self, head: Head) -> None:
        """What was asked about last ended with this head, after which the connection goes on."""
        rest = self._rest
        if rest is None or _FORWARDED in head.headers:
            return
        if (mark := hash(rest)) not in self._once:
            if len(self._once) >= _REMEMBERED:
                self._once.clear()
            self._once.add(mark)
            return
        if rest.endswith(_END) and rest.count(_LINE) == len(head.lines) + 2:  # and nothing else
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[rest] = head

    def _line(self, first: bytes) -> RequestLine | None:
        usual = _USUAL.fullmatch(first)
        if usual is None:
            return None
        method, path = usual.groups()
        if len(self._lines) >= _LINES:
            self._lines.clear()
        line = self._lines[first] = request_line(METHODS[method], path.decode("ascii"))
        return line
