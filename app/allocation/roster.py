"""Who is asked, and about which buckets."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from app.allocation import store
from app.allocation.calendar import written
from app.allocation.models import AllocationSettings, Bucket, Mode, Respondent
from app.allocation.schemas import BucketsDraft, RespondentDraft, SettingsDraft
from app.platform.errors import Conflict, Invalid


def put_buckets(session: Session, draft: BucketsDraft, *, now: datetime) -> Sequence[Bucket]:
    """Rename, add, retire. An elective bucket stays elective: old weeks would change."""
    known = {bucket.id: bucket for bucket in store.buckets(session)}
    kept = set()
    for position, wanted in enumerate(draft.items):
        bucket = known.get(wanted.id) if wanted.id else Bucket(name="", elective=wanted.elective)
        if bucket is None or bucket.id in kept:
            raise Invalid.at(f"items.{position}.id", "There is no other bucket with this id.")
        if bucket.elective != wanted.elective:
            raise Conflict(f"“{bucket.name}” has answers: retire it and add another bucket.")
        bucket.name, bucket.target, bucket.position = wanted.name, wanted.target, position
        session.add(bucket)
        kept.add(bucket.id)
    for gone in known.keys() - kept:
        known[gone].retired_at = now
        session.add(known[gone])
    session.flush()
    return store.buckets(session)


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


def add_respondent(session: Session, draft: RespondentDraft, *, number: int) -> Respondent:
    """Ask somebody from the next opening on. `number`: 63 random bits, what their links carry."""
    email = draft.email.lower()
    if store.respondent_at(session, email):
        raise Conflict(f"{email} is a respondent already.")
    respondent = Respondent(**{**draft.model_dump(), "email": email, "number": number})
    session.add(respondent)
    session.flush()
    return respondent
