"""The text part of an MJML body, put together while it is read."""

import re
from typing import Final

_SPACE = re.compile(r"[ \t\r\n\f]+")
_AT_ENDS = re.compile(r"(?<! ) *\n *")
_MANY = re.compile(r"\n{3,}")
_PARAGRAPHS: Final = frozenset(
    (
        "p",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "blockquote",
        "pre",
        "table",
        "mj-text",
        "mj-button",
        "mj-image",
        "mj-table",
        "mj-social",
        "mj-navbar",
        "mj-section",
    )
)
_LINES: Final = frozenset({"li", "tr", "div", "center", "mj-navbar-link", "mj-social-element"})
_RULES: Final = frozenset({"hr", "mj-divider"})
_CELLS: Final = frozenset({"td", "th"})
RULE: Final = "-" * 40


class TextPart:
    """Words as they come, with lines where blocks end."""

    def __init__(self) -> None:
        self._pieces: list[str] = []

    def __len__(self) -> int:
        return len(self._pieces)

    def since(self, place: int) -> str:
        """The words that came after so many pieces, on one line."""
        return _SPACE.sub(" ", "".join(self._pieces[place:])).strip()

    def say(self, words: str) -> None:
        """Words as HTML has them: any space is one."""
        self._pieces.append(_SPACE.sub(" ", words))

    def put(self, words: str) -> None:
        """What is no text of the author's: Liquid between blocks, a mark of a link."""
        self._pieces.append(words)

    def begin(self, tag: str) -> None:
        """A block begins."""
        if tag == "li":
            self._pieces.append("- ")
        elif tag == "br":
            self._pieces.append("\n")
        elif tag in _RULES:
            self._pieces.append(f"\n\n{RULE}\n\n")

    def end(self, tag: str) -> None:
        """A block ends."""
        if tag in _PARAGRAPHS:
            self._pieces.append("\n\n")
        elif tag in _LINES:
            self._pieces.append("\n")
        elif tag in _CELLS:
            self._pieces.append(" | ")

    def done(self) -> str:
        """All of it."""
        text = _AT_ENDS.sub("\n", "".join(self._pieces).replace(" | \n", "\n"))
        return _MANY.sub("\n\n", text.replace(" |\n", "\n")).strip()
