"""The SQL of the first hour."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, select, update
from sqlmodel import Session, col

from app.audience.models import Audience, Import
from app.experiments.models import Experiment, Status
from app.okr.models import KeyResult
from app.platform.install import Install
from app.tracking.models import Hit


@dataclass(frozen=True, slots=True)
class Standing:
    """The newest of each that there is. `is_over`: somebody put it away, or launched for real."""

    is_over: bool
    number_id: str | None
    number: str
    audience_id: str | None
    audience: str
    people: int
    is_reading: bool  # a file of people
    refused: int  # lines of the newest file of that audience
    import_id: str | None  # that file, where it was read
    draft_id: str | None
    rehearsal_id: str | None
    clicked: bool  # on a mail of that rehearsal, by somebody


def standing(session: Session) -> Standing:
    """All of it in one question."""
    number = _newest(KeyResult)
    audience = _newest(Audience, col(Audience.people) > 0)
    read = _newest(Import, col(Import.audience_id) == audience, col(Import.status) == "done")
    draft = _newest(Experiment, col(Experiment.status) == Status.DRAFT)
    rehearsal = _newest(Experiment, col(Experiment.rehearsal))
    is_real = col(Experiment.launched_at).is_not(None) & ~col(Experiment.rehearsal)
    is_away = col(Install.start_away_at).is_not(None)
    question = select(
        (exists().where(is_real) | exists().where(is_away)).label("is_over"),
        _of(KeyResult.id, number).label("number_id"),
        func.coalesce(_of(KeyResult.title, number), "").label("number"),
        _of(Audience.id, audience).label("audience_id"),
        func.coalesce(_of(Audience.name, audience), "").label("audience"),
        func.coalesce(_of(Audience.people, audience), 0).label("people"),
        exists().where(col(Import.status) == "running").label("is_reading"),
        func.coalesce(_of(Import.refused, read), 0).label("refused"),
        read.label("import_id"),
        _of(Experiment.id, draft).label("draft_id"),
        _of(Experiment.id, rehearsal).label("rehearsal_id"),
        exists()
        .where(
            col(Hit.experiment_id) == rehearsal,
            col(Hit.kind) == "click",
            col(Hit.verdict) == "human",
        )
        .label("clicked"),
    )
    return Standing(**session.execute(question).mappings().one())


def put_away(session: Session, *, now: datetime) -> None:
    """For everybody, for good."""
    session.execute(update(Install).values(start_away_at=now))


def _newest(table: Any, *wanted: Any) -> Any:
    return select(func.max(col(table.id))).where(*wanted).scalar_subquery()


def _of(column: Any, which: Any) -> Any:
    return select(col(column)).where(col(column.class_.id) == which).scalar_subquery()
