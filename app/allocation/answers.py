"""Take an answer: it adds up, a changed one leaves a trace, a late one is kept and marked."""

from datetime import datetime

from sqlmodel import Session

from app.allocation import answer_store, store, telling
from app.allocation.models import Respondent, TimeAnswer, TimeAnswerBefore
from app.allocation.schemas import AnswerDraft
from app.allocation.summary import off_by
from app.platform.errors import Conflict, Invalid


def put(
    session: Session, week: str, respondent: Respondent, draft: AnswerDraft, *, now: datetime
) -> TimeAnswer:
    """Keep an answer; the one before stays in the history."""
    opening = store.opening_of(session, week)
    if opening is None:
        raise Conflict(f"{week} has not been opened: open it first.")
    _check(session, week, draft)
    answer = answer_store.answer_of(session, week, respondent.id)
    if answer is None:
        answer = TimeAnswer(week=week, respondent_id=respondent.id, shares={}, at=now)
        answer.team_id, answer.fte = respondent.team_id, respondent.fte
    elif (answer.shares, answer.note) == (draft.shares, draft.note):
        return answer
    else:
        session.add(_before(answer))
    answer.shares, answer.note, answer.at = dict(draft.shares), draft.note, now
    answer.late = now > opening.closes_at
    session.add(answer)
    session.flush()
    telling.settle(session, opening, now=now)
    return answer


def _check(session: Session, week: str, draft: AnswerDraft) -> None:
    known = {bucket.id for bucket in store.buckets_of(session, week)}
    for bucket in draft.shares:
        if bucket not in known:
            raise Invalid.at(
                f"shares.{bucket}", f"{week} was not asked about a bucket with this id."
            )
    wrong = off_by(draft.shares)
    if wrong:
        raise Invalid.at("shares", wrong)


def _before(answer: TimeAnswer) -> TimeAnswerBefore:
    return TimeAnswerBefore(
        week=answer.week,
        respondent_id=answer.respondent_id,
        shares=answer.shares,
        note=answer.note,
        at=answer.at,
    )
