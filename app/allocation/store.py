"""All SQL of time allocation."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, text
from sqlmodel import Session, col, select, update

from app.allocation.models import (
    AllocationSettings,
    Bucket,
    Invitation,
    Opening,
    Respondent,
    TimeAnswer,
    TimeAnswerBefore,
    first_buckets,
)
from app.platform.db import UtcDateTime
from app.platform.errors import NotFound

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


def openings(session: Session, *, until: str, limit: int) -> Sequence[Opening]:
    """The last weeks opened, newest first."""
    found = select(Opening).where(Opening.name == FRIDAY, Opening.week <= until)
    return session.exec(found.order_by(col(Opening.week).desc()).limit(limit)).all()


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


def respondents(session: Session) -> Sequence[Respondent]:
    """Everybody who answers or did, by name."""
    return session.exec(select(Respondent).order_by(Respondent.name, Respondent.id)).all()


def respondent_of(session: Session, respondent_id: str) -> Respondent:
    """A respondent by id."""
    found = session.get(Respondent, respondent_id)
    if found is None:
        raise NotFound("There is no respondent with this id.")
    return found


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


def answers(session: Session, week: str) -> Sequence[TimeAnswer]:
    """A week's answers."""
    found = select(TimeAnswer).where(TimeAnswer.week == week)
    return session.exec(found.order_by(TimeAnswer.respondent_id)).all()


def answer_of(session: Session, week: str, respondent_id: str) -> TimeAnswer | None:
    """What one respondent answered."""
    return session.get(TimeAnswer, (week, respondent_id))


def answer_before(session: Session, week: str, respondent_id: str) -> TimeAnswer | None:
    """The respondent's latest answer for an earlier week."""
    found = select(TimeAnswer).where(
        TimeAnswer.respondent_id == respondent_id, TimeAnswer.week < week
    )
    return session.exec(found.order_by(col(TimeAnswer.week).desc()).limit(1)).first()


def history(session: Session, week: str, respondent_id: str) -> Sequence[TimeAnswerBefore]:
    """What an answer said before, oldest first."""
    found = select(TimeAnswerBefore).where(
        TimeAnswerBefore.week == week, TimeAnswerBefore.respondent_id == respondent_id
    )
    return session.exec(found.order_by(TimeAnswerBefore.id)).all()


def unasked(session: Session, week: str) -> Sequence[Respondent]:
    """Who is invited and has no mail yet."""
    found = select(Respondent).join(Invitation, col(Invitation.respondent_id) == col(Respondent.id))
    mine = found.where(Invitation.week == week, col(Invitation.asked_at).is_(None))
    return session.exec(mine.order_by(Respondent.id)).all()


def unreminded(session: Session, week: str) -> Sequence[Respondent]:
    """Who was asked, has not answered (the page, or the time by API) and was not reminded."""
    answered = select(TimeAnswer.respondent_id).where(TimeAnswer.week == week)
    found = select(Respondent).join(Invitation, col(Invitation.respondent_id) == col(Respondent.id))
    mine = found.where(
        Invitation.week == week,
        col(Invitation.asked_at).is_not(None),
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
