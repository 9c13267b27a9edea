"""What a draft said before: listed, read, brought back."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from app.api.address import PREFIX
from app.api.experiments import ExperimentOut, shown
from app.api.once import OnceRoute
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, Listed
from app.experiments import bringing_back, store, version_rows, versions
from app.experiments.models import DraftVersion, Experiment, Made
from app.identity.guard import Db, Now, Who
from app.platform.errors import Conflict
from app.platform.texts import Document, Line

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Experiments"])

Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
_VERSION: dict[str, Any] = {
    "number": 7,
    "mark": "7.2",
    "made": "written",
    "of": None,
    "by": "Ann",
    "begun_at": "2026-11-20T08:00:00Z",
    "at": "2026-11-20T08:02:10Z",
    "launched": False,
    "changed": [{"field": "arms.insight.subject", "before": "Waste", "after": "Waste in euros"}],
}


class DifferenceOut(BaseModel):
    """A part of the document by its path; null where it says nothing."""

    field: str
    before: Any
    after: Any


class VersionOut(BaseModel):
    """A draft as somebody left it, and what of it was another before."""

    model_config = ConfigDict(json_schema_extra={"example": _VERSION})

    number: int
    mark: str = Field(description="names this state; whoever goes on writing changes it")
    made: Made
    of: int | None = Field(description="the version that was brought back")
    by: str
    begun_at: datetime
    at: datetime
    launched: bool = Field(description="this is what was launched")
    changed: list[DifferenceOut]


class WholeVersionOut(VersionOut):
    """The same with the whole document."""

    model_config = ConfigDict(json_schema_extra={"example": _VERSION | {"design": {"name": "A"}}})

    design: dict[str, Any]


class SeenDraft(Document):
    """What the newest version was when you looked."""

    model_config = ConfigDict(json_schema_extra={"example": {"mark": "7.2"}})

    mark: Line | None = Field(
        default=None, description="of the newest version as you saw it: 409 if it is another by now"
    )


@router.get("/experiments/{experiment_id}/versions", summary="List versions of a draft")
def list_versions(
    experiment_id: str, session: Db, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Listed[VersionOut]:
    """Newest first. The latest hundred are kept; of a launched experiment, what was launched.

    Whoever goes on writing within five minutes goes on with their own version.
    """
    row = store.experiment_of(session, experiment_id)
    rows = version_rows.page(session, experiment_id, cursor=cursor, limit=limit)
    newest = version_rows.newest(session, experiment_id)
    told = versions.with_before(session, rows)
    return Listed(
        items=[VersionOut(**_told(row, each, before, newest)) for each, before in told],
        next=rows.next,
    )


@router.get("/experiments/{experiment_id}/versions/{number}", summary="Read one version")
def get_version(experiment_id: str, number: Number, session: Db) -> WholeVersionOut:
    """Its whole document, and what changed with it."""
    row = store.experiment_of(session, experiment_id)
    version = version_rows.version_of(session, experiment_id, number)
    newest = version_rows.newest(session, experiment_id)
    before = version_rows.before(session, experiment_id, number)
    return WholeVersionOut(**_told(row, version, before, newest), design=version.design)


@router.post(
    "/experiments/{experiment_id}/versions/{number}/restore", summary="Bring a version back"
)
def restore_version(
    *,
    experiment_id: str,
    number: Number,
    seen: SeenDraft | None = None,
    session: Db,
    who: Who,
    now: Now,
) -> ExperimentOut:
    """A new version says what this one did; nothing is lost. Only while it is a draft (else 409).

    What it names that is gone or closed by now stays as it is.
    """
    row = _looked_at(session, experiment_id, seen)
    return shown(session, bringing_back.restore(session, row, number, by=who.name, now=now))


@router.post("/experiments/{experiment_id}/versions/undo", summary="Undo the last change")
def undo_change(
    *, experiment_id: str, seen: SeenDraft | None = None, session: Db, who: Who, now: Now
) -> ExperimentOut:
    """The draft says what it did before; asked again, it goes one change further back.

    Refused (409) where nothing is left to undo.
    """
    row = _looked_at(session, experiment_id, seen)
    if bringing_back.undo(session, row, by=who.name, now=now) is None:
        raise Conflict("There is nothing left to undo.")
    return shown(session, row)


def _looked_at(session: Session, experiment_id: str, seen: SeenDraft | None) -> Experiment:
    row = store.locked(session, experiment_id)
    if seen is not None and seen.mark is not None:
        versions.refuse_other(session, row, seen.mark)
    return row


def _told(
    row: Experiment,
    version: DraftVersion,
    before: DraftVersion | None,
    newest: DraftVersion | None,
) -> dict[str, Any]:
    return {
        **{name: getattr(version, name) for name in ("number", "made", "of", "by", "at")},
        "begun_at": version.begun_at,
        "mark": versions.mark_of(version),
        "launched": bringing_back.launched(row, version, newest),
        "changed": [
            DifferenceOut(field=one.field, before=one.before, after=one.after)
            for one in versions.differences(before, version)
        ],
    }
