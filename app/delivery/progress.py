"""How far a send has come, told as it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from app.delivery import hours_store, queue_store
from app.delivery.models import State
from app.delivery.queue_store import Standing
from app.experiments import fallen_away, hours, people_hours
from app.experiments.fallen_away import FellAway
from app.experiments.models import ENDED, Experiment
from app.experiments.rehearsal_state import Looking, looks


@dataclass(frozen=True, slots=True)
class Progress:
    """Where everybody enrolled stands: the states are disjoint and add up to `enrolled`."""

    status: str
    enrolled: int
    queued: int
    sending: int
    sent: int
    failed: int
    bounced: int
    uncertain: int
    skipped: int
    held: int
    reason: str | None  # why it is paused or put off, or what the server said to those who wait
    looked_at: int | None  # of those to be looked at before it starts; None when it is not that
    to_look_at: int | None
    fell_away: int  # people left out at the start whom the launch did not name; before it, would be
    fell_away_because: list[str]
    later: int  # of those queued: they are tried at a later moment …
    later_until: datetime | None  # … the last of them at this one
    outside_hours: int  # of those later: it is none of the hours in which they are mailed …
    outside_hours_until: datetime | None  # … those of the last of them begin then


def progress_of(
    session: Session, experiment: Experiment, *, now: datetime | None = None
) -> Progress:
    """Where an experiment's sends stand; with `now` also how many are tried later."""
    if now is None:
        return progress_of_many(session, (experiment,))[experiment.id]
    row = queue_store.standing_and_waits(session, experiment.id, now=now)
    told = beside(session, (experiment,), {experiment.id: queue_store.standing_of(row)})
    outside, until = _outside_hours(session, experiment, now=now) if row.later else (0, None)
    return replace(
        told[experiment.id],
        later=row.later,
        later_until=row.later_until,
        outside_hours=outside,
        outside_hours_until=until,
    )


def _outside_hours(
    session: Session, experiment: Experiment, *, now: datetime
) -> tuple[int, datetime | None]:
    """How many wait for the hours in which they are mailed, and until when the last of them do."""
    mail_hours = people_hours.hours_of(experiment.design)
    if mail_hours.are_all:
        return 0, None
    return hours_store.waiting_until(session, experiment.id, hours.openings(now, mail_hours))


def progress_of_many(session: Session, experiments: Sequence[Experiment]) -> dict[str, Progress]:
    """The same of many, by id."""
    standings = queue_store.standings_of(session, [experiment.id for experiment in experiments])
    return beside(session, experiments, standings)


def beside(
    session: Session, experiments: Sequence[Experiment], standings: Mapping[str, Standing]
) -> dict[str, Progress]:
    """The same where it is known how their sends stand."""
    seen, lost = looks(session, experiments), fallen_away.fallen_away_of_many(session, experiments)
    return {
        experiment.id: _told(
            experiment, standings[experiment.id], seen.get(experiment.id), lost.get(experiment.id)
        )
        for experiment in experiments
    }


def _told(
    experiment: Experiment,
    standing: Standing,
    look: Looking | None,
    lost: FellAway | None,
) -> Progress:
    """Who is enrolled and has no send yet is queued; in an experiment that ended, passed over."""
    counts = dict(standing.counts)
    planned = sum(counts.values())
    enrolled = max(experiment.enrolled or 0, planned)
    unplanned = State.SKIPPED if experiment.status in ENDED else State.QUEUED
    counts[unplanned] = counts.get(unplanned, 0) + enrolled - planned
    return Progress(
        status=experiment.status,
        enrolled=enrolled,
        reason=experiment.paused_reason or standing.why or (look.sentence if look else None),
        looked_at=look.looked_at if look else None,
        to_look_at=look.people if look else None,
        fell_away=lost.people if lost else 0,
        fell_away_because=list(lost.because) if lost else [],
        later=0,
        later_until=None,
        outside_hours=0,
        outside_hours_until=None,
        **{state.value: counts.get(state, 0) for state in State},
    )
