"""What an installation of size holds beside its experiments: weeks of time, told weeks, systems."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session, SQLModel

from app.allocation.models import (
    Invitation,
    Mode,
    Opening,
    Respondent,
    TimeAnswer,
    TimeTold,
    WeekBucket,
    first_buckets,
)
from app.okr.models import ToldWeek, UnusualWeek
from app.outreach.models import Connector, ConnectorLink, Push
from app.platform.iso_weeks import week_of
from app.platform.put_off import PutOff, Work

_WEEK = timedelta(days=7)
_TEAM = "t1"
_SETTINGS = {"url": "https://told.example/", "events": ["key_result.valued"]}


def add(
    session: Session, *, key_results: list[str], rows: int, experiments: list[str], now: datetime
) -> None:
    """Every row is what the rooms would have written. `rows`: respondents, and weeks, of each."""
    today = now.date()
    for row in (
        *_people(rows),
        *(one for back in range(min(rows, 26)) for one in _week(today - back * _WEEK, rows, now)),
        *(_told(one, week, now) for one in key_results for week in range(1, min(rows, 6) + 1)),
        UnusualWeek(week=week_of(today - 2 * _WEEK), reason="A fair", marked_at=now - 4 * _WEEK),
        *(_put_off(one, now) for one in experiments[:rows]),
        *_systems(key_results[0], rows, now),
    ):
        session.add(row)
    session.flush()


def _people(rows: int) -> list[SQLModel]:
    return [
        Respondent(
            id=f"r{n:04}", number=n, name=f"P{n}", email=f"p{n}@halvern.example", team_id=_TEAM
        )
        for n in range(rows)
    ]


def _week(day: date, rows: int, now: datetime) -> list[SQLModel]:
    week = week_of(day)
    opening = Opening(
        name="friday", week=week, mode=Mode.PERSON, opened_at=now, reminds_at=now, closes_at=now,
        settled_at=now,
    )  # fmt: skip
    asked = [
        WeekBucket(week=week, bucket_id=one.id, target=one.target, position=one.position)
        for one in first_buckets()
    ]
    return [opening, *asked, *(one for n in range(rows) for one in _answer(week, n, now))]


def _answer(week: str, number: int, now: datetime) -> list[SQLModel]:
    who: dict[str, Any] = {"week": week, "respondent_id": f"r{number:04}"}
    shares = {"lights": 40 + number % 20, "new": 60 - number % 20}
    return [
        Invitation(**who, asked_at=now),
        TimeAnswer(**who, shares=shares, team_id=_TEAM, at=now),
        TimeTold(**who, shares=shares, team_id=_TEAM, cell=0),
    ]


def _told(key_result_id: str, week: int, now: datetime) -> ToldWeek:
    return ToldWeek(
        key_result_id=key_result_id, week=week, told_at=now, direction=0, p=0.4, bound=0.01,
        moved=1.0, low=0.9, high=1.1, noise_low=900.0, noise_high=1_100.0, begins=1_000.0,
        now=1_000.0, as_factors=True, chance=0.5,
    )  # fmt: skip


def _put_off(experiment_id: str, now: datetime) -> PutOff:
    return PutOff(
        id=f"p{experiment_id}", work=Work.SEND, item=experiment_id, attempts=2, since=now,
        reason="The mail server said no.", tried_at=now, next_at=now,
    )  # fmt: skip


def _systems(key_result_id: str, rows: int, now: datetime) -> list[SQLModel]:
    who: dict[str, Any] = {"created_at": now, "created_by": "Ann"}
    return [
        one
        for n in range(min(rows, 5))
        for one in (
            Connector(
                id=f"x{n}", kind="webhook", name=f"System {n}", settings=_SETTINGS,
                secrets="sealed", **who,
            ),
            ConnectorLink(key_result_id=key_result_id, connector_id=f"x{n}", **who),
            Push(
                event_id="e", connector_id=f"x{n}", lane=f"x{n}", kind="key_result.valued",
                subject=key_result_id, happened_at=now, due_at=now, created_at=now, attempts=1,
                facts={"value": 7.0},
                last_error="refused",
            ),
        )
    ]  # fmt: skip
