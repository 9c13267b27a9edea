"""The part of the Friday page about one's key results: value, confidence, what changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from sqlmodel import Session

from app.okr import values
from app.okr.models import KeyResult
from app.okr.schemas import ConfidenceDraft, ValueDraft
from app.okr.views import KeyResultView
from app.platform.errors import AppError
from app.review.shapes import KeyResultLine
from app.web.kit import friday_questions, key_result_line
from app.web.kit.form_state import Typed
from app.web.kit.key_result_line import Line

_PARTS = ("value", "confidence", "comment")
_TYPED = {"manual", "api"}  # sources whose values people may put


@dataclass(frozen=True, slots=True)
class NumberAsked:
    """One key result: how it stands, and what experiments said of it lately."""

    id: str
    line: Line
    goal: str
    unit: str
    is_typed: bool
    is_milestone: bool
    questions: tuple[str, ...]


def asked(
    session: Session, told: Iterable[KeyResultView], *, zone: ZoneInfo, now: datetime
) -> list[NumberAsked]:
    """What stands beside the fields."""
    every = list(told)
    said = friday_questions.questions(
        session, [key_result_view.row.id for key_result_view in every], zone=zone, now=now
    )
    return [_asked(view, said[view.row.id]) for view in every]


def filled(told: Iterable[KeyResultView], today: date) -> dict[str, tuple[str, ...]]:
    """The fields as they were last, so that an unchanged number is one button away."""
    fields: dict[str, object] = {}
    for key_result_view in told:
        key, last = (
            key_result_view.row.id,
            key_result_view.values[-1] if key_result_view.values else None,
        )
        fields[f"value.{key}"] = key_result_view.current
        fields[f"confidence.{key}"] = key_result_view.confidence
        fields[f"comment.{key}"] = last.comment if last and last.date == today else None
    return dict(Typed.of(**fields).fields)


def put(
    session: Session, told: Iterable[KeyResultView], form: Typed, *, by: str, zone: ZoneInfo,
    now: datetime,
) -> Typed | None:  # fmt: skip
    """Keep what was typed for today; the form with what is wrong, or None."""
    for key_result_view in told:
        typed = {part: form.text(f"{part}.{key_result_view.row.id}") for part in _PARTS}
        try:
            _put(session, key_result_view.row, typed, by=by, zone=zone, now=now)
        except (AppError, ValidationError) as error:
            return form.mended(error, {part: f"{part}.{key_result_view.row.id}" for part in _PARTS})
    return None


def _put(
    session: Session, row: KeyResult, typed: dict[str, str | None], *, by: str, zone: ZoneInfo,
    now: datetime,
) -> None:  # fmt: skip
    """A value with its confidence; or, where values come by themselves, the confidence alone."""
    if row.source in _TYPED and typed["value"] is not None:
        draft = ValueDraft.model_validate(typed)
        day = values.day_of(session, row, now.astimezone(zone).date())
        values.put(session, row.id, day, draft, source="manual", by=by, zone=zone, now=now)
    elif typed["confidence"] is not None:
        said = {"confidence": typed["confidence"], "comment": typed["comment"] or ""}
        values.confirm(
            session, row.id, ConfidenceDraft.model_validate(said), by=by, zone=zone, now=now
        )


def _asked(told: KeyResultView, questions: tuple[str, ...]) -> NumberAsked:
    row = told.row
    return NumberAsked(
        id=row.id,
        line=key_result_line.line_of(KeyResultLine.of(told)),
        goal=key_result_line.way(row),
        unit={"percent": "%", "number": ""}.get(row.unit, row.unit),
        is_typed=row.source in _TYPED,
        is_milestone=row.kind == "milestone",
        questions=questions,
    )
