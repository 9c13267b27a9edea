"""The weekly review: one week in the order in which it is talked about, live until it is frozen."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from datetime import date as Date
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter
from sqlmodel import Session

from app.allocation import telling
from app.analysis import known_until
from app.experiments.models import Experiment
from app.okr import keeping, unusual, views
from app.okr import week_rows as okr
from app.okr.models import UnusualWeek
from app.okr.views import KeyResultView
from app.platform import events
from app.platform.db import Database
from app.platform.duties import Duty
from app.platform.errors import Conflict, Invalid
from app.platform.iso_weeks import monday_of, week_of
from app.platform.put_off import Work
from app.review import items, learnings, seen, store, time_spent, week_store, weeks
from app.review.items import week_after, week_before
from app.review.learnings import Learning
from app.review.models import FrozenWeek, ItemKind, WeekItem
from app.review.shapes import (
    Decided,
    KeyResultLine,
    Overdue,
    Review,
    Starting,
    Unusual,
)
from app.review.week_store import Written

_WEEK = timedelta(days=7)
Read = Mapping[str, Sequence[seen.Reader]]  # who has read which check-in
_SHAPE = TypeAdapter(Review)


@dataclass(frozen=True, slots=True)
class _Span:
    """A week in the organisation's zone, and the day that it is looked at on."""

    week: str
    monday: Date
    starts: datetime
    ends: datetime  # the Monday after
    today: Date  # its Sunday, once it is over

    @property
    def is_recent(self) -> bool:
        """Whether what waits now waited in it, too: until a week after its end."""
        return self.today < self.monday + 2 * _WEEK


def review_of(session: Session, week: str, *, zone: ZoneInfo, now: datetime) -> Review:
    """A week's review: as it was frozen, or as it stands now. Raises Invalid."""
    return read_by(session, week, zone=zone, now=now)[0]


def read_by(session: Session, week: str, *, zone: ZoneInfo, now: datetime) -> tuple[Review, Read]:
    """The same, and who has read the last check-in of each of its key results. Raises Invalid."""
    monday_of(week)
    noted = week_store.noted(session, week)
    row = noted.frozen
    if row is None:
        return _live(session, week, noted.marks, zone=zone, now=now)
    told = replace(as_frozen(row.body), frozen_at=row.frozen_at, frozen_by=row.frozen_by)
    shown = [line.check_in_id for line in told.key_results if line.check_in_id]
    return told, seen.readers(session, shown)


def as_frozen(body: Mapping[str, Any]) -> Review:
    """A review as it is kept."""
    return _SHAPE.validate_python(body)


def freeze(session: Session, week: str, *, by: str, zone: ZoneInfo, now: datetime) -> Review:
    """Keep the week as it is told now. Raises Conflict the second time, Invalid before it began."""
    if monday_of(week) > now.astimezone(zone).date():
        raise Invalid.at("week", f"{week} has not begun.")
    telling.settle_closed(session, week, now=now)
    looked_at = _key_results(session, _span(week, zone, now))
    marks, written = week_store.noted(session, week).marks, _written(session, week, looked_at)
    review = _told(session, week, looked_at, marks, written, zone=zone, now=now)
    body = _SHAPE.dump_python(review, mode="json")
    if not week_store.freeze(
        session, FrozenWeek(week=week, body=body, frozen_by=by, frozen_at=now)
    ):
        raise Conflict(f"{week} is frozen already.")
    keeping.keep(session, looked_at, now=now)
    facts = {"sentence": review.sentence, "frozen_by": by}
    events.record(session, "week.frozen", subject=week, now=now, facts=facts)
    return replace(review, frozen_at=now, frozen_by=by)


def _live(
    session: Session, week: str, marks: Sequence[UnusualWeek], *, zone: ZoneInfo, now: datetime
) -> tuple[Review, Read]:
    looked_at = _key_results(session, _span(week, zone, now))
    written = _written(session, week, looked_at)
    told = _told(session, week, looked_at, marks, written, zone=zone, now=now)
    return told, written.readers


def _written(session: Session, week: str, looked_at: Sequence[KeyResultView]) -> Written:
    weeks_of_it = (week, week_before(week))
    return week_store.written(session, weeks_of_it, views.check_ins(looked_at))


def _told(
    session: Session,
    week: str,
    looked_at: tuple[KeyResultView, ...],
    marks: Sequence[UnusualWeek],
    written: Written,
    *,
    zone: ZoneInfo,
    now: datetime,
) -> Review:
    span = _span(week, zone, now)
    decided = learnings.decided_since(session, span.starts, until=span.ends)
    around = store.around(session, since=span.starts, until=span.ends + _WEEK)
    split = time_spent.time_split(session, week)
    lines = written.lines
    last = lines[week_before(week), ItemKind.COMMITMENT]
    return Review(
        week=week,
        starts=span.monday,
        ends=span.monday + timedelta(days=6),
        headline=weeks.headline(looked_at),
        sentence=weeks.sentence(looked_at, decided=len(decided.learnings), time=split),
        key_results=tuple(KeyResultLine.of(view) for view in looked_at),
        decided=tuple(map(_decided, decided.learnings)),
        weeks_avoided=decided.weeks_avoided,
        starting=_starting(around.starting),
        time=split,
        overdue=_overdue(session, span, looked_at, last, around.under_way, zone=zone, now=now),
        blockers=items.shown(lines[week, ItemKind.BLOCKER]),
        decisions=items.shown(lines[week, ItemKind.DECISION]),
        commitments=items.shown(lines[week, ItemKind.COMMITMENT]),
        last_commitments=items.shown(last),
        unusual=_unusual(marks, looked_at),
    )


