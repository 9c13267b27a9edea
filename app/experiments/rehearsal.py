"""Compose everybody's mail before anybody gets one: a few in a request, all in the background.

What was found holds while neither the mails nor their people change; then it begins anew. A start
takes it from here and composes only what was not.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from app.audience import members
from app.audience import store as audience
from app.audience.members import Member
from app.audience.models import Audience
from app.experiments import rehearsal_rows, store
from app.experiments.eligibility import Eligibility, Judge, Known, Ruling
from app.experiments.enrolment import judge_of
from app.experiments.models import Rehearsal
from app.experiments.ports import Fault, Renderable
from app.platform.config import Settings
from app.platform.db import Database
from app.platform.duties import Duty
from app.platform.ids import new_id
from app.platform.put_off import Work

MOST_LOOKED_AT = 2_000  # people whom a page looks at one by one; ours. A start looks at everybody
MOST_COMPOSED = 200  # of their mails, so many in the request; the background composes the rest
_MOST_SECONDS = 0.5  # that a request composes; ours
_STEP_SECONDS = 0.25  # what waits for the same process waits no longer than this
_FAULTS_KEPT = 200  # kinds; each with a few people
_AT_A_TIME = 50  # people between two looks at the clock


def eligible(session: Session, judge: Judge) -> Eligibility:
    """Who would be enrolled if it started now, as far as a request can tell at once.

    Few people are looked at one by one, and only mails that no rehearsal has composed are. What is
    said of many is what their rehearsal found so far.
    """
    people = audience.audience_of(session, judge.audience_id).people
    held = rehearsal_rows.held(session, judge)
    row = held if people > MOST_LOOKED_AT else None
    eligibility = _read(row.found) if row else Eligibility()
    if not (row and row.done) and eligibility.total < MOST_COMPOSED:
        eligibility = _looked_at(session, judge)
    elif row and not row.done:
        eligibility.scale_to(people)
    if held:
        eligibility.longest = max(eligibility.longest, _read(held.found).longest)
    eligibility.cut_to(judge.design.sample)
    return eligibility


def _looked_at(session: Session, judge: Judge) -> Eligibility:
    """As far as time goes, of people who are read at once: however many, it asks the same."""
    people = members.chunk(session, judge.audience_id, after=None, limit=MOST_LOOKED_AT)
    known = rehearsal_rows.known(session, judge, people)
    eligibility = _written_in_time(judge, people, judge.ruling(session, people), known)
    if eligibility.total < len(people) or len(people) == MOST_LOOKED_AT:
        eligibility.scale_to(audience.audience_of(session, judge.audience_id).people)
    return eligibility


def _written_in_time(
    judge: Judge, people: Sequence[Member], ruling: Ruling, known: Known
) -> Eligibility:
    eligibility, composed, ends = Eligibility(), 0, time.monotonic() + _MOST_SECONDS
    for start in range(0, len(people), _AT_A_TIME):
        if composed >= MOST_COMPOSED or time.monotonic() >= ends:
            break
        ruled = ruling(people[start : start + _AT_A_TIME])
        composed += sum(not one.reason and one.member.person_id not in known for one in ruled)
        for judged in judge.written(ruled, known):
            eligibility.add(judged)
    eligibility.longest = judge.writer.longest
    return eligibility


def duty(database: Database, *, renderable: Renderable, settings: Settings) -> Duty:
    """Compose the mails of each draft and each launch that waits, for some people at a time."""

    def compose(experiment_id: str, now: datetime) -> int:
        return go_on(database, experiment_id, renderable=renderable, settings=settings, now=now)

    return Duty(
        work=Work.REHEARSE,
        items=lambda session, now: rehearsal_rows.to_compose(
            session,
            frame=renderable.frame,
            today=f"{now.astimezone(settings.zone):%Y-%m-%d}",
            now=now,
        ),
        do=compose,
        at_once=1,
    )


def go_on(
    database: Database,
    experiment_id: str,
    *,
    renderable: Renderable,
    settings: Settings,
    now: datetime,
) -> int:
    """Compose for some more people of one experiment; how many were looked at."""
    with database.read() as session:
        experiment = store.experiment_of(session, experiment_id)
        people = audience.audience_of(session, str(experiment.audience_id))
        judge = judge_of(session, experiment, renderable, settings, now=now)
        row = rehearsal_rows.held(session, judge) or _begun(judge, people)
        row.design_at, before = experiment.updated_at, row.after
        session.expunge_all()
    faults: dict[str, Fault] = {}
    looked = _look(database, judge, row, faults)
    with database.write() as session:
        _keep(session, row, faults, before=before)
    return looked


def _begun(judge: Judge, people: Audience) -> Rehearsal:
    return Rehearsal(
        experiment_id=judge.experiment_id,
        run=new_id(),
        made_of=judge.made_of.hash,
        frame=judge.made_of.frame,
        day=judge.made_of.day,
        design_at=judge.now,
        audience_id=people.id,
        revision=people.revision,
        found=_written(Eligibility()),
    )


def _look(database: Database, judge: Judge, row: Rehearsal, faults: dict[str, Fault]) -> int:
    """Go through some more people; whose mail fails is added to `faults`."""
    eligibility, ends = _read(row.found), time.monotonic() + _STEP_SECONDS
    began = eligibility.total
    while not row.done:
        with database.read() as session:
            people = members.chunk(session, judge.audience_id, after=row.after, limit=_AT_A_TIME)
            ruled = judge.ruled(session, people)
        judged, failed = judge.composed(ruled)
        faults |= failed
        for one in judged:
            eligibility.add(one)
        row.done = len(people) < _AT_A_TIME
        row.after = people[-1].person_id if people else row.after
        if time.monotonic() >= ends:
            break
    eligibility.longest = max(eligibility.longest, judge.writer.longest)
    row.found = _written(eligibility)
    return eligibility.total - began or 1


def _keep(
    session: Session, row: Rehearsal, faults: dict[str, Fault], *, before: str | None
) -> None:
    """Write it down, unless another process went on with it meanwhile."""
    store.locked(session, row.experiment_id)
    held = session.get(Rehearsal, row.experiment_id)
    if held is None or held.run != row.run or held.after == before:
        session.merge(row)
        rehearsal_rows.add_faults(session, row, faults)


def _written(eligibility: Eligibility) -> dict[str, Any]:
    return {
        "total": eligibility.total,
        "eligible": eligibility.eligible,
        "longest": eligibility.longest,
        "reasons": dict(eligibility.reasons),
        "faults": [
            {"reason": reason, "detail": detail, "people": n, "examples": eligibility.examples[key]}
            for key, n in eligibility.faults.most_common(_FAULTS_KEPT)
            for reason, detail in (key,)
        ],
        "mailed": eligibility.mailed,
    }


def _read(kept: Mapping[str, Any]) -> Eligibility:
    faults = {(fault["reason"], fault["detail"]): fault for fault in kept["faults"]}
    return Eligibility(
        total=kept["total"],
        looked_at=kept["total"],
        eligible=kept["eligible"],
        longest=kept.get("longest", 0),  # what was found by an earlier release has none
        reasons=Counter(kept["reasons"]),
        faults=Counter({key: one["people"] for key, one in faults.items()}),
        examples={key: one["examples"] for key, one in faults.items()},
        mailed=list(kept.get("mailed", ())),  # one of an earlier version holds none
    )
