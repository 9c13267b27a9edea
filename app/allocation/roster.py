"""Who is asked, and about which buckets."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session

from app.allocation import answer_store, store, telling
from app.allocation.models import AllocationSettings, Bucket, Mode, Respondent
from app.allocation.schemas import BucketsDraft, RespondentChanges, RespondentDraft, SettingsDraft
from app.platform.errors import Conflict, Invalid
from app.platform.weekly import written

NUMBER_BITS = 63  # of a respondent's number: what a signed column of both databases holds


def put_buckets(session: Session, draft: BucketsDraft, *, now: datetime) -> Sequence[Bucket]:
    """Rename, add, retire. An elective bucket stays elective: old weeks would change.

    A week that somebody has answered keeps what it was asked about.
    """
    known = {bucket.id: bucket for bucket in store.buckets(session)}
    _check(draft, known)
    for position, wanted in enumerate(draft.items):
        bucket = known.pop(wanted.id or "", None) or Bucket(name="", elective=wanted.elective)
        bucket.name, bucket.target, bucket.position = wanted.name, wanted.target, position
        session.add(bucket)
    for gone in known.values():
        gone.retired_at = now
        session.add(gone)
    session.flush()
    for opening in store.open_at(session, now):
        if not answer_store.answers(session, opening.week):
            store.put_week_buckets(session, opening.week)
    return store.buckets(session)


def _check(draft: BucketsDraft, known: Mapping[str, Bucket]) -> None:
    """Before anything is changed. Raises Invalid or Conflict."""
    named = [wanted.id for wanted in draft.items if wanted.id]
    for position, wanted in enumerate(draft.items):
        if wanted.id is None:
            continue
        bucket = known.get(wanted.id)
        if bucket is None or named.count(wanted.id) > 1:
            raise Invalid.at(f"items.{position}.id", "There is no other bucket with this id.")
        if bucket.elective != wanted.elective:
            raise Conflict(f"“{bucket.name}” has answers: retire it and add another bucket.")


def put_settings(session: Session, draft: SettingsDraft) -> AllocationSettings:
    """Who answers and when, from the next opening on. Raises Invalid."""
    schedule = draft.schedule()
    row = store.settings_of(session)
    row.mode = draft.mode
    row.opens_day, row.opens_at = schedule.opens.day, f"{schedule.opens.at:%H:%M}"
    row.reminds_day, row.reminds_at = schedule.reminds.day, f"{schedule.reminds.at:%H:%M}"
    row.closes_day, row.closes_at = schedule.closes.day, f"{schedule.closes.at:%H:%M}"
    session.add(row)
    session.flush()
    return row


def settings_shown(session: Session) -> SettingsDraft:
    """The settings as somebody writes them."""
    row = store.settings_of(session)
    times = row.schedule()
    return SettingsDraft(
        mode=Mode(row.mode),
        opens=written(times.opens),
        reminds=written(times.reminds),
        closes=written(times.closes),
    )


def add_respondent(
    session: Session, draft: RespondentDraft, *, number: int, now: datetime
) -> Respondent:
    """Ask somebody from the next opening on. `number`: random, what their links carry.

    Whoever left, or was asked for key results only, is asked again as the draft says.
    """
    email = draft.email.lower()
    found = store.respondent_at(session, email)
    if found is not None and found.active and found.asked_time:
        raise Conflict(f"{email} is a respondent already.")
    respondent = found or Respondent(name=draft.name, email=email, number=number)
    for name, value in draft.model_dump(exclude={"email"}).items():
        setattr(respondent, name, value)
    session.add(respondent)
    session.flush()
    _ask_as_now(session, respondent, now=now)
    return respondent


def change_respondent(
    session: Session, respondent_id: str, changes: RespondentChanges, *, now: datetime
) -> Respondent:
    """Change what was sent; given answers stay as they were weighed.

    Whoever leaves is asked and reminded no longer, for the weeks that are open, too.
    """
    respondent = store.respondent_of(session, respondent_id)
    sent = changes.model_dump(exclude_unset=True)
    for name, value in sent.items():
        if value is None and name != "team_id":
            raise Invalid.at(name, "Leave this out, or give it a value.")
        setattr(respondent, name, value)
    session.add(respondent)
    session.flush()
    _ask_as_now(session, respondent, now=now)
    return respondent


def _ask_as_now(session: Session, respondent: Respondent, *, now: datetime) -> None:
    """Let the open weeks await an answer from them, or not. One that was given stays."""
    for opening in store.open_at(session, now):
        invitation = store.invitation_of(session, opening.week, respondent.id)
        if invitation is None:
            continue
        if answer_store.answer_of(session, opening.week, respondent.id) is None:
            invitation.asked_time = respondent.asked_time
        invitation.withdrawn_at = None if respondent.active else invitation.withdrawn_at or now
        session.add(invitation)
        session.flush()
        telling.settle(session, opening, now=now)
