"""A language that nobody translated: Greek letters for ours, so that what passed by it is seen.

Each sentence of the catalogues comes back with its Latin letters made Greek, outside of its values.
Data of a scene is written in Greek, too; whatever Latin word is left on a page or in a mail was
written past the catalogues.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape

import pytest
from babel.support import NullTranslations

from app.languages import words

LANGUAGE = "el"
_LATIN = "abcdefghijklmnopqrstuvwxyz"
_GREEK = "αβψδεφγηιξκλμνοπθρστυβωχζζ"
_TABLE = str.maketrans(_LATIN + _LATIN.upper(), _GREEK + _GREEK.upper())
_SHOWN = re.compile(r'(?:alt|title|placeholder|aria-label)="([^"]*)"')
_NOT_OURS = re.compile(r"https?://\S+|\S+@\S+|\bThinslice\b|\b[A-Z]{3}\b")


def greek(text: str) -> str:
    """The same in Greek letters, its `{values}` left as they are."""
    parts = re.split(r"(\{\w*\})", text)
    return "".join(one if one.startswith("{") else one.translate(_TABLE) for one in parts)


class _Greek(NullTranslations):
    def gettext(self, message: str) -> str:
        return greek(message)


@contextmanager
def spoken() -> Iterator[words.Words]:
    """For as long as it lasts we speak it."""
    kept, known = words._catalogue, words._known
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(words, "_known", lambda tag: LANGUAGE if tag == LANGUAGE else known(tag))
        patch.setattr(words, "_catalogue",
                      lambda one: _Greek() if one == LANGUAGE else kept(one))  # fmt: skip
        words._words.cache_clear()
        try:
            yield words.words_of(LANGUAGE)
        finally:
            words._words.cache_clear()


def left(text: str) -> list[str]:
    """Latin words of a text that are neither an address nor a code."""
    return re.findall(r"[A-Za-z]{2,}", _NOT_OURS.sub(" ", text))


def left_on(page: str) -> list[str]:
    """The same of what somebody sees or hears of a page."""
    page = re.sub(r"<(style|script).*?</\1>|<!--.*?-->", " ", page, flags=re.DOTALL)
    shown = " ".join((*_SHOWN.findall(page), re.sub(r"<[^>]*>", " ", page)))
    return left(unescape(shown))
