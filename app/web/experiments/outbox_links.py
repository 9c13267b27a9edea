"""What the links of a mail in the outbox do when somebody of the team follows them."""

import re

from app.links.keyring import Kind

_OURS = re.compile(r"/(?:([cuspw])/[A-Za-z0-9_-]{32}|(join)/)")
_OF_CUSTOMERS = {Kind.CLICK, Kind.UNSUBSCRIBE, Kind.PREFERENCES}
_SAID = {
    str(Kind.SURVEY): "Its link is real: what is answered there is kept as its reader’s answer.",
    str(Kind.WEEK): "Its link is real, and changes nothing: it opens the week to be read.",
    "join": "Its link is real: whoever opens it gets the log-in that it is for.",
}
_NEVER = "Its links work here and never count."
_INSIDE = "Its links are real: they lead to pages of this installation."


def said(text: str) -> str:
    """Which links of a mail count, in a sentence; the mail as its reader would have it."""
    kinds = {first or second for first, second in _OURS.findall(text)}
    told = [words for kind, words in _SAID.items() if kind in kinds]
    if kinds & set(map(str, _OF_CUSTOMERS)):
        told.insert(0, _NEVER)
    return " ".join(told) or _INSIDE
