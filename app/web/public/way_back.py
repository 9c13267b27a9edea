"""The way back from a press by mistake: signed for that press alone, and good for an hour.

It stands on the page that confirms the press and nowhere else. A mail that is forwarded, or found
years later, holds a way out and never a way back; and pressing out once more, for somebody who is
out already, gives none: whoever finds such a mail cannot have it sent again to whoever left.
"""

from datetime import UTC, datetime, timedelta

from app.delivery.feedback import Change
from app.links.keyring import Keyring, Kind
from app.links.token import BadToken, TrackedLink, pack_fills, sign, unpack_fills

GOOD_FOR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)


def address_of(send_id: int, change: Change, *, keyring: Keyring, now: datetime) -> str:
    """Where this press is taken back; nothing where it changed nothing."""
    if not change:
        return ""
    until = (now + GOOD_FOR - _BEGIN) // _MINUTE
    link = TrackedLink(until, send_id, 0, pack_fills(change.packed()))
    return f"/k/{sign(link, Kind.BACK, keyring)}"


def change_of(link: TrackedLink) -> Change:
    """What the press had changed. Raises BadToken."""
    values = unpack_fills(link.fills)
    if len(values) < 2:
        raise BadToken("not one of our links")
    return Change.unpacked(values)


def is_over(link: TrackedLink, *, now: datetime) -> bool:
    """Whether its hour has passed."""
    return now >= _BEGIN + link.set_id * _MINUTE
