"""The mail itself, with how many people followed each of its links written beside it."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.analysis.readout_types import Readout
from app.links.keyring import Keyring, Kind
from app.links.token import BadToken, read
from app.web.kit import formatting

_TAG = re.compile(r"<a\b[^<>]*>|</a>")
_HREF = re.compile(r"\bhref=\"([^\"]*)\"")
_OURS = re.compile(r"/(c|u)/([A-Za-z0-9_-]+)")
_STYLE = (
    "display:inline-block;margin:0 2px;padding:1px 8px;border-radius:10px;font:600 12px/18px"
    " Arial,sans-serif;white-space:nowrap;text-decoration:none;"
)
_FIRST = "background:#4338b8;color:#ffffff"  # of the link that most people followed
_OTHER = "background:#efedfb;color:#342a9a"


@dataclass(frozen=True, slots=True)
class Followed:
    """Of one version: who followed which link, by its place in the mail, and who left."""

    by_link: Mapping[int, int]
    unsubscribed: int
    released: int


def followed(readout: Readout, arm: str) -> Followed:
    """What the readout says of the links of one version's mail."""
    counts = next(one for one in readout.arms if one.key == arm)
    return Followed(
        {one.link: one.clickers for one in readout.links if one.arm == arm},
        counts.unsubscribed,
        counts.released,
    )


def marked(mail: str, told: Followed, keyring: Keyring) -> str:
    """The mail's HTML with a mark behind each of its links."""
    most = max(told.by_link.values(), default=0)
    address = ""  # of the link whose end comes next

    def mark(found: re.Match[str]) -> str:
        nonlocal address
        if found[0] != "</a>":
            href = _HREF.search(found[0])
            address = html.unescape(href[1]) if href else ""
            return found[0]
        people = _people(address, told, keyring)
        if people is None:
            return found[0]
        share = f", {formatting.points(people / told.released)}" if told.released else ""
        said = f"{formatting.plural(people, 'person', 'people')}{share}"
        look = _FIRST if people and people == most else _OTHER
        return f'{found[0]}<span style="{_STYLE}{look}">{said}</span>'

    return _TAG.sub(mark, mail)


def _people(address: str, told: Followed, keyring: Keyring) -> int | None:
    """Who followed this link; None of one that is not counted here."""
    ours = _OURS.search(address)
    if ours is None:
        return None
    if ours[1] == "u":
        return told.unsubscribed
    try:
        return told.by_link.get(read(ours[2], Kind.CLICK, keyring).link, 0)
    except BadToken:
        return None
