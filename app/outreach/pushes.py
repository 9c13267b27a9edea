"""All SQL of pushes: claimed by one worker, in the order of their lane, settled once."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Integer, ScalarSelect, bindparam, func, text
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from app.outreach.models import Push, State
from app.platform.db import UtcDateTime
from app.platform.errors import NotFound
from app.platform.paging import Order, Part, part

_LAST_ID = 2**63 - 1  # of a row; no database looks for a larger one
MOST_COUNTED = 100_000  # of pushes in one state, for whoever only watches
_PUSHES = Order("pushes", (int,), is_descending=True)

_CLAIM = """
    -- One row per push that may go now: due, or its lease has lapsed with a worker that died,
    -- and nothing earlier of its lane is still owed.
    UPDATE push
       SET state = 'sending', lease_until = :lease_until, attempts = attempts + 1
     WHERE id IN (SELECT p.id
                    FROM push p
                   WHERE ((p.state = 'waiting' AND p.due_at <= :now)
                          OR (p.state = 'sending' AND p.lease_until <= :now))
                     AND p.connector_id = :connector_id
                     AND NOT EXISTS (SELECT 1
                                       FROM push earlier
                                      WHERE earlier.lane = p.lane
                                        AND earlier.id < p.id
                                        AND earlier.state IN ('waiting', 'sending'))
                   ORDER BY p.due_at, p.id
                   LIMIT :room {skip})
 RETURNING id
"""
_STOP_ALL = text("""
    -- Everything a connector is still owed, or what it is owed about one subject.
    UPDATE push
       SET state = 'stopped', last_error = :why, done_at = :now, lease_until = NULL
     WHERE connector_id = :connector_id
       AND (:subject = '' OR subject = :subject)
       AND state IN ('waiting', 'sending')
""").bindparams(bindparam("now", type_=UtcDateTime))


def claim(
    session: Session, connector_id: str, *, room: int, now: datetime, lease_until: datetime
) -> list[Push]:
    """Take what may go to one connector now; nobody else takes it before the lease ends."""
    on_postgres = session.get_bind().dialect.name == "postgresql"
    claim = text(_CLAIM.format(skip="FOR UPDATE SKIP LOCKED" if on_postgres else "")).bindparams(
        bindparam("now", type_=UtcDateTime),
        bindparam("lease_until", type_=UtcDateTime),
        bindparam("room", type_=Integer),
    )
    facts = {"now": now, "lease_until": lease_until, "room": room, "connector_id": connector_id}
    taken = session.execute(claim, facts)
    ids = [row.id for row in taken]
    query = select(Push).where(col(Push.id).in_(ids)).order_by(col(Push.id))
    return list(session.exec(query).all())


def owed_to(session: Session, *, now: datetime) -> list[str]:
    """Connectors to which something may be due: asked in a read, so that who is idle never locks.

    Whoever waits longest comes first.
    """
    waiting = (col(Push.state) == State.WAITING) & (col(Push.due_at) <= now)
    lapsed = (col(Push.state) == State.SENDING) & (col(Push.lease_until) <= now)
    query = select(Push.connector_id).where(waiting | lapsed).group_by(col(Push.connector_id))
    return list(session.exec(query.order_by(func.min(Push.due_at), col(Push.connector_id))).all())


def owed_anything(session: Session) -> Sequence[str]:
    """Connectors to which anything is owed, due or not."""
    open_ones = col(Push.state).in_((State.WAITING, State.SENDING))
    query = select(Push.connector_id).where(open_ones).distinct().order_by(Push.connector_id)
    return session.exec(query).all()


def held(session: Session, push_id: int, *, attempt: int) -> Push | None:
    """A push as its claimer left it; None where its lease lapsed and another has it."""
    query = select(Push).where(
        Push.id == push_id, Push.state == State.SENDING, Push.attempts == attempt
    )
    return session.exec(query.with_for_update()).one_or_none()


def push_of(session: Session, push_id: int) -> Push:
    """A push by id, held against others until the end of this transaction."""
    query = select(Push).where(Push.id == push_id).with_for_update()
    push = session.exec(query).one_or_none() if 0 < push_id <= _LAST_ID else None
    if push is None:
        raise NotFound("There is no push with this id.")
    return push


def overtaken(session: Session, push: Push) -> bool:
    """Whether a later one of the same lane went, or is under way."""
    query = select(Push.id).where(
        Push.lane == push.lane,
        col(Push.id) > push.id,
        col(Push.state).in_((State.DONE, State.SENDING)),
    )
    return session.exec(query.limit(1)).first() is not None


def stop_all(
    session: Session, connector_id: str, *, why: str, now: datetime, subject: str = ""
) -> None:
    """Nothing further is sent to this connector, or nothing further about one subject."""
    facts = {"connector_id": connector_id, "subject": subject, "why": why, "now": now}
    session.execute(_STOP_ALL, facts)


def last_about(session: Session, subject: str) -> dict[str, Push]:
    """The newest push about a subject to each connector that had one."""
    newest = (
        select(func.max(Push.id)).where(Push.subject == subject).group_by(col(Push.connector_id))
    )
    query = select(Push).where(col(Push.id).in_(newest))
    return {push.connector_id: push for push in session.exec(query)}


def pushes(
    session: Session,
    *,
    state: State | None = None,
    connector_id: str | None = None,
    subject: str | None = None,
    cursor: str | None = None,
    limit: int = 100,
) -> Part[Push]:
    """Pushes, newest first."""
    query = select(Push)
    if state:
        query = query.where(Push.state == state)
    if connector_id:
        query = query.where(Push.connector_id == connector_id)
    if subject:
        query = query.where(Push.subject == subject)
    return part(session, query, _PUSHES, Push.id, cursor=cursor, limit=limit)


def owed(session: Session) -> dict[State, int]:
    """How many pushes are not done, by state; at most so many are counted of each."""
    states = [state for state in State if state is not State.DONE]
    counted = session.execute(sa_select(*map(_number_in, states))).one()
    return {state: int(number) for state, number in zip(states, counted, strict=True)}


def _number_in(state: State) -> ScalarSelect[int]:
    found = select(Push.id).where(Push.state == state).limit(MOST_COUNTED)
    return sa_select(func.count()).select_from(found.subquery()).scalar_subquery()


def first_due() -> ScalarSelect[datetime]:
    """When the push was due that waits longest."""
    first = sa_select(func.min(col(Push.due_at))).where(col(Push.state) == State.WAITING)
    return first.scalar_subquery()
