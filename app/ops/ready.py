"""`/health`: this process answers. `/ready`: database, migrations and the processes beside it."""

from enum import StrEnum

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from app.ops import late
from app.ops.installation import House
from app.platform import away, locks, migrate
from app.platform.away import AWAY
from app.platform.migrate import WrongSchema

router = APIRouter(tags=["operation"])


class Beside(StrEnum):
    """The process without which this one is of no use, in the order of a house's locks."""

    INGESTER = "ingester"
    SENDER = "sender"


_NONE_RUNS = {
    Beside.INGESTER: "No ingester runs on this data folder; `thinslice serve` starts one.",
    Beside.SENDER: "No sender runs on this data folder: another one holds it, or this one ends.",
}


class Health(BaseModel):
    """Alive."""

    status: str = "alive"


class Readiness(BaseModel):
    """What was looked at, each `ok` or the sentence that says what is wrong."""

    ready: bool
    checks: dict[str, str]
    notes: list[str] = []  # what is odd, and keeps nobody from working
    late: list[str] = []  # what is later than it should be, here or elsewhere


@router.get("/health")
async def health() -> Health:
    """Say that this process answers; nothing else is asked."""
    return Health()


@router.get("/ready", response_model=Readiness, responses={503: {"model": Readiness}})
def ready(request: Request) -> JSONResponse:
    """Say whether this machine can do its work: 200, or 503 with what is wrong."""
    house: House = request.app.state.house
    process = getattr(request.app.state, "beside", Beside.INGESTER)
    checks = {"database": "ok", "migrations": "ok", process: "ok"}
    try:
        migrate.check(house.database)
        if house.database.takes_no_changes():
            checks["database"] = away.TAKES_NO_CHANGES
    except WrongSchema as error:
        checks["migrations"] = str(error)
    except AWAY as error:
        checks["database"] = checks["migrations"] = away.in_words(error)
    if not locks.held(house.locks[tuple(Beside).index(process)]):
        checks[process] = _NONE_RUNS[process]
    fine = set(checks.values()) == {"ok"}
    held = request.app.state.hold.said()
    notes = [*house.seconds(), *([held] if held else [])]
    look = request.app.state.gauges.look()
    told = {"ready": fine, "checks": checks, "notes": notes, "late": late.everything(look)}
    return JSONResponse(told, 200 if fine else 503)
