"""Where the time goes: buckets, weeks and answers."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict
from sqlmodel import Session

from app.allocation import answers, opening, roster, store, weeks
from app.allocation.models import Opening
from app.allocation.schemas import AnswerDraft, BucketsDraft
from app.allocation.summary import SPLIT, Split
from app.api.address import PREFIX
from app.api.once import OnceRoute
from app.identity.guard import Db, Now
from app.platform.iso_weeks import monday_of

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Time allocation"])


class BucketOut(BaseModel):
    """A kind of work. Its target is a share of elective time, or of all time if not elective."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "example": {"id": "new", "name": "Build new", "elective": True, "target": 0.6}
        },
    )

    id: str
    name: str
    elective: bool
    target: float | None


_BUCKET: dict[str, Any] = {"id": "new", "name": "Build new", "elective": True, "target": 0.6}
_OPENING: dict[str, Any] = {
    "week": "2026-W47",
    "mode": "team",
    "opened_at": "2026-11-20T14:00:00Z",
    "reminds_at": "2026-11-23T09:00:00Z",
    "closes_at": "2026-11-23T10:00:00Z",
}


class BucketsOut(BaseModel):
    """All that are asked for, in order."""

    model_config = ConfigDict(json_schema_extra={"example": {"items": [_BUCKET]}})

    items: list[BucketOut]


class OpeningOut(BaseModel):
    """A week that answers are taken for."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _OPENING})

    week: str
    mode: str
    opened_at: datetime
    reminds_at: datetime
    closes_at: datetime


class AnswerOut(BaseModel):
    """An answer as it was kept."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "example": {
                "week": "2026-W47",
                "respondent_id": "1f0c3m8k2tq5w7x9z0ab",
                "shares": {"lights": 44, "new": 28, "existing": 14, "productivity": 14},
                "note": "",
                "late": False,
                "at": "2026-11-20T14:12:00Z",
            }
        },
    )

    week: str
    respondent_id: str
    shares: dict[str, int]
    note: str
    late: bool
    at: datetime


class WeekOut(OpeningOut):
    """Where a week went; null where nobody answered or too few people to be shown.

    `buckets` and their targets are those that the week was asked about. `counted` of the answers
    are in `everybody`: in person mode, new ones and corrections are added four at a time.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "example": _OPENING
            | {
                "asked": 3,
                "answered": 2,
                "counted": 2,
                "late": 0,
                "response_rate": 0.67,
                "rising": True,
                "buckets": [_BUCKET],
                "everybody": SPLIT,
                "teams": {"1f0c3m8k2tq5w7x9z0ac": SPLIT},
            }
        }
    )

    asked: int
    answered: int
    counted: int
    late: int
    response_rate: float
    rising: bool
    buckets: list[BucketOut]
    everybody: Split | None
    teams: dict[str, Split | None]


@router.get("/allocation/buckets", summary="List buckets")
def list_buckets(session: Db) -> BucketsOut:
    """What respondents are asked for."""
    return BucketsOut(items=[BucketOut.model_validate(row) for row in store.buckets(session)])


@router.put("/allocation/buckets", summary="Set buckets and targets")
def put_buckets(draft: BucketsDraft, session: Db, now: Now) -> BucketsOut:
    """All of them, in order. One that is left out is retired and keeps its answers."""
    rows = roster.put_buckets(session, draft, now=now)
    return BucketsOut(items=[BucketOut.model_validate(row) for row in rows])


@router.post("/allocation/weeks/{week}/open", summary="Open a week by hand")
def open_week(week: str, request: Request, session: Db, now: Now) -> OpeningOut:
    """Before its time, or one that was missed. A week opens once (409)."""
    zone = ZoneInfo(request.app.state.settings.timezone)
    row: Opening = opening.open_by_hand(session, week, zone=zone, now=now)
    return OpeningOut.model_validate(row)


@router.put("/allocation/weeks/{week}/answers/{respondent_id}", summary="Answer for a respondent")
def put_answer(
    week: str, respondent_id: str, draft: AnswerDraft, session: Db, now: Now
) -> AnswerOut:
    """Whole percentages that add up to 100. After closing it is kept and marked late."""
    monday_of(week)
    respondent = store.respondent_of(session, respondent_id)
    return AnswerOut.model_validate(answers.put(session, week, respondent, draft, now=now))


@router.get("/allocation/weeks/{week}", summary="Look at a week")
def get_week(week: str, session: Db) -> WeekOut:
    """In person mode, nothing that is shown, before or after, is about fewer than four people.

    Every team counts the same in team mode, however many answered for it.
    """
    return _shown(session, weeks.opened_week(session, week))


def _shown(session: Session, week: weeks.Week) -> WeekOut:
    return WeekOut(
        **OpeningOut.model_validate(week.opening).model_dump(),
        asked=week.asked,
        answered=week.answered,
        counted=week.counted,
        late=week.late,
        response_rate=week.response_rate,
        rising=weeks.rising(session, week.opening.week),
        buckets=[BucketOut.model_validate(row) for row in week.buckets],
        everybody=week.everybody,
        teams=dict(week.teams),
    )
