"""A quarter, an objective and its key results."""

from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlmodel import Session

from app.okr import outcomes, series, store, values
from app.okr.models import CheckIn, Cycle, KeyResult, Objective
from app.okr.schemas import CycleDraft, KeyResultDraft, ObjectiveDraft, TeamDraft, ValueDraft
from app.okr.series import Value
from app.platform.db import Database

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)  # a Tuesday
TODAY = NOW.date()
OSLO = ZoneInfo("Europe/Oslo")


_READER = """
    DO $$ BEGIN
        CREATE ROLE reader LOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END $$
"""


def as_reader(database: Database, url: str) -> str:
    """The address of the same database for somebody who may only read what is granted."""
    if database.is_sqlite:
        return url
    with database.write() as session:
        session.execute(text(_READER))
    parts = urlsplit(url)
    return parts._replace(netloc=f"reader@{parts.netloc.rpartition('@')[2]}").geturl()


def given_cycle(session: Session, name: str = "2026 Q4", **days: date) -> Cycle:
    quarter = {"starts": date(2026, 10, 1), "ends": date(2026, 12, 31)}
    return outcomes.add_cycle(session, CycleDraft(name=name, **(quarter | days)))


def given_objective(session: Session, *teams: str) -> Objective:
    rows = [outcomes.add_team(session, TeamDraft(name=team)) for team in teams]
    draft = ObjectiveDraft(
        title="Bakers throw less away",
        cycle_id=given_cycle(session).id,
        team_ids=[row.id for row in rows],
        owner="ann@halvern.example",
    )
    return outcomes.add_objective(session, draft, now=NOW)


def given_key_result(session: Session, objective: Objective, **changes: Any) -> KeyResult:
    fields = {
        "objective_id": objective.id,
        "title": "Weekly active bakeries",
        "kind": "increase",
        "start": 1240,
        "target": 1800,
    }
    draft = KeyResultDraft.model_validate(fields | changes)
    return outcomes.add_key_result(session, draft, now=NOW)


def put(
    session: Session, row_id: str, day: date, value: float, *, now: datetime = NOW, **more: Any
) -> CheckIn:
    """A value as a person puts it."""
    draft = ValueDraft(value=value, **more)
    return values.put(session, row_id, day, draft, source="manual", by="Ann", zone=OSLO, now=now)


def course(session: Session, row_id: str) -> tuple[Value, ...]:
    """The value of each day that has one."""
    return series.daily_values(session, store.key_result_of(session, row_id))