def _unusual(
    marks: Iterable[UnusualWeek], looked_at: Iterable[KeyResultView]
) -> tuple[Unusual, ...]:
    about = {unusual.EVERY, *(view.row.id for view in looked_at)}
    return tuple(
        Unusual(mark.key_result_id or None, mark.reason, mark.marked_by)
        for mark in marks
        if mark.key_result_id in about
    )


def _span(week: str, zone: ZoneInfo, now: datetime) -> _Span:
    monday = monday_of(week)
    return _Span(
        week=week,
        monday=monday,
        starts=datetime.combine(monday, time(), zone),
        ends=datetime.combine(monday + _WEEK, time(), zone),
        today=now.astimezone(zone).date(),
    )


def _key_results(session: Session, span: _Span) -> tuple[KeyResultView, ...]:
    """Of every cycle that has begun and has a day in the week, as they stood on its last day."""
    day = min(span.today, span.monday + timedelta(days=6))
    running = okr.placed(session, *okr.has_day_between(span.monday, day), today=day)
    return views.of_placed(session, running, today=day)


def _decided(learning: Learning) -> Decided:
    return Decided(**{part.name: getattr(learning, part.name) for part in fields(Decided)})


def _starting(experiments: Iterable[Experiment]) -> tuple[Starting, ...]:
    return tuple(
        Starting(experiment.id, experiment.name, experiment.status, moment)
        for experiment in experiments
        if (moment := experiment.started_at or experiment.scheduled_at) is not None
    )


def _overdue(
    session: Session,
    span: _Span,
    looked_at: Iterable[KeyResultView],
    promised: Iterable[WeekItem],
    under_way: Sequence[Experiment],
    *,
    zone: ZoneInfo,
    now: datetime,
) -> tuple[Overdue, ...]:
    stale = tuple(
        Overdue("value", view.row.id, view.row.title, view.row.owner, _stale(view))
        for view in looked_at
        if view.stale
    )
    if not span.is_recent:
        return stale
    awaiting = weeks.awaiting(session, under_way, zone=zone, now=now)
    return (
        *(
            Overdue("decision", experiment.id, experiment.name, "", call.sentence)
            for experiment, call in awaiting
            if not call.provisional  # while windows are open nothing is late
        ),
        *stale,
        *_unsettled(span, promised),
    )


def _stale(view: KeyResultView) -> str:
    if view.as_of is None:
        return "It has no value yet."
    return f"Its last value is from {view.as_of.isoformat()}."


def _unsettled(span: _Span, promised: Iterable[WeekItem]) -> tuple[Overdue, ...]:
    return tuple(
        Overdue(
            "commitment",
            week_item.id,
            week_item.text,
            week_item.owner,
            "Nobody has said whether it was done.",
        )
        for week_item in promised
        if week_item.kept is None and span.today >= span.monday + _WEEK
    )


def latest_week(*, zone: ZoneInfo, now: datetime) -> str:
    """The week to review now: from Friday on this one, before that the one that ended."""
    here = now.astimezone(zone).date()
    return week_of(here - timedelta(days=4))


def neighbours(week: str, *, zone: ZoneInfo, now: datetime) -> tuple[str, str | None]:
    """The week before, and the week after where it has begun."""
    after = week_after(week)
    return week_before(week), after if monday_of(after) <= now.astimezone(zone).date() else None


def duty(database: Database, *, zone: ZoneInfo) -> Duty:
    """Freeze the week that ended a week ago, where nobody did and there is something to tell.

    It waits for whoever has not said that every click of that week is in.
    """

    def is_due(session: Session, week: str, now: datetime) -> bool:
        is_in = known_until.known_everywhere(session, now=now).covers(_span(week, zone, now).ends)
        return (
            is_in and not week_store.frozen_week(session, week) and _tells(session, week, zone, now)
        )

    def freeze_week(week: str, now: datetime) -> int:
        with suppress(Conflict), database.write() as session:  # another worker was first
            freeze(session, week, by="the calendar", zone=zone, now=now)
        return 1

    return Duty(
        work=Work.FREEZE_WEEK,
        items=lambda _session, now: [week_of(now.astimezone(zone).date() - 2 * _WEEK)],
        is_due=is_due,
        do=freeze_week,
    )


def _tells(session: Session, week: str, zone: ZoneInfo, now: datetime) -> bool:
    span = _span(week, zone, now)
    return bool(
        okr.any_between(session, span.monday, span.monday + timedelta(days=6))
        or store.any_decided(session, since=span.starts, until=span.ends)
    )
