"""At the start: one row per eligible person, in their arm for ever, in chunks that can be resumed.

Everybody of the audience gets a row, as an enrolment or with the reason why not, in the order of
their ids; so the last row says how far it got. A sample keeps the smallest tickets: whoever is
pushed out by somebody later is put back at the end.
"""

import hashlib
import json
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlmodel import Session

from app.audience import members
from app.audience.columns import Columns
from app.experiments import (
    approvals,
    cell_types,
    drafts,
    enrolment_store,
    fallen_away,
    lifecycle,
    people_hours,
    plans,
    rehearsal_rows,
    store,
    waves,
)
from app.experiments.design_schemas import Draft
from app.experiments.eligibility import CHUNK, Judge, Judged, MadeOf
from app.experiments.lottery import Lottery, arm_of, ticket_of
from app.experiments.models import Experiment, Status
from app.experiments.ports import Paces, Renderable
from app.platform import figures, install, turns
from app.platform.config import Settings
from app.platform.db import Database
from app.platform.errors import Conflict
from app.stats.checks import NotEnoughData
from app.tracking import verdicts

_OF_NO_MAIL = {
    "name", "slice_id", "previous_id", "hypothesis", "riskiest", "rule", "guardrails", "waves",
    "stop_at", "key_results", "sample", "holdout", "mail_kind", "hours",
}  # fmt: skip


class Overtaken(Conflict):
    """Another worker enrols the same people at the same moment."""

    def __init__(self) -> None:
        super().__init__("Another worker is enrolling these people; it will go on.")


class _NotAwaitedError(Exception):
    """Somebody cancelled it meanwhile, or another worker has started it."""


def settle(
    database: Database,
    experiment_id: str,
    *,
    renderable: Renderable,
    paces: Paces,
    settings: Settings,
    now: datetime,
) -> None:
    """Enrol everybody eligible, then start. Killed in the middle, the next call goes on.

    Raises:
        Overtaken: another worker got ahead of this one; nothing is lost.
    """
    with suppress(_NotAwaitedError):
        judge = _opened(database, experiment_id, renderable, settings, now=now)
        with database.read() as session:
            lottery = _lottery(session, judge)
        while _settle_chunk(database, judge, lottery):
            pass
        _put_back(database, judge)
        with database.read() as session:
            waves.draw(database, store.experiment_of(session, experiment_id))
        while not _started(database, experiment_id, paces, settings, now=now):
            pass


def judge_of(
    session: Session,
    experiment: Experiment,
    renderable: Renderable,
    settings: Settings,
    *,
    now: datetime,
) -> Judge:
    """What settles eligibility for this experiment. Raises AppError where its content is broken."""
    design, columns = drafts.design_of(experiment), cell_types.columns_of(session, experiment)
    release = lifecycle.release_of(experiment, now=now)
    return Judge(
        experiment_id=experiment.id,
        design=design,
        columns=columns,
        writer=renderable.writer(experiment.id, design, columns, now=release),
        privacy=settings.privacy,
        now=now,
        made_of=_made_of(design, columns, renderable.frame, renderable.day(design, now=release)),
    )


def _made_of(design: Draft, columns: Columns, frame: str, day: str) -> MadeOf:
    said = design.model_dump(mode="json", exclude=_OF_NO_MAIL)
    told = [said, columns.kept(), columns.typed, frame, day]
    hashed = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    return MadeOf(hashed, frame, day)


def _opened(
    database: Database,
    experiment_id: str,
    renderable: Renderable,
    settings: Settings,
    *,
    now: datetime,
) -> Judge:
    with database.read() as session:
        experiment = store.experiment_of(session, experiment_id)
        if experiment.status != Status.SCHEDULED:
            raise _NotAwaitedError
        return judge_of(session, experiment, renderable, settings, now=now)


def _settle_chunk(database: Database, judge: Judge, lottery: Lottery) -> bool:
    """Settle the next people; False when nobody is left.

    Mails that were not composed before, from the same people and columns, are in between.
    """
    with database.read() as session:
        after = enrolment_store.last_settled(session, judge.experiment_id)
        people = members.chunk(session, judge.audience_id, after=after, limit=CHUNK)
        ruled = judge.ruled(session, people)
        known = rehearsal_rows.known(session, judge, people)
    if not people:
        return False
    judged = [_drawn(one, judge, lottery) for one in judge.written(ruled, known)]
    with database.write_unheard() as session:  # the start is what others wait for
        _awaited(session, judge.experiment_id)
        if enrolment_store.last_settled(session, judge.experiment_id) != after:
            raise Overtaken
        judged = _still_free(session, judge, judged)
        _enrol(session, judge, [one for one in judged if one.reason is None])
        enrolment_store.add_ineligible(
            session, [_left_out(one, judge) for one in judged if one.reason]
        )
    return True


def _still_free(session: Session, judge: Judge, judged: list[Judged]) -> list[Judged]:
    """Of two that enrol the same people at once, the later one sees whom the first one took."""
    turns.take(session, "enrolment")
    taken = judge.taken(session, [one.member for one in judged if one.reason is None])
    return [
        Judged(one.member, taken[one.member.person_id])
        if one.reason is None and one.member.person_id in taken
        else one
        for one in judged
    ]


