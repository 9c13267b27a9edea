"""Who of the team has read a check-in of a key result, and said so."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col, select

from app.identity.models import User
from app.okr import store as okr
from app.platform.errors import Conflict
from app.platform.figures import count
from app.platform.statements import added_once
from app.review.models import Seen

_NAMED = 2  # of more, the first is named and the others are counted


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who said so, by the name that they have now."""

    user_id: str
    name: str
    at: datetime


def say(
    session: Session, key_result_id: str, check_in_id: str, user_id: str, *, now: datetime
) -> None:
    """They have read it; said again it changes nothing.

    Raises NotFound, and Conflict where another value took its place: that one they have not read.
    """
    if okr.check_in_of(session, key_result_id, check_in_id).replaced_at is not None:
        raise Conflict("Another value took the place of this one meanwhile. Look at that one.")
    values = {"check_in_id": check_in_id, "user_id": user_id, "at": now}
    added_once(session, Seen, values, unless=("check_in_id", "user_id"))


def take_back(session: Session, key_result_id: str, check_in_id: str, user_id: str) -> None:
    """They have not, after all. Raises NotFound."""
    okr.check_in_of(session, key_result_id, check_in_id)
    theirs = (col(Seen.check_in_id) == check_in_id, col(Seen.user_id) == user_id)
    session.execute(delete(Seen).where(*theirs))


def readers(session: Session, check_in_ids: Collection[str]) -> dict[str, list[Reader]]:
    """Who has read each of these, the first first; of those that nobody read, none."""
    if not check_in_ids:
        return {}
    asked = select(Seen, col(User.name)).join(User, col(User.id) == Seen.user_id)
    rows = asked.where(col(Seen.check_in_id).in_(check_in_ids))
    found = session.exec(rows.order_by(col(Seen.at), Seen.user_id))
    return by_check_in((row.check_in_id, Reader(row.user_id, name, row.at)) for row, name in found)


def by_check_in(rows: Iterable[tuple[str, Reader]]) -> dict[str, list[Reader]]:
    """Readers of each check-in, in the order that they come in."""
    found: defaultdict[str, list[Reader]] = defaultdict(list)
    for check_in_id, reader in rows:
        found[check_in_id].append(reader)
    return found


def in_words(found: Sequence[Reader], *, reader: str | None) -> str:
    """`Seen by Ada and 2 others`, `Seen by you and Bo`; empty where nobody has. To `reader`."""
    mine = [one for one in found if one.user_id == reader]
    others = [one.name for one in found if one.user_id != reader]
    names = ["you"] * bool(mine) + others
    if not names:
        return ""
    if len(names) > _NAMED:
        names = [names[0], f"{count(len(names) - 1)} others"]
    return f"Seen by {' and '.join(names)}"
