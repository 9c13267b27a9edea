"""The page of one key result: its story, its values, and what experiments say of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar

from fastapi import Request
from sqlmodel import Session

from app.identity.callers import Principal
from app.okr import provenance, sayings, series, store, unusual, views, week_rows
from app.okr.models import CheckIn, Cycle, KeyResult
from app.okr.pace_words import grade_in_words
from app.okr.progress import grade
from app.okr.series import Value
from app.okr.unusual import Mark
from app.okr.views import KeyResultView
from app.platform.figures import score
from app.platform.iso_weeks import week_of
from app.review import seen
from app.review.shapes import KeyResultLine
from app.web.kit import charts, formatting, friday_questions, key_result_line
from app.web.kit import seen as seen_lines
from app.web.kit.charts import Chart, Charts
from app.web.kit.form_state import Typed
from app.web.kit.friday_questions import EvidenceRow, LedgerRow
from app.web.kit.pages import Page
from app.web.kit.seen import CheckedIn, SeenLine
from app.web.outcomes import (
    key_result_chart,
    key_result_figures,
    key_result_form,
    pushes,
    value_sources,
)
from app.web.outcomes.key_result_chart import Story
from app.web.outcomes.pushes import Linked
from app.web.outcomes.value_sources import Reads

_UNFORESEEN = {"maintain", "milestone"}
_NEW_FOR = timedelta(days=31)  # so long a check-in has a button to say that one has read it
_TYPED = {"manual", "api"}  # sources whose values people may put


@dataclass(frozen=True, slots=True)
class ValueRow:
    """One day: the value, and who or what it comes from."""

    date: date
    value: float
    confidence: int | None
    comment: str
    origin: str
    href: str
    remark: str  # why it is not the value of its day
    seen: SeenLine | None  # None: nobody put it


@dataclass(frozen=True, slots=True)
class ReplacedRow:
    """A value that holds no more."""

    date: date
    value: float
    comment: str
    origin: str
    replaced_at: datetime


@dataclass(frozen=True, kw_only=True)
class KeyResultPage(Page):
    """A number that should move. `open` is the form that needs another look."""

    template: ClassVar[str] = "outcomes/key_result.html"
    section: ClassVar[str] = "outcomes"

    id: str
    title: str
    objective: str
    state: str
    said: str | None
    statement: str
    asks_running_total: bool
    small_print: str
    warning: str | None
    ended: str
    unit: str
    unit_word: str
    figures: tuple[tuple[str, str, str], ...]
    story: Story | None
    charts: Charts
    ahead: str
    values: list[ValueRow]
    replaced: list[ReplacedRow]
    form: Typed
    edit: Typed
    marking: Typed
    marks: list[Mark]
    weeks: list[tuple[str, str]]
    open: str
    is_typed: bool
    is_band: bool
    reads: Reads | None
    ledger: list[LedgerRow]
    evidence: list[EvidenceRow]
    questions: list[str]
    told: list[Linked]


def page(
    request: Request,
    session: Session,
    key_result_id: str,
    *,
    now: datetime,
    form: Typed | None = None,
    edit: Typed | None = None,
    marking: Typed | None = None,
) -> KeyResultPage:
    """The page with the one form that needs another look."""
    zone = request.app.state.settings.zone
    today = now.astimezone(zone).date()
    placed = week_rows.placed_one(session, key_result_id, today=today)
    row, ends = placed.row, {placed.row.id: placed.cycle.ends}
    stored = series.stored_of(session, (row,), ends=ends)[row.id]
    view = views.view(session, placed, stored, today=today)
    marks, source = unusual.marks_and_source(session, row.id, view.cycle, today=today)
    said = friday_questions.rows(session, row, stored, zone=zone, now=now)
    began = [
        (evidence.began, evidence.name, f"/experiments/{evidence.id}")
        for evidence in said
        if evidence.began
    ]
    story = key_result_chart.story_of(view, began)
    values = _values(session, request.state.principal, row, stored, today=today)
    return KeyResultPage(
        id=row.id,
        title=row.title,
        objective=placed.objective.title,
        state=key_result_line.state(KeyResultLine.of(view)),
        said=view.statement.state if view.statement else None,
        statement=view.statement.sentence if view.statement else "",
        asks_running_total=bool(view.statement and view.statement.asks_running_total),
        small_print=sayings.SMALL_PRINT,
        warning=_warning(view),
        ended=_ended(row),
        unit=row.unit,
        unit_word="%" if row.unit == "percent" else "" if row.unit == "number" else row.unit,
        figures=key_result_figures.figures_of(view, today),
        story=story,
        charts=charts.standing_at(f"/key-results/{row.id}", (_course(story, values, row.unit),)),
        ahead="" if row.kind in _UNFORESEEN else key_result_chart.ahead(view.forecast, row.unit),
        values=values,
        replaced=[_replaced(check_in) for check_in in store.replaced(session, row.id)],
        form=form or Typed.of(date=today),
        edit=edit or key_result_form.filled(row, source),
        marking=marking or Typed(),
        marks=marks,
        weeks=_coming(view.cycle, marks, today=today),
        open="edit" if edit else "marking" if marking else "",
        is_typed=row.source in _TYPED,
        is_band=row.kind == "maintain",
        reads=value_sources.reads_of(source),
        ledger=friday_questions.posted(session, row, stored, said),
        evidence=said,
        questions=[evidence.question for evidence in said if evidence.question],
        told=pushes.linked(session, row.id),
    )


def _course(story: Story | None, values: Sequence[ValueRow], unit: str) -> Chart | None:
    if story is None:
        return None
    return Chart(
        name="course",
        title="Week by week",
        caption=" ".join(
            (story.title, *(f"{one.number}: {one.name}, {one.when}." for one in story.marks))
        ),
        head=("Day", "Value", "Confidence", "Comment", "From"),
        rows=tuple(
            (
                formatting.weekday(value.date),
                formatting.amount(value.value, unit),
                "" if value.confidence is None else formatting.number(value.confidence),
                value.comment,
                f"{value.origin}. {value.remark}: kept, and not the value of the day"
                if value.remark
                else value.origin,
            )
            for value in values
        ),
        drawn=(story,),
    )


def _coming(cycle: Cycle, marks: list[Mark], *, today: date) -> list[tuple[str, str]]:
    """Weeks that may still be marked, as one chooses them: `2026-W53, from 28 Dec 2026`."""
    mondays = unusual.coming(cycle, marks, today=today)
    return [
        (week_of(monday), f"{week_of(monday)}, from {formatting.short(monday)}")
        for monday in mondays
    ]


def _warning(view: KeyResultView) -> str | None:
    if view.warning and view.row.kept_because:
        return f"{view.warning} Kept because: {view.row.kept_because}"
    return view.warning


def _ended(row: KeyResult) -> str:
    if row.score is None:
        return ""
    said = grade_in_words(grade(row.score))
    comment = f" {row.score_comment}" if row.score_comment else ""
    return f"Closed with a score of {score(row.score)}: {said}.{comment}"


def _values(
    session: Session, who: Principal, row: KeyResult, stored: series.Stored, *, today: date
) -> list[ValueRow]:
    """The latest first, each with who has read it."""
    every = series.listed(stored)
    ids = [one.value.check_in_id for one in every if one.value.check_in_id is not None]
    read = seen_lines.lines(
        who,
        (
            CheckedIn(
                one.value.check_in_id,
                row.id,
                one.value.recorded_by,
                asks=one.value.date >= today - _NEW_FOR,
            )
            for one in every
            if one.value.check_in_id is not None
        ),
        seen.readers(session, ids),
    )
    return [_value(one, read.get(one.value.check_in_id or "")) for one in reversed(every)]


def _value(listed: series.Listed, seen: SeenLine | None) -> ValueRow:
    value = listed.value
    href = f"/experiments/{value.experiment_id}" if value.experiment_id else ""
    return ValueRow(
        value.date,
        value.value,
        value.confidence,
        value.comment,
        _origin(value),
        href,
        listed.remark,
        seen,
    )


def _origin(one: Value | CheckIn) -> str:
    """Where a value comes from: `experiment · Ann: 600 people, 12 (9.5 to 14.9)`."""
    origin = " · ".join(part for part in (formatting.plain(one.source), one.recorded_by) if part)
    if one.confirms:
        return f"{origin}, confirmed"
    if provenance.entered_later(one.date, one.recorded_at):
        origin += f", entered later: {formatting.short(one.recorded_at.date())}"
    if one.experiment_id and one.estimate is not None:
        low, high = (
            formatting.number(round(one.low or 0, 2)),
            formatting.number(round(one.high or 0, 2)),
        )
        people = formatting.plural(one.observed or 0, "person", "people")
        origin += f": {people}, {formatting.number(round(one.estimate, 2))} ({low} to {high})"
    return origin


def _replaced(check_in: CheckIn) -> ReplacedRow:
    assert check_in.replaced_at is not None
    return ReplacedRow(
        check_in.date, check_in.value, check_in.comment, _origin(check_in), check_in.replaced_at
    )