def _put_back(database: Database, judge: Judge) -> None:
    """Of more than the sample asks for, keep the smallest tickets."""
    if judge.design.sample is None:
        return
    with database.read() as session:
        lottery = _lottery(session, judge)
        surplus = [
            person_id
            for person_id in enrolment_store.enrolled_people(session, judge.experiment_id)
            if not lottery.holds(ticket_of(judge.experiment_id, person_id))
        ]
    for start in range(0, len(surplus), CHUNK):
        with database.write() as session:
            _awaited(session, judge.experiment_id)
            enrolment_store.put_back(session, judge.experiment_id, surplus[start : start + CHUNK])


def _started(
    database: Database, experiment_id: str, paces: Paces, settings: Settings, *, now: datetime
) -> bool:
    """Freeze n and what the rule needs, and start; False where people or rate changed meanwhile.

    Working it out takes half a second, so it holds no lock.
    """
    with database.read() as session:
        experiment = store.experiment_of(session, experiment_id)
        arms = enrolment_store.count_by_arm(session, experiment_id)
        lost = fallen_away.since_launch(session, experiment)
        approvals.refuse_unseen(session, experiment, sum(arms.values()), settings)
        design, own = drafts.design_of(experiment), experiment.rate_per_minute
        zones = people_hours.zones_of(session, design, settings.zone)
        pace = paces.of(session, experiment, now=now)
    plan: plans.Frozen | NotEnoughData
    try:
        plan = plans.freeze(design, arms, start=now, pace=pace, zones=zones)
    except NotEnoughData as error:
        plan = error
    with database.write() as session:
        held = _awaited(session, experiment_id)
        is_same = enrolment_store.count_by_arm(session, held.id) == arms
        if held.rate_per_minute != own or not is_same:  # the design is frozen
            return False
        held.enrolled = enrolment_store.count_enrolled(session, held.id)
        held.rule_version = verdicts.VERSION
        fallen_away.note(session, held, lost, now=now)
        _start(session, held, plan, now=now)
    return True


def _start(
    session: Session,
    experiment: Experiment,
    plan: plans.Frozen | NotEnoughData,
    *,
    now: datetime,
) -> None:
    """Where too few people allow no answer, nobody is mailed."""
    if isinstance(plan, NotEnoughData):
        lifecycle.cancel(session, experiment, now=now, reason=_too_few(experiment, plan))
        return
    experiment.plan, experiment.pass_count = plan.as_json(), plan.pass_count
    lifecycle.start(session, experiment, now=now)


def _too_few(experiment: Experiment, plan: NotEnoughData) -> str:
    if not experiment.enrolled:
        return "When it was to start, nobody could be mailed."
    eligible = figures.plural(experiment.enrolled, "person was", "people were")
    return f"When it was to start, {eligible} eligible. Too few people: {plan}."


def _awaited(session: Session, experiment_id: str) -> Experiment:
    """The experiment, still waiting to be started, and nobody else's until this commits."""
    experiment = store.locked(session, experiment_id)
    if experiment.status != Status.SCHEDULED:
        raise _NotAwaitedError
    return experiment


def _lottery(session: Session, judge: Judge) -> Lottery:
    """The tickets that were drawn before, by us or by whoever was interrupted."""
    if judge.design.sample is None:
        return Lottery(None)
    people = enrolment_store.enrolled_people(session, judge.experiment_id)
    return Lottery(
        judge.design.sample, (ticket_of(judge.experiment_id, person) for person in people)
    )


def _drawn(judged: Judged, judge: Judge, lottery: Lottery) -> Judged:
    if judged.reason or lottery.draw(ticket_of(judge.experiment_id, judged.member.person_id)):
        return judged
    return Judged(judged.member, "sample")


def _enrol(session: Session, judge: Judge, chosen: list[Judged]) -> None:
    """Numbered in the order of their tickets, so that mails leave in no order of the import."""
    chosen.sort(key=lambda judged: ticket_of(judge.experiment_id, judged.member.person_id))
    ids = install.take_send_ids(session, len(chosen))
    columns = judge.frozen
    pairs = zip(ids, chosen, strict=True)
    enrolment_store.add_enrolments(
        session, [_enrolment(n, one, judge, columns) for n, one in pairs]
    )


def _enrolment(
    number: int, judged: Judged, judge: Judge, columns: frozenset[str]
) -> dict[str, Any]:
    row, person_id = judged.member.row(), judged.member.person_id
    return {
        "id": number,
        "experiment_id": judge.experiment_id,
        "arm": arm_of(
            judge.experiment_id, person_id, judge.design.arms, holdout=judge.design.holdout
        ),
        "person_id": person_id,
        "wave": 0,
        "frozen": {name: row[name] for name in sorted(columns) if name in row},
    }


def _left_out(judged: Judged, judge: Judge) -> dict[str, Any]:
    return {
        "experiment_id": judge.experiment_id,
        "person_id": judged.member.person_id,
        "reason": judged.reason,
        "detail": f"{judged.detail}: {judged.about}" if judged.about else judged.detail,
    }
