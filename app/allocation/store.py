"""All SQL of time allocation."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import ScalarSelect, bindparam, func, text
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, delete, select, update

from app.allocation.models import (
    AllocationSettings,
    Bucket,
    Invitation,
    Mode,
    Opening,
    Respondent,
    TimeAnswer,
    WeekBucket,
    first_bucket,
    first_buckets,
)
from app.platform.db import UtcDateTime
from app.platform.errors import NotFound
from app.platform.paging import Order, Part, part

_OPENINGS = Order("openings", is_descending=True)
_RESPONDENTS = Order("respondents")

FRIDAY = "friday"  # the name of this schedule

_OPEN = text("""
    -- One row per week: who comes second inserts nothing.
    INSERT INTO opening (name, week, mode, opened_at, reminds_at, closes_at)
    VALUES (:name, :week, :mode, :opened_at, :reminds_at, :closes_at)
        ON CONFLICT (name, week) DO NOTHING
""").bindparams(
    bindparam("opened_at", type_=UtcDateTime),
    bindparam("reminds_at", type_=UtcDateTime),
    bindparam("closes_at", type_=UtcDateTime),
)


def insert_opening(session: Session, opening: Opening) -> bool:
    """Open a week, unless it is; whether it was us."""
    done = session.execute(_OPEN, opening.model_dump())
    return bool(done.rowcount)  # type: ignore[attr-defined]  # a cursor result, at run time


def opening_of(session: Session, week: str) -> Opening | None:
    """The opening of a week, if it was opened."""
    return session.get(Opening, (FRIDAY, week))


def get_opening(session: Session, week: str) -> Opening:
    """The opening of a week that was opened."""
    return session.get_one(Opening, (FRIDAY, week))


def open_at(session: Session, now: datetime) -> Sequence[Opening]:
    """The weeks that are being asked about, the oldest first."""
    found = select(Opening).where(Opening.name == FRIDAY, col(Opening.closes_at) > now)
    return session.exec(found.order_by(Opening.week)).all()


def unsettled(session: Session, *, now: datetime) -> Sequence[Opening]:
    """The weeks of people that have closed and are not counted to the end, oldest first."""
    found = select(Opening).where(
        Opening.name == FRIDAY,
        Opening.mode == Mode.PERSON,
        col(Opening.closes_at) <= now,
        col(Opening.settled_at).is_(None),
    )
    return session.exec(found.order_by(Opening.week)).all()


def first_unsettled(*, now: datetime) -> ScalarSelect[datetime]:
    """When the week closed that waits longest to be counted to the end."""
    return (
        sa_select(func.min(col(Opening.closes_at)))
        .where(
            col(Opening.name) == FRIDAY,
            col(Opening.mode) == Mode.PERSON,
            col(Opening.closes_at) <= now,
            col(Opening.settled_at).is_(None),
        )
        .scalar_subquery()
    )


def openings(
    session: Session, *, until: str, cursor: str | None = None, limit: int
) -> Part[Opening]:
    """The last weeks opened, newest first."""
    found = select(Opening).where(Opening.name == FRIDAY, Opening.week <= until)
    return part(session, found, _OPENINGS, Opening.week, cursor=cursor, limit=limit)


def lock_opening(session: Session, opening: Opening) -> None:
    """Take a week for this transaction: who counts its answers waits for whoever does."""
    session.refresh(opening, with_for_update=True)


def last_week(session: Session) -> str | None:
    """The latest week opened."""
    found = select(Opening.week).where(Opening.name == FRIDAY)
    return session.exec(found.order_by(col(Opening.week).desc()).limit(1)).first()


def settings_of(session: Session) -> AllocationSettings:
    """The one row of settings; the usual ones while there is none."""
    return session.get(AllocationSettings, 1) or AllocationSettings()


def buckets(session: Session) -> Sequence[Bucket]:
    """What is asked for, in order."""
    return [bucket for bucket in all_buckets(session) if bucket.retired_at is None]


def all_buckets(session: Session) -> Sequence[Bucket]:
    """Retired ones too: old answers name them."""
    found = select(Bucket).order_by(col(Bucket.position), col(Bucket.id))
    return session.exec(found).all() or first_buckets()


def put_week_buckets(session: Session, week: str) -> None:
    """Let a week be asked about what is asked for now."""
    session.exec(delete(WeekBucket).where(col(WeekBucket.week) == week))
    for bucket in buckets(session):
        session.add(
            WeekBucket(
                week=week, bucket_id=bucket.id, target=bucket.target, position=bucket.position
            )
        )
    session.flush()


def buckets_of(session: Session, week: str) -> Sequence[Bucket]:
    """What a week was asked about, in its order: today's names, the targets of then. Not rows."""
    found = session.exec(
        select(WeekBucket, Bucket)
        .outerjoin(Bucket, col(Bucket.id) == col(WeekBucket.bucket_id))
        .where(WeekBucket.week == week)
        .order_by(col(WeekBucket.position), col(WeekBucket.bucket_id))
    )
    return [as_asked(week_bucket, known) for week_bucket, known in found]


