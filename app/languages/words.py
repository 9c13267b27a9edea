"""Our own sentences in five languages, and the direction in which a language is written.

The English sentence is the key. Catalogues are gettext's own (`catalogues/*.po`), read as they
are: there is nothing to compile, and what a translator sends is what is shown.
"""

from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from io import BytesIO
from pathlib import Path
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

CATALOGUES: Final = Path(__file__).parent / "catalogues"
ENGLISH: Final = "en"
TRANSLATED: Final = ("de", "fr", "es", "nb")  # beside English, the language of the sentences
_LONGEST = 1_000  # characters of Accept-Language that are read
_LONGEST_TAG = 35  # characters (RFC 5646)
_KEPT = 256  # languages that a process keeps ready: a column of a file may say anything
_MOST = 20  # languages of it
_ALSO = {"no": "nb", "nn": "nb"}  # who reads the one reads the other


@dataclass(frozen=True)
class Words:
    """What we say in one language. `language` may be one that we do not speak."""

    language: str = ENGLISH

    @property
    def spoken(self) -> str:
        """The language in which our own sentences are: this one, or English."""
        return spoken_of(self.language)

    @property
    def is_english(self) -> bool:
        """Whether our own sentences are as they stand in the code."""
        return self.spoken == ENGLISH

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`, of the language itself."""
        return direction_of(self.language)

    @property
    def spoken_direction(self) -> str:
        """`ltr` or `rtl`, of the language in which our own sentences are."""
        return direction_of(self.spoken)

    def say(self, sentence: str, /, **values: object) -> str:
        """A sentence of ours with values in it. It is plain text, to be escaped as any other."""
        said = self._catalogue.gettext(sentence)
        return said.format(**values) if values else said

    @cached_property
    def _catalogue(self) -> NullTranslations:
        return _catalogue(self.spoken)


IN_ENGLISH: Final = Words()  # what the team reads


def words_of(language: str | None) -> Words:
    """What we say in a language; in English where it is none that anybody knows."""
    return _words(language) if language and locale_of(language) else _words(ENGLISH)


def best_of(accepted: str | None) -> Words:
    """What we say to a browser that sends this `Accept-Language`: the first that we speak."""
    for tag in _wanted(accepted or ""):
        spoken = _known(tag)
        if spoken:
            return _words(spoken)
    return _words(ENGLISH)


def spoken_of(language: str) -> str:
    """Of this language, what of it we speak; English where nothing."""
    return _known(language) or ENGLISH


def direction_of(language: str) -> str:
    """`ltr` or `rtl`."""
    locale = locale_of(language)
    return locale.text_direction if locale else "ltr"


@lru_cache(maxsize=_KEPT)
def locale_of(language: str) -> Locale | None:
    """A language as it is known, of `de`, `de_CH` or `de-CH`; None where nobody knows it."""
    if len(language) > _LONGEST_TAG:
        return None
    try:
        return Locale.parse(language.strip().replace("-", "_"))
    except (ValueError, TypeError, UnknownLocaleError):
        return None


def sources() -> str:
    """All that our sentences say: whoever keeps what was made of them asks whether it is as it was.

    A catalogue that changes changes mails.
    """
    return "".join((CATALOGUES / f"{one}.po").read_text(encoding="utf-8") for one in TRANSLATED)


@lru_cache(maxsize=_KEPT)
def _words(language: str) -> Words:
    return Words(language)


def _known(tag: str) -> str | None:
    """`de` of `de-CH`; None for what we do not speak."""
    first = tag.strip().lower().replace("_", "-").partition("-")[0]
    first = _ALSO.get(first, first)
    return first if first == ENGLISH or first in TRANSLATED else None


def _wanted(accepted: str) -> list[str]:
    """The tags of `Accept-Language` (RFC 9110), the most wanted first."""
    found: list[tuple[float, str]] = []
    for one in accepted[:_LONGEST].split(",")[:_MOST]:
        tag, _, weight = one.partition(";")
        wanted = _weight(weight)
        if wanted > 0:
            found.append((wanted, tag))
    return [tag for _, tag in sorted(found, key=lambda pair: -pair[0])]


def _weight(written: str) -> float:
    name, _, number = written.replace(" ", "").partition("=")
    if not name:
        return 1.0
    plain = number.replace(".", "", 1)
    is_number = name == "q" and plain.isascii() and plain.isdigit() and len(plain) <= 5
    return float(number) if is_number else 0.0


@cache
def _catalogue(language: str) -> NullTranslations:
    if language == ENGLISH:
        return NullTranslations()
    with (CATALOGUES / f"{language}.po").open("rb") as source:
        catalogue = read_po(source, locale=language)
    made = BytesIO()
    write_mo(made, catalogue)
    made.seek(0)
    return Translations(made)
