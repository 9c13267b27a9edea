"""A mail's HTML as what is read of it, block by block: for whoever draws the mail, or its room.

It is what a reader sees in its order; how it looks is left to the mail. What is hidden is left out.
"""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from app.platform.seen_html import BLOCKS, HIDDEN, UNSEEN, VOID, feed

_SPACES = re.compile(r"\s+")
_KINDS = {"h1": "title", "h2": "heading", "h3": "heading", "li": "item", "tr": "row"}
_GUESSED = 0.45  # height to width of a picture that says its width alone, as charts in mails do
_SIZE = re.compile(r"font-size:\s*(\d{1,3})")
_SMALL = 14  # pixels; layouts set their words with 13, letters with 16
_LEAST = 8  # pixels: what is smaller counts, or keeps a distance
_OURS = ("/i/", "/d/", "data:")  # what a frame may load: any other picture shows its words alone


@dataclass(frozen=True, slots=True)
class Piece:
    """Words that lead to the same address, or nowhere."""

    words: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """What stands by itself: a paragraph, a heading, an item, a row of a table, or a picture."""

    kind: str
    pieces: tuple[Piece, ...] = ()
    width: int = 0  # of a picture, in pixels
    height: int = 0

    @property
    def words(self) -> str:
        """All that it says."""
        return "".join(piece.words for piece in self.pieces)


def outline(html: str) -> list[Block]:
    """What is read of a mail, in its order."""
    reader = _Reader()
    feed(reader, html)
    reader.end()
    return reader.blocks


@dataclass(slots=True)
class _Open:
    """The block that is being read."""

    kind: str = "text"
    pieces: list[Piece] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self._open = _Open()
        self._hidden: list[str] = []  # open elements since the one that hides
        self._href = ""
        self._is_foot = False
        self._is_small = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "body":
            self._hidden.clear()  # a head that nobody closed ends with it
        if self._hidden:
            self._hidden += [tag] if tag not in VOID else []
        elif tag not in VOID and (tag in UNSEEN or HIDDEN.search(given.get("style", ""))):
            self._hidden.append(tag)
        elif tag == "br":
            self._say("\n")
        elif tag == "img":
            self._picture(given)
        elif tag in BLOCKS:
            self.end()
            self._is_foot = self._is_foot or given.get("class") == "foot"
            if said := _SIZE.search(given.get("style", "")):
                self._is_small = 0 < int(said[1]) <= _SMALL
            self._open.kind = self._kind(tag)
        elif tag in {"td", "th"}:
            self._say("  ")
        elif tag == "a":
            self._href = given.get("href", "")

    def handle_endtag(self, tag: str) -> None:
        if self._hidden:
            self._close(tag)
        elif tag in BLOCKS:
            self.end()
        elif tag == "a":
            self._href = ""

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._say(_SPACES.sub(" ", data))

    def end(self) -> None:
        """What follows stands by itself."""
        pieces = tuple(self._open.pieces)
        if "".join(piece.words for piece in pieces).strip():
            self.blocks.append(Block(self._open.kind, pieces))
        self._open = _Open(self._kind())

    def _kind(self, tag: str = "") -> str:
        if self._is_foot:
            return "foot"
        return _KINDS.get(tag, "small" if self._is_small else "text")

    def _say(self, words: str) -> None:
        last = self._open.pieces[-1] if self._open.pieces else None
        if last and last.href == self._href:
            self._open.pieces[-1] = Piece(f"{last.words}{words}", self._href)
        else:
            self._open.pieces.append(Piece(words, self._href))

    def _picture(self, given: dict[str, str]) -> None:
        width = _pixels(given.get("width", "")) or 2 * 280
        if width < _LEAST:
            return
        source = given.get("src", "")
        if not any(door in source for door in _OURS):
            self._say(given.get("alt", ""))
            return
        height = _pixels(given.get("height", "")) or round(_GUESSED * width)
        words = Piece(given.get("alt", ""), self._href)
        self.end()
        self.blocks.append(Block("picture", (words,), width, height))

    def _close(self, tag: str) -> None:
        """What was opened within and never closed ends with it."""
        if tag in self._hidden:
            while self._hidden.pop() != tag:
                pass


def _pixels(said: str) -> int:
    found = re.match(r"\d{1,4}", said)
    return int(found[0]) if found else 0
