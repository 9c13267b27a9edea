"""The text that somebody sees of an HTML mail: no scripts, nothing hidden, nothing quoted."""

import re
from html.parser import HTMLParser

from app.platform.seen_html import BLOCKS, HIDDEN, UNSEEN, VOID, feed

# How mail programs mark what they quote, and signatures.
_QUOTED = re.compile(
    r"gmail_(quote|attr|signature)|moz-(cite|signature|forward)|yahoo_quoted|protonmail_(quote|sign)"
    r"|ms-outlook-mobile-signature|wordsection_quote|zmail_extra|tutanota_quote",
    re.IGNORECASE,
)
# From here on an Outlook quotes, without an element around it.
_QUOTES_ON = re.compile(r"appendonsend|divrplyfwdmsg|mail-editor-reference-message", re.IGNORECASE)
_SPACES = re.compile(r"[^\S\n]+")
_ROUND_BREAKS = re.compile(r" ?\n ?")


def text_of_html(html: str) -> str:
    """What is seen of it, a line per paragraph."""
    reader = _Reader()
    feed(reader, html)
    return _ROUND_BREAKS.sub("\n", _SPACES.sub(" ", "".join(reader.pieces))).strip()


class _Reader(HTMLParser):
    """Collects text; an element that is not looked at hides whatever stands in it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._hidden: list[str] = []  # open elements since the one that hides
        self._has_ended = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "body":
            self._hidden.clear()  # a head that nobody closed ends with it
        if self._hidden:
            if tag not in VOID:
                self._hidden.append(tag)
            return
        given = {name: value or "" for name, value in attrs}
        if _QUOTES_ON.search(given.get("id", "")):
            self._has_ended = True
        if tag not in VOID and _is_hidden(tag, given):
            self._hidden.append(tag)
        elif tag == "br" or tag in BLOCKS:
            self._add("\n")

    def handle_endtag(self, tag: str) -> None:
        if self._hidden:
            self._close(tag)
        elif tag in BLOCKS:
            self._add("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._add(data.replace("\n", " ").replace("\r", " "))

    def _add(self, piece: str) -> None:
        if not self._has_ended:
            self.pieces.append(piece)

    def _close(self, tag: str) -> None:
        """What was opened within and never closed ends with it."""
        if tag not in self._hidden:
            return
        while self._hidden.pop() != tag:
            pass


def _is_hidden(tag: str, given: dict[str, str]) -> bool:
    return (
        tag in UNSEEN
        or (tag == "blockquote" and given.get("type", "").lower() == "cite")
        or "hidden" in given
        or bool(_QUOTED.search(f"{given.get('class', '')} {given.get('id', '')}"))
        or bool(HIDDEN.search(given.get("style", "")))
    )
