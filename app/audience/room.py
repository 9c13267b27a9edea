"""How many columns an audience has room for, whichever files and lines bring them.

A file of objects may name others on each line: what one line may hold says nothing of the whole.
"""

from collections.abc import Iterable

from sqlmodel import Session

from app.audience import store
from app.audience.headers import MOST_COLUMNS
from app.audience.models import Import
from app.audience.own import OWN
from app.audience.people import Refused
from app.platform import figures


class Room:
    """The columns of an audience while a file is read into it."""

    def __init__(self, held: Iterable[str], named: Iterable[str]) -> None:
        self._held = {*OWN, *held}
        self._named = set(named)

    @classmethod
    def of(cls, session: Session, row: Import) -> "Room":
        """Those that it has, and those that earlier lines of this file named."""
        columns = store.audience_of(session, row.audience_id).columns
        return cls((column["name"] for column in columns), row.named or ())

    @property
    def new(self) -> list[str]:
        """What this file named, and the audience had not."""
        return sorted(self._named)

    def take(self, names: Iterable[str]) -> None:
        """A line's columns. Raises Refused where there is no room for them."""
        more = (self._named | set(names)) - self._held
        if len(more) > len(self._named) and len(more) + len(self._held) > MOST_COLUMNS:
            raise Refused(
                f"its columns would be more than {figures.count(MOST_COLUMNS)} in this audience:"
                " name the same columns on every line"
            )
        self._named = more
