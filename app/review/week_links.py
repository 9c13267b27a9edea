"""The link that opens a week without log-in: what it says, and how long it is good."""

from datetime import UTC, datetime, timedelta

from app.allocation.calendar import number_of, week_numbered
from app.links.keyring import Keyring, Kind
from app.links.token import TrackedLink, sign
from app.platform.errors import NotFound

GOOD_FOR = timedelta(days=30)


def token_of(week: str, *, keyring: Keyring, now: datetime) -> str:
    """A token for `/w/…`; its id is the second in which it was made."""
    return sign(TrackedLink(number_of(week), int(now.timestamp()), 0), Kind.WEEK, keyring)


def week_of(link: TrackedLink, *, now: datetime) -> str:
    """The week that a token of ours opens. Raises NotFound once its time is over."""
    if now > datetime.fromtimestamp(link.id, UTC) + GOOD_FOR:
        raise NotFound(f"This link was good for {GOOD_FOR.days} days. Log in to read the week.")
    return week_numbered(link.set_id)
