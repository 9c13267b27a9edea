"""The SQL of rates: the tokens that all machines of one database draw from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import delete, func, null, select
from sqlmodel import Session, col

from app.audience.models import Person
from app.delivery import rates
from app.delivery.models import Send, SendRate, State
from app.delivery.rates import Bucket
from app.experiments.models import Enrolment, Experiment, Status
from app.experiments.vocabulary import HOLDOUT
from app.platform import turns
from app.platform.documents import text_of_json

_DAY = "day:"  # and which: what is kept is how many have left on it
_KEPT = timedelta(days=14)
CLOSE_TO_ONE = 1e-6  # what adding up fractions may have lost


def take(
    session: Session, name: str, rate: int, wanted: int, *, now: datetime
) -> tuple[int, float]:
    """Take up to so many tokens; how many there were, and seconds until the next one."""
    held = bucket(session, name, rate, now=now)
    got = min(wanted, int(held.tokens + CLOSE_TO_ONE))
    left = Bucket(held.tokens - got, now)
    keep(session, name, left)
    return got, rates.seconds_until_one(left, rate)


def give_back(session: Session, spare: Mapping[str, tuple[int, int]], *, now: datetime) -> None:
    """By name: its rate, and tokens that nobody needed."""
    for name, (rate, tokens) in sorted(spare.items()):
        held = bucket(session, name, rate, now=now)
        keep(session, name, Bucket(min(float(rates.holds(rate)), held.tokens + tokens), now))


def take_of_day(session: Session, day: date, limit: int, wanted: int, *, now: datetime) -> int:
    """Take up to so many of the mails that may leave on a day; what was kept of weeks ago goes."""
    spent = _spent(session, day, locked=True)
    if not spent:
        session.execute(
            delete(SendRate).where(
                col(SendRate.name).startswith(_DAY), col(SendRate.at) < now - _KEPT
            )
        )
    got = max(0, min(wanted, limit - spent))
    keep(session, f"{_DAY}{day}", Bucket(float(spent + got), now))
    return got


def give_back_of_day(session: Session, day: date, mails: int, *, now: datetime) -> None:
    """So many did not leave after all."""
    spent = _spent(session, day, locked=True)
    keep(session, f"{_DAY}{day}", Bucket(float(max(0, spent - mails)), now))


def gone_on(session: Session, day: date) -> int:
    """How many of a day's mails have left, or are in hand."""
    return _spent(session, day, locked=False)


def left_of_day(session: Session, day: date, limit: int) -> int:
    """How many more may leave on a day."""
    return max(0, limit - gone_on(session, day))


def _spent(session: Session, day: date, *, locked: bool) -> int:
    if locked:
        turns.take(session, f"rate:{_DAY}")
    row = session.get(SendRate, f"{_DAY}{day}", populate_existing=True)
    return int(row.tokens) if row else 0


def bucket(session: Session, name: str, rate: int, *, now: datetime) -> Bucket:
    """As it is now; nobody else draws from it until the transaction ends."""
    turns.take(session, f"rate:{name}")
    row = session.get(SendRate, name, populate_existing=True)
    return rates.filled(Bucket(row.tokens, row.at) if row else None, rate, now=now)


def keep(session: Session, name: str, held: Bucket) -> None:
    """What is left in it."""
    session.merge(SendRate(name=name, tokens=held.tokens, at=held.at))


@dataclass(frozen=True, slots=True)
class Due:
    """A send that is due, and what may keep it waiting.

    `domain`: of its person's address; empty where nobody is mailed: of the holdout, or erased.
    `zone`: the cell of the column that was asked for, as it was frozen at the start.
    """

    send_id: int
    domain: str
    zone: str


def due(
    session: Session, experiment_id: str, *, zone_column: str | None, limit: int, now: datetime
) -> list[Due]:
    """Sends in the order in which they are reserved.

    On PostgreSQL they are this transaction's until it ends.
    """
    zone = text_of_json(session, col(Enrolment.frozen), zone_column) if zone_column else null()
    question = (
        select(
            col(Send.id),
            col(Send.arm),
            func.coalesce(Person.email, "").label("email"),
            zone.label("zone"),
        )
        .join(Experiment, col(Experiment.id) == col(Send.experiment_id))
        .join(Enrolment, col(Enrolment.id) == col(Send.id))
        .outerjoin(Person, col(Person.id) == col(Send.person_id))
        .where(
            col(Send.experiment_id) == experiment_id,
            col(Send.state) == State.QUEUED,
            col(Send.due_at) <= now,
            col(Send.wave) <= col(Experiment.open_wave),
            (col(Experiment.status) == Status.RUNNING) | col(Send.released_at).is_not(None),
        )
        .order_by(col(Send.due_at), col(Send.id))
        .limit(limit)
        .with_for_update(of=Send, skip_locked=True)
    )
    return [
        Due(
            row.id,
            "" if row.arm == HOLDOUT else row.email.rpartition("@")[2].lower(),
            row.zone or "",
        )
        for row in session.execute(question)
    ]
