"""The links of a mail: where each leads, in the order of their places.

An address without Liquid is fixed and lives on the server. One with Liquid in its path or query is
personal: a pattern with {0}, {1}… whose values travel inside the signed token.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote

from markdown_it.common.normalize_url import normalizeLink
from mdurl import encode

from app.delivery.mail import marks
from app.delivery.mail.broken import BadBody
from app.platform.domains import BadDomain, ascii_url

ANSWER = "answer:"
_SCHEMES = ("http://", "https://")
UNTRACKED = ("mailto:", "tel:", "sms:")
_HOST = re.compile(r"https?://[^/?#\ufdd0\\]+[/?#]", re.IGNORECASE)
_BARE = re.compile(
    r"(?<![\w@/.:-])(?:https?://|www\.)(?:(?!\ufdd0t)[^\s<>\"\ufdd5])+", re.IGNORECASE
)
_NOT_DIALLED = re.compile(r"[\s/]+")  # what people write between figures
_ENCODED = re.compile(r"\|\s*url_encode\s*(-?\}\})$")


class Kind(StrEnum):
    """How a link's address is found."""

    FIXED = "fixed"
    PERSONAL = "personal"
    ANSWER = "answer"


class BadLink(BadBody):
    """A link leads where no link may."""

    title = "A link does not work"


@dataclass(frozen=True, slots=True)
class Link:
    """One tracked link. `fills` are the marks of the outputs that fill the address."""

    position: int
    kind: Kind
    label: str
    address: str
    fills: tuple[str, ...] = ()


def is_tracked(href: str) -> bool:
    """Addresses of mail and telephones are links, too, but nobody counts them."""
    return not href.lower().startswith(UNTRACKED)


def link_to(href: str, *, position: int, label: str, liquid: marks.Protected) -> Link:
    """Read an address as it stands in Markdown. Raises BadLink."""
    if href.lower() == ANSWER:
        return Link(position, Kind.ANSWER, label, ANSWER)
    if marks.LIQUID.search(href):
        return _personal(href, position=position, label=label, liquid=liquid)
    if not href.lower().startswith(_SCHEMES) or not _HOST.match(f"{href}/"):
        raise BadLink(
            "link_scheme",
            f"“{label}” leads to {href or 'nowhere'}. Links begin with https:// or http://,"
            " or are (answer:) for a page of ours.",
        )
    return Link(position, Kind.FIXED, label, _normal(_ascii(href, label)))


def _personal(href: str, *, position: int, label: str, liquid: marks.Protected) -> Link:
    if any(match[1] == "t" for match in marks.LIQUID.finditer(href)):
        raise BadLink(
            "link_logic",
            f"The address of “{label}” holds {{% … %}}; only {{{{ … }}}} can be there.",
        )
    if not _HOST.match(href):
        raise BadLink(
            "host_from_data",
            f"The address of “{label}” takes its beginning from a person's data. Write the"
            " scheme and host out, and put {{ … }} into the path or the query only.",
        )
    parts = marks.LIQUID.split(href)
    literals, numbers = parts[0::3], parts[2::3]
    address = encode(_ascii(literals[0], label)) + "".join(
        f"{{{place}}}{encode(literal)}" for place, literal in enumerate(literals[1:])
    )
    fills = tuple(_fill(number, liquid) for number in numbers)
    return Link(position, Kind.PERSONAL, label, address, fills)


def _ascii(beginning: str, label: str) -> str:
    try:
        return ascii_url(beginning)
    except BadDomain as error:
        raise BadLink("link_host", f"“{label}” leads nowhere: {error}") from error


def _fill(number: str, liquid: marks.Protected) -> str:
    """The redirect encodes what it fills in; an author who did so as well meant it once."""
    return liquid.add(_ENCODED.sub(r"\1", liquid.pieces[int(number)]))


def untracked(href: str, *, liquid: marks.Protected) -> str:
    """An address of mail or a telephone; its values are `encoded` when they are known."""
    scheme, _, rest = href.partition(":")
    made, place = f"{scheme.lower()}:", "address" if scheme.lower() == "mailto" else "number"
    parts = marks.LIQUID.split(rest)
    for literal, kind, number in zip(
        parts[0::3], [*parts[1::3], ""], [*parts[2::3], ""], strict=True
    ):
        made += encode(literal)
        place = "query" if "?" in literal else place
        if kind == "o":
            made += marks.placed(place[0], _fill(number, liquid))
        elif kind:
            made += liquid.add(liquid.pieces[int(number)])
    return made


def encoded(place: str, value: str) -> str:
    """A value as it stands in an address of mail (RFC 6068) or of a telephone (RFC 3966)."""
    if place == "n":
        return quote(_NOT_DIALLED.sub("", value), safe="+.()*;=")
    if place == "a":
        return quote("".join(value.split()), safe="@")
    return quote(value.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n"), safe="")


def _normal(href: str) -> str:
    return normalizeLink(href).replace("{", "%7B").replace("}", "%7D")


def bare(text: str) -> list[tuple[str, str]]:
    """A text as pieces of words and, where it names one, the address that they lead to."""
    pieces: list[tuple[str, str]] = []
    place = 0
    for match in _BARE.finditer(text):
        words = _trimmed(match[0])
        href = words if "://" in words else f"https://{words}"
        if not _leads_somewhere(href):
            continue
        pieces += ((text[place : match.start()], ""), (words, href))
        place = match.start() + len(words)
    return [*pieces, (text[place:], "")]


def _trimmed(words: str) -> str:
    """Without what ends the sentence around an address, as GitHub's Markdown reads it."""
    while True:
        short = words.rstrip("?!.,:;*_~'\"’”»…")
        if short.endswith(")") and short.count(")") > short.count("("):
            short = short[:-1]
        if short == words:
            return words
        words = short


def _leads_somewhere(href: str) -> bool:
    host = _HOST.match(f"{href}/")
    if not host or "." not in host[0]:
        return False
    try:
        ascii_url(marks.LIQUID.split(href)[0])
    except BadDomain:
        return False
    return True