_first = cache(first_bucket)


def as_asked(asked: WeekBucket, known: Bucket | None) -> Bucket:
    """A kind of work as a week asks for it; the first are rows once somebody has changed them."""
    named = known or _first(asked.bucket_id)
    return Bucket(
        id=named.id,
        name=named.name,
        elective=named.elective,
        target=asked.target,
        position=asked.position,
        retired_at=named.retired_at,
    )


def respondents(session: Session) -> Sequence[Respondent]:
    """Everybody who answers or did, by name."""
    return session.exec(select(Respondent).order_by(Respondent.name, Respondent.id)).all()


def respondents_page(session: Session, *, cursor: str | None, limit: int) -> Part[Respondent]:
    """The same page by page, in the order they were added: a name may change meanwhile."""
    return part(
        session, select(Respondent), _RESPONDENTS, Respondent.id, cursor=cursor, limit=limit
    )


def respondent_of(session: Session, respondent_id: str) -> Respondent:
    """A respondent by id."""
    respondent = session.get(Respondent, respondent_id)
    if respondent is None:
        raise NotFound("There is no respondent with this id.")
    return respondent


def respondent_numbered(session: Session, number: int) -> Respondent | None:
    """The respondent whom a link names."""
    return session.exec(select(Respondent).where(Respondent.number == number)).one_or_none()


def respondent_at(session: Session, email: str) -> Respondent | None:
    """The respondent with this address."""
    return session.exec(select(Respondent).where(Respondent.email == email)).one_or_none()


def invitations(session: Session, week: str) -> Sequence[Invitation]:
    """Who is asked about a week."""
    found = select(Invitation).where(Invitation.week == week)
    return session.exec(found.order_by(Invitation.respondent_id)).all()


def invitation_of(session: Session, week: str, respondent_id: str) -> Invitation | None:
    """How a respondent was asked about a week, if they were."""
    return session.get(Invitation, (week, respondent_id))


def unasked(session: Session, week: str) -> Sequence[Respondent]:
    """Who is invited and has no mail yet."""
    found = select(Respondent).join(Invitation, col(Invitation.respondent_id) == col(Respondent.id))
    mine = found.where(
        Invitation.week == week,
        col(Invitation.asked_at).is_(None),
        col(Invitation.withdrawn_at).is_(None),
    )
    return session.exec(mine.order_by(Respondent.id)).all()


def unreminded(session: Session, week: str) -> Sequence[Respondent]:
    """Who was asked, has not left, answered (the page, or the time by API) or been reminded."""
    answered = select(TimeAnswer.respondent_id).where(TimeAnswer.week == week)
    found = select(Respondent).join(Invitation, col(Invitation.respondent_id) == col(Respondent.id))
    mine = found.where(
        Invitation.week == week,
        col(Invitation.asked_at).is_not(None),
        col(Invitation.withdrawn_at).is_(None),
        col(Invitation.reminded_at).is_(None),
        col(Invitation.answered_at).is_(None),
        col(Respondent.id).not_in(answered),
    )
    return session.exec(mine.order_by(Respondent.id)).all()


def claim_asking(session: Session, week: str, respondent_id: str, *, now: datetime) -> bool:
    """Take the mail upon us; False: another worker did."""
    mine = update(Invitation).where(
        col(Invitation.week) == week,
        col(Invitation.respondent_id) == respondent_id,
        col(Invitation.asked_at).is_(None),
    )
    return bool(session.exec(mine.values(asked_at=now)).rowcount)


def claim_reminding(session: Session, week: str, respondent_id: str, *, now: datetime) -> bool:
    """Take the reminder upon us; False: another worker did."""
    mine = update(Invitation).where(
        col(Invitation.week) == week,
        col(Invitation.respondent_id) == respondent_id,
        col(Invitation.reminded_at).is_(None),
    )
    return bool(session.exec(mine.values(reminded_at=now)).rowcount)
