"""What the people of an experiment can show: of those there are, of more and of fewer."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict
from sqlmodel import Session

from app.api.address import PREFIX
from app.api.once import OnceRoute
from app.delivery.outflow import Outflow
from app.delivery.renderable import LiquidRenderable
from app.experiments import curves, drafts, planned, store
from app.experiments.design import Plan
from app.experiments.enrolment import judge_of
from app.experiments.models import Experiment
from app.identity.guard import Db, Now

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Experiments"])

_POINT: dict[str, Any] = {"people": 600, "detectable": 0.11, "chosen": True}


class CurvePoint(BaseModel):
    """With so many people; `chosen` are those that there are."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _POINT})

    people: int
    detectable: float | None
    chosen: bool


class CurveOut(BaseModel):
    """Fewest people first."""

    model_config = ConfigDict(json_schema_extra={"example": {"points": [_POINT]}})

    points: list[CurvePoint]


@router.get("/experiments/{experiment_id}/plan", summary="What the audience can show")
def get_plan(experiment_id: str, request: Request, session: Db, now: Now) -> Plan:
    """The pass count, the true rate that validates 4 times in 5, the day of the answer."""
    return _plan(request, session, store.experiment_of(session, experiment_id), now=now)


@router.get(
    "/experiments/{experiment_id}/plan/curve", summary="What more people, or fewer, could show"
)
def get_curve(experiment_id: str, request: Request, session: Db, now: Now) -> CurveOut:
    """What the plan would say with a quarter of the people up to four times as many.

    `detectable` is the true rate, or the difference, that is told 4 times in 5; null where so few
    can tell nothing. Empty for values per person.
    """
    row = store.experiment_of(session, experiment_id)
    people = _plan(request, session, row, now=now).people
    told = curves.curve(drafts.design_of(row), people)
    return CurveOut(points=[CurvePoint.model_validate(one) for one in told])


def _plan(request: Request, session: Session, row: Experiment, *, now: datetime) -> Plan:
    settings = request.app.state.settings
    renderable = LiquidRenderable(settings, request.app.state.keyring)
    judge = judge_of(session, row, renderable, settings, now=now)
    return planned.plan_of(
        session, row, judge, paces=Outflow(settings), zone=settings.zone, now=now
    )
