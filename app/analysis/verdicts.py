"""When a verdict falls or changes, and when a harm is proven: each told once, as an event.

What was told last of an experiment is kept beside it, and changes in the transaction of the event
while the experiment is held: whoever looks, and however often, the same is never told again.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any

from sqlmodel import Session

from app.analysis import (
    gathered,
    guardrail_sentences,
    guardrails,
    planned_looks,
    readout,
    store,
    verdict_rows,
    waiting,
)
from app.analysis.current_call import Found, look
from app.analysis.gathered import Gathered
from app.analysis.models import ToldVerdict
from app.analysis.planned_looks import Held
from app.analysis.readout_json import of_json
from app.analysis.readout_types import Call, Estimate, Guardrail, State
from app.experiments import store as experiments
from app.experiments.models import Experiment
from app.experiments.vocabulary import HOLDOUT
from app.platform import events, garbled
from app.platform.db import Database
from app.platform.duties import Duty
from app.platform.put_off import Work

FELL, BREACHED = "verdict.changed", "guardrail.breached"


def duty(database: Database, *, zone: tzinfo) -> Duty:
    """Tell each verdict that is another than the one that was told; `zone`: sentences name days."""

    def do(experiment_id: str, now: datetime) -> int:
        with database.write() as session:
            experiment = experiments.locked(session, experiment_id)
            return tell(session, experiment, zone=zone, now=now)

    return Duty(work=Work.VERDICT, items=_news, do=do)


def tell(session: Session, experiment: Experiment, *, zone: tzinfo, now: datetime) -> int:
    """Record what is new of an experiment that the caller holds. How many events."""
    told = note(session, experiment, zone=zone, now=now)
    for kind, facts in told:
        events.record(
            session, kind, subject=experiment.id, now=now, facts={"name": experiment.name} | facts
        )
    return len(told)


def pass_over(session: Session, *, zone: tzinfo, now: datetime) -> None:
    """Count every verdict and harm there is as told: others may have been told it elsewhere."""
    for experiment_id in _news(session, now):
        note(session, experiments.locked(session, experiment_id), zone=zone, now=now)


def note(
    session: Session, experiment: Experiment, *, zone: tzinfo, now: datetime
) -> list[tuple[str, dict[str, Any]]]:
    """Count what is new as told: kinds of events, with their facts. Of a rehearsal nothing is."""
    if experiment.rehearsal:
        return []
    found = look(experiment, gathered.gather(session, experiment, now=now), zone=zone)
    call, estimates = _call(session, experiment, found, zone)
    row = session.get(ToldVerdict, experiment.id) or ToldVerdict(
        experiment_id=experiment.id, call=State.WAITING, at=now
    )
    breached = [one for one in guardrails.breached(found.watched) if _key(one) not in row.breached]
    new = [(BREACHED, _harm(one, found)) for one in breached]
    state = call.would_now_be or call.state
    if state != row.call:
        new.append((FELL, _fallen(call, state, row.call, estimates)))
    if new:
        row.breached = [*row.breached, *map(_key, breached)]
        row.call, row.at = state, now
        session.add(row)
        session.flush()
    return new


def _news(session: Session, now: datetime) -> list[str]:
    """Experiments of which something else is to be told than was, all looked at together."""
    rows = [row for row in verdict_rows.undecided(session) if gathered.can_be_read(row[0])]
    held = _held(session, [row[0].id for row in rows])
    rows = [row for row in rows if row[0].id in held]
    counted = gathered.gather_many(session, [row[0] for row in rows], now=now, held=held)
    return [
        experiment.id
        for experiment, told, frozen in rows
        if garbled.read(_is_news, experiment, counted[experiment.id], told, frozen)
    ]


def _held(session: Session, ids: Sequence[str]) -> dict[str, list[Held]]:
    """The looks at each; those with one that cannot be read are left out."""
    found: dict[str, list[Held | None]] = {one: [] for one in ids}
    for row in store.looks_of(session, ids):
        found[row.experiment_id].append(garbled.read(planned_looks.read, row))
    return {
        key: [one for one in looks if one is not None]
        for key, looks in found.items()
        if None not in looks
    }


def _is_news(
    experiment: Experiment, counted: Gathered, told: ToldVerdict | None, frozen: str | None
) -> bool:
    """Whether it may be: of what is frozen, that it would be another now and can be told so."""
    found = look(experiment, counted, zone=UTC)
    state = found.made.call.state
    before, harms = (told.call, told.breached) if told else (State.WAITING, [])
    if any(_key(one) not in harms for one in guardrails.breached(found.watched)):
        return True
    return state != before and not (frozen and state is State.WAITING)


def _call(
    session: Session, experiment: Experiment, found: Found, zone: tzinfo
) -> tuple[Call, tuple[Estimate, ...]]:
    """What the page says: the frozen call, and what it would be now where that is another."""
    frozen = store.frozen_of(session, experiment.id)
    if frozen is None:
        return waiting.told(found.made.call, found.known, zone), found.made.estimates
    kept = of_json(frozen.body)
    return readout.kept_call(kept, frozen, found, zone), kept.estimates


def _fallen(
    call: Call, state: State, before: str, estimates: tuple[Estimate, ...]
) -> dict[str, Any]:
    return {
        "call": state,
        "was": before,
        "provisional": call.provisional,
        "sentence": call.because[-1] if call.would_now_be else call.sentence,
        "estimates": list(_counted(estimates)),
    }


def _counted(estimates: tuple[Estimate, ...]) -> Iterator[dict[str, Any]]:
    """Numbers of people, and shares; nobody's name."""
    for one in estimates:
        yield {
            "arm": one.arm,
            "people": one.people,
            "hits": one.hits,
            "rate": one.rate,
            "low": one.low,
            "high": one.high,
        }


def _harm(guardrail: Guardrail, found: Found) -> dict[str, Any]:
    several = len(found.totals.keys() - {HOLDOUT}) > 1
    sentence = guardrail_sentences.of_watched(guardrail, of_arm=guardrail.arm if several else "")
    return {"metric": guardrail.metric, "arm": guardrail.arm, "sentence": sentence}


def _key(guardrail: Guardrail) -> str:
    return f"{guardrail.metric} of {guardrail.arm}"
