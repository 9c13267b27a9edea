"""Waves: who is written to when, drawn blindly; and whether the next one may go."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from app.experiments import drafts, enrolment_store, lifecycle, store
from app.experiments.lottery import wave_ticket_of
from app.experiments.models import Experiment, Status
from app.experiments.ports import WaveGate
from app.experiments.rule_schemas import Wave
from app.platform.db import Database
from app.platform.duties import Duty
from app.platform.put_off import Work

_CHUNK = 1_000  # rows in one write transaction: about 20 ms of one core


def sizes(waves: Sequence[Wave], people: int) -> list[int]:
    """How many people each wave holds; whoever the sizes leave over joins the last one."""
    if not waves:
        return [people]
    asked = [wave.people or round((wave.share or 0) * people) for wave in waves]
    left, found = people, []
    for size in asked[:-1]:
        found.append(min(size, left))
        left -= found[-1]
    return [*found, left]


def draw(database: Database, experiment: Experiment) -> None:
    """Give everybody their wave, within each arm in the same proportions. Again = the same."""
    waves = drafts.design_of(experiment).waves
    if len(waves) < 2:
        return
    with database.read() as session:
        people = enrolment_store.enrolled_by_arm(session, experiment.id)
    ends = _ends(waves, len(people))
    late: defaultdict[int, list[int]] = defaultdict(list)
    for number, wave in _drawn(experiment.id, people, ends):
        if wave:
            late[wave].append(number)
    for wave, numbers in sorted(late.items()):
        for start in range(0, len(numbers), _CHUNK):
            with database.write() as session:
                enrolment_store.set_wave(session, numbers[start : start + _CHUNK], wave=wave)


def due_times(experiment: Experiment, *, now: datetime) -> list[datetime]:
    """When each wave may begin; one without waves is one wave that begins at once."""
    start = experiment.started_at or now
    waves = experiment.design.get("waves") or [{"after_hours": 0}]
    return [start + timedelta(hours=float(wave["after_hours"])) for wave in waves]


def duty(database: Database, gate: WaveGate) -> Duty:
    """Open each wave whose time has come, or pause where its gate has a reason."""

    def is_time(session: Session, experiment_id: str, now: datetime) -> bool:
        return is_due(session, store.experiment_of(session, experiment_id), gate, now=now)

    def open_wave(experiment_id: str, now: datetime) -> int:
        with database.write() as session:
            open_due(session, store.locked(session, experiment_id), gate, now=now)
        return 1

    return Duty(
        work=Work.WAVE,
        items=lambda session, _now: store.with_waves(session),
        is_due=is_time,
        do=open_wave,
    )


def is_due(session: Session, experiment: Experiment, gate: WaveGate, *, now: datetime) -> bool:
    """Whether the next wave's time has come, and it is known what people did until then."""
    coming = experiment.open_wave + 1
    due = due_times(experiment, now=now)
    if experiment.status != Status.RUNNING or coming >= len(due) or due[coming] > now:
        return False
    return gate.is_known(session, experiment, due[coming], now=now)


def open_due(session: Session, experiment: Experiment, gate: WaveGate, *, now: datetime) -> None:
    """Open the next wave if it is due; pause instead where the gate has a reason."""
    if not is_due(session, experiment, gate, now=now):
        return
    coming = experiment.open_wave + 1
    reason = gate.closed_because(session, experiment, now=now)
    if reason is None:
        experiment.open_wave = coming
    else:
        lifecycle.pause(
            session, experiment, now=now, reason=f"Wave {coming + 1} was not begun: {reason}"
        )
        experiment.stopped_wave = coming
    session.add(experiment)


def _ends(waves: Sequence[Wave], people: int) -> list[float]:
    """Where each wave ends, as a share of everybody."""
    found, total = [], 0
    for size in sizes(waves, people):
        total += size
        found.append(total / people if people else 1.0)
    return found


def _drawn(
    experiment_id: str, people: Iterable[tuple[int, str, str]], ends: Sequence[float]
) -> Iterable[tuple[int, int]]:
    """(enrolment, wave) of everybody: (enrolment, arm, person) ordered by a hash in each arm."""
    arms: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for number, arm, person_id in people:
        arms[arm].append((wave_ticket_of(experiment_id, person_id), number))
    for drawn in arms.values():
        drawn.sort()
        last = len(ends) - 1
        for place, (_, number) in enumerate(drawn):
            yield number, min(last, bisect_right(ends, (place + 0.5) / len(drawn)))
