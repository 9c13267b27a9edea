"""The part of the Friday page about one's key results: value, confidence, what changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from sqlmodel import Session

from app.languages import written
from app.languages.words import Words
from app.okr import exact, sayings, values
from app.okr.models import KeyResult
from app.okr.schemas import ConfidenceDraft, ValueDraft
from app.okr.views import KeyResultView
from app.platform.errors import AppError
from app.review.shapes import KeyResultLine
from app.web.kit import formatting, friday_questions, key_result_line
from app.web.kit.form_state import Typed

_PARTS = ("value", "confidence", "comment")
LOOK = "Please look at the marked fields."
UNCHANGED = "“{title}” could not be changed: its cycle is closed, or no value stands yet."
_CONFIDENCES = {str(one) for one in range(11)}
_LONGEST = 2_000  # characters of what changed
_TYPED = {"manual", "api"}  # sources whose values people may put


@dataclass(frozen=True, slots=True)
class NumberAsked:
    """One key result: how it stands, and what experiments said of it lately."""

    id: str
    title: str
    sentence: str
    state: str
    current: str
    goal: str
    unit: str
    is_typed: bool
    is_milestone: bool
    questions: tuple[str, ...]


def asked(
    session: Session,
    told: Iterable[KeyResultView],
    words: Words,
    *,
    zone: ZoneInfo,
    now: datetime,
) -> list[NumberAsked]:
    """What stands beside the fields."""
    every = list(told)
    said = friday_questions.questions(
        session,
        [key_result_view.row.id for key_result_view in every],
        words,
        zone=zone,
        now=now,
    )
    return [_asked(view, said[view.row.id], words) for view in every]


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
    session: Session, told: Iterable[KeyResultView], form: Typed, words: Words, *, by: str,
    zone: ZoneInfo, now: datetime,
) -> Typed | None:  # fmt: skip
    """Keep what was typed for today; the form with what is wrong, or None."""
    for view in told:
        names = {part: f"{part}.{view.row.id}" for part in _PARTS}
        typed = {part: form.text(name) for part, name in names.items()}
        if wrong := _wrong(typed, words):
            errors = {names[part]: sentence for part, sentence in wrong.items()}
            return replace(form, errors=errors, sentence=words.say(LOOK))
        try:
            _put(session, view.row, typed, by=by, zone=zone, now=now)
        except (AppError, ValidationError):
            return replace(form, sentence=words.say(UNCHANGED, title=view.row.title))
    return None


def _wrong(typed: Mapping[str, str | None], words: Words) -> dict[str, str]:
    """What cannot be taken of what was typed, by part."""
    value, confidence, comment = (typed[part] for part in _PARTS)
    found = {}
    if value is not None and not _is_number(value):
        found["value"] = words.say("Write a number here, without letters or signs around it.")
    if confidence is not None and confidence not in _CONFIDENCES:
        found["confidence"] = words.say("Write a whole number from 0 to 10.")
    if len(comment or "") > _LONGEST:
        most = written.number(_LONGEST, words.spoken)
        found["comment"] = words.say("Write {most} characters at most.", most=most)
    return found


def _is_number(typed: str) -> bool:
    try:
        return abs(float(typed)) <= exact.LARGEST
    except ValueError:
        return False


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


def _asked(told: KeyResultView, questions: tuple[str, ...], words: Words) -> NumberAsked:
    row = told.row
    return NumberAsked(
        id=row.id,
        title=row.title,
        sentence=sayings.in_words(row, told.found, words) if told.found else "",
        state=key_result_line.state(KeyResultLine.of(told), words),
        current=formatting.amount(told.current, row.unit, words),
        goal=key_result_line.way(row, words),
        unit={"percent": "%", "number": ""}.get(row.unit, row.unit),
        is_typed=row.source in _TYPED,
        is_milestone=row.kind == "milestone",
        questions=questions,
    )
