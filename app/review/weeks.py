"""This week: are we closer, what runs, what waits for a decision, what was decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.analysis import known_until, list_calls, waiting
from app.analysis.known_until import Knowing
from app.analysis.readout_types import Call, State
from app.analysis.sentences import moment
from app.delivery import progress as sending
from app.delivery.progress import Progress
from app.delivery.queue_store import Standing
from app.experiments.models import Experiment, Status
from app.okr import sayings, views
from app.okr import week_rows as okr
from app.okr.views import KeyResultView
from app.platform import figures, iso_weeks
from app.review import items, learnings, store, time_spent, week_store
from app.review.learnings import Learning
from app.review.models import ItemKind
from app.review.seen import Reader
from app.review.shapes import Item, TimeSplit


@dataclass(frozen=True, slots=True)
class UnderWay:
    """An experiment that is not decided yet, and what its rule says now."""

    id: str
    name: str
    status: str
    call: State
    provisional: bool
    sentence: str
    answer_by: datetime | None
    progress: Progress
    rehearsal: bool


@dataclass(frozen=True, slots=True)
class Week:
    """Everything that the first page says."""

    week: str  # 2026-W47
    starts: datetime
    sentence: str
    key_results: tuple[KeyResultView, ...]
    awaiting: tuple[UnderWay, ...]
    running: tuple[UnderWay, ...]
    decided: tuple[Learning, ...]
    weeks_avoided: float
    promised: tuple[Item, ...]  # in last week's review, for this one
    readers: Mapping[str, Sequence[Reader]]  # of the last check-in of each key result
    time: TimeSplit | None  # of this week, or of the last one while this one is not asked about
    silent: tuple[str, ...]  # machines whose clicks are waited for, and what to do


def this_week(session: Session, *, zone: ZoneInfo, now: datetime) -> Week:
    """The facts of the week that `now` lies in, where the organisation is."""
    starts = monday_of(now, zone)
    key_results = _key_results(session, now.astimezone(zone))
    found = store.under_way_standing(session)
    knowing = known_until.of_several(session, list(found), now=now)
    under_way = _under_way(session, found, knowing, zone=zone, now=now)
    decided = learnings.decided_since(session, starts)
    week, last = week_of(now, zone), week_of(now - timedelta(days=7), zone)
    times = time_spent.of_several(session, (week, last))
    spent = times[week]
    written = week_store.written(session, (last,), views.check_ins(key_results))
    return Week(
        week=week,
        starts=starts,
        sentence=sentence(key_results, decided=len(decided.learnings), time=spent),
        key_results=key_results,
        awaiting=tuple(way for way in under_way if _awaits_a_decision(way)),
        running=tuple(way for way in under_way if not _awaits_a_decision(way)),
        decided=decided.learnings,
        weeks_avoided=decided.weeks_avoided,
        promised=items.shown(written.lines[last, ItemKind.COMMITMENT]),
        readers=written.readers,
        time=spent if spent and spent.answered else times[last],
        silent=waiting.for_silent(knowing.everywhere, zone),
    )


def awaiting(
    session: Session, experiments: Sequence[Experiment], *, zone: ZoneInfo, now: datetime
) -> tuple[tuple[Experiment, Call], ...]:
    """Those under way that have a result and no decision, with what their rules say."""
    calls = list_calls.calls_of(session, experiments, now=now, zone=zone)
    return tuple(
        (experiment, calls[experiment.id])
        for experiment in experiments
        if _has_a_result(experiment.status, calls[experiment.id].state)
    )


def week_of(now: datetime, zone: ZoneInfo) -> str:
    """The ISO week, as everybody there counts it: `2026-W47`."""
    return iso_weeks.week_of(now.astimezone(zone).date())


def monday_of(now: datetime, zone: ZoneInfo) -> datetime:
    """When the week began there."""
    today = now.astimezone(zone).date()
    return datetime.combine(today - timedelta(days=today.weekday()), time(), zone)


def _key_results(session: Session, local: datetime) -> tuple[KeyResultView, ...]:
    """Of every cycle that has a day in this week so far."""
    today = local.date()
    monday = today - timedelta(days=today.weekday())
    running = okr.placed(session, *okr.has_day_between(monday, today), today=today)
    return views.of_placed(session, running, today=today)


def _under_way(
    session: Session,
    found: Mapping[str, tuple[Experiment, Standing]],
    knowing: Knowing,
    *,
    zone: ZoneInfo,
    now: datetime,
) -> list[UnderWay]:
    experiments = [experiment for experiment, _ in found.values()]
    calls = list_calls.calls_of(session, experiments, now=now, zone=zone, knowing=knowing)
    standings = {key: standing for key, (_, standing) in found.items()}
    sent = sending.beside(session, experiments, standings)
    said = {
        experiment.id: _waits_for(experiment, calls[experiment.id], zone=zone, now=now)
        for experiment in experiments
    }
    return [
        _seen(experiment, calls[experiment.id], sent[experiment.id], said[experiment.id])
        for experiment in experiments
    ]


def _seen(experiment: Experiment, call: Call, sent: Progress, sentence: str) -> UnderWay:
    return UnderWay(
        id=experiment.id,
        name=experiment.name,
        status=experiment.status,
        call=call.state,
        provisional=call.provisional,
        sentence=sentence,
        answer_by=call.answer_by,
        progress=sent,
        rehearsal=experiment.rehearsal,
    )


def _waits_for(experiment: Experiment, call: Call, *, zone: ZoneInfo, now: datetime) -> str:
    if experiment.status != Status.SCHEDULED:
        return call.sentence
    at = experiment.scheduled_at
    if at is None or at <= now:
        return "Launched, and its time has come: it starts as soon as it can."
    return f"Launched; it starts on {moment(at, zone)}."


def _awaits_a_decision(way: UnderWay) -> bool:
    return not way.rehearsal and _has_a_result(way.status, way.call)


def _has_a_result(status: str, call: State) -> bool:
    """Everything is sent and there is a result; or it is sending and validated already."""
    if status == Status.MEASURING:
        return call is not State.WAITING
    return call is State.VALIDATED


def sentence(
    key_results: tuple[KeyResultView, ...], *, decided: int, time: TimeSplit | None
) -> str:
    """The headline; `New work got 31 % of elective time (target 60); 1 slice decided.`"""
    parts = _spent(time)
    if decided:
        parts.append(f"{decided} slice{'' if decided == 1 else 's'} decided")
    said = "; ".join(parts)
    more = f" {said[0].upper()}{said[1:]}." if said else ""
    return headline(key_results) + more


def headline(key_results: tuple[KeyResultView, ...]) -> str:
    """`Closer on 1 of 4, no change we can tell on 2, further on 1. New: Revenue.`"""
    every = [key_result.statement for key_result in key_results if key_result.statement is not None]
    if key_results and not every:
        return "Milestones only: each is reached or not, and no week says more."
    return sayings.headline(
        every,
        new=[
            key_result_view.row.title for key_result_view in key_results if key_result_view.is_new
        ],
    )


def _spent(time: TimeSplit | None) -> list[str]:
    """What the first elective bucket got, which is new work as long as nobody reorders them."""
    first = next((bucket for bucket in time.buckets if bucket.elective), None) if time else None
    if first is None or first.of_elective is None:
        return []
    name = "new work" if first.name == "Build new" else f"“{first.name}”"
    aim = "" if first.target is None else f" (target {figures.limit(first.target)})"
    return [f"{name} got {figures.share(first.of_elective, 0)} of elective time{aim}"]
