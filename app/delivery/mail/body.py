"""A body, written out: what Markdown and MJML both come to."""

import re
from dataclasses import dataclass

from app.delivery.mail import marks
from app.delivery.mail.link_book import LinkBook
from app.delivery.mail.links import Link

_NAMES_WAY_OUT = re.compile(rf"(?<![\w.]){marks.WAY_OUT}\b")  # and no part of something else
_TEXT = re.compile(r"'[^']*'|\"[^\"]*\"")
_UNREAD = re.compile(r"\{%-?\s*(?:raw|comment)\b")


@dataclass(frozen=True, slots=True)
class Content:
    """A body, written out. Both parts hold Liquid still, and marks for links."""

    html: str
    text: str
    links: tuple[Link, ...]
    protected: marks.Protected
    said: tuple[tuple[str, str], ...] = ()  # what each link says, and the address behind it
    images: int = 0
    wordless: int = 0  # of them, those that say nothing to whoever does not see them
    uploads: tuple[str, ...] = ()  # names of images of ours
    has_way_out: bool = False  # it brings its own unsubscribe link: no footer is added
    is_document: bool = False  # the HTML is a document of its own, and no part of a letter


def content_of(book: LinkBook, *, html: str, text: str, is_document: bool = False) -> Content:
    """What was written, with all that was noted while it was."""
    liquid = book.liquid
    return Content(
        html=html,
        text=text,
        links=tuple(book.links),
        protected=liquid,
        said=tuple(book.said),
        images=book.images,
        wordless=book.wordless,
        uploads=tuple(book.uploads),
        has_way_out=marks.UNSUBSCRIBE in html or any(map(_brings_way_out, liquid.pieces)),
        is_document=is_document,
    )


def _brings_way_out(piece: str) -> bool:
    """Whether this output or tag asks for the address; text that only names it does not."""
    return not _UNREAD.match(piece) and bool(_NAMES_WAY_OUT.search(_TEXT.sub("", piece)))
