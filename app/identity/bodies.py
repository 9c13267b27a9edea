"""What a request's body may be, known before a byte of it is read: how large, and how it is taken.

First match wins; what is not named is a form or JSON of at most 1 MB.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from app.identity.access import Access, pattern_of

MB = 1_000_000
GB = 1_000 * MB


class Taken(StrEnum):
    """How a body reaches its route."""

    WHOLE = "whole"  # in memory before the route is called, so that no route waits for a sender
    STREAMED = "streamed"  # to disk by the route itself, before it takes a thread or a transaction
    IGNORED = "ignored"  # nobody looks at it: the route is called at once


@dataclass(frozen=True, slots=True)
class Body:
    """Bytes at most, and how they are taken."""

    most: int
    taken: Taken = Taken.WHOLE


NOTHING = Body(0, Taken.IGNORED)
_STRANGERS = Body(64_000)  # a form of somebody who is not logged in: an address, a password, a note
_EVENT = Body(300_000)  # of a mail provider: Amazon sends 256 KB at most
_USUAL = Body(1 * MB)
_DESIGN = Body(
    2 * MB
)  # ten versions of 200,000 characters; a playbook of 1 MB, escaped; 1 MB of goals
_FILE = Body(2 * GB, Taken.STREAMED)  # people: some twenty million lines

_RANGES = Body(33 * MB, Taken.STREAMED)  # a list of address ranges, and the form around it

# A file of goals, or of addresses not to be mailed: one of 10 MB is told what to do.
_GOALS = Body(13 * MB, Taken.STREAMED)
_IMAGE = Body(13 * MB, Taken.STREAMED)  # for a mail; one of 10 MB is told what to do
_IMAGE_IN_JSON = Body(4 * MB)  # the same in base64
_LIST = Body(13 * MB)  # a do-not-mail list as JSON, twice as long as its text at worst

_NAMED: tuple[tuple[re.Pattern[str], Body], ...] = tuple(
    (pattern_of(path), body)
    for path, body in (
        ("/u/*", NOTHING),  # a POST unsubscribes whatever it says (RFC 8058)
        ("/hooks/*", _EVENT),
        ("/audiences/*/imports", _FILE),
        ("/api/v1/audiences/*/imports", _FILE),
        ("/address-ranges", _RANGES),
        ("/api/v1/address-ranges/*", _RANGES),
        ("/suppressions/file", _GOALS),
        ("/api/v1/suppressions/file", _LIST),
        ("/images", _IMAGE),
        ("/api/v1/images", _IMAGE_IN_JSON),
        ("/outcomes/import", _GOALS),
        ("/outcomes/import/*", _DESIGN),
        ("/api/v1/goal-imports", _DESIGN),
        ("/experiments/**", _DESIGN),
        ("/api/v1/experiments/**", _DESIGN),
        ("/api/v1/experiment-templates", _DESIGN),
        ("/cycles/from-template", _DESIGN),
        ("/api/v1/playbooks", _DESIGN),
    )
)
PLAIN_FORM = "application/x-www-form-urlencoded"
_WITHOUT = frozenset({"GET", "HEAD"})


def body_of(method: str, path: str, access: Access | None, kind: str = "") -> Body:
    """What may be sent to this address; nothing to one that is open to nobody.

    `kind` is its Content-Type: a form without a file is no file, wherever it is sent.
    """
    if access is None or method in _WITHOUT:
        return NOTHING
    named = next((body for pattern, body in _NAMED if pattern.fullmatch(path)), None)
    if named and named.taken is Taken.STREAMED and kind.startswith(PLAIN_FORM):
        return _USUAL
    return named or (_USUAL if access.role else _STRANGERS)
