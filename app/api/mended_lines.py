"""Refused lines of an import, one by one: read with their cells, mended, and taken."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from app.api.address import PREFIX
from app.api.once import OnceRoute
from app.api.people import Cells
from app.audience import mending, store
from app.audience.mending import Line
from app.identity.guard import Db, Now, Who
from app.platform.texts import Document

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Audiences"])

Number = Annotated[int, Path(ge=0, le=2**31 - 1)]
_CELLS: dict[str, Any] = {"email": "ann@bakery.example", "name": "Ann"}
_LINE: dict[str, Any] = {
    "line": 48,
    "reason": "bad_address: no dot after the @",
    "raw": "ann@bakery,Ann",
    "cells": _CELLS | {"email": "ann@bakery"},
    "is_cut": False,
}


class RefusedLineOut(BaseModel):
    """A refused line; `cells` by the keys that mending it takes."""

    model_config = ConfigDict(json_schema_extra={"example": _LINE})

    line: int
    reason: str
    raw: str
    cells: dict[str, str]
    is_cut: bool = Field(description="more stood on the line than is kept of it")


class MendedLine(Document):
    """The line as it should be. A cell that is left out is empty."""

    model_config = ConfigDict(json_schema_extra={"example": {"cells": _CELLS}})

    cells: Cells


class MendedOut(BaseModel):
    """Who the line is, and how many lines of the file are refused still."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"person_id": "1f0c3m8k2tq5w7x9z0ap", "refused": 3}}
    )

    person_id: str
    refused: int


@router.get("/imports/{import_id}/refused/{line}", summary="Read one refused line")
def get_refused_line(import_id: str, line: Number, session: Db) -> RefusedLineOut:
    """With its cells as far as they can be told apart. 409 where it is not refused any more."""
    return _shown(mending.refused_line(session, import_id, line))


@router.post("/imports/{import_id}/refused/{line}", summary="Mend one refused line")
def mend_line(
    *,
    import_id: str,
    line: Number,
    mended: MendedLine,
    request: Request,
    session: Db,
    who: Who,
    now: Now,
) -> MendedOut:
    """It is checked and taken as a line of its file; 422 says why where it is refused still.

    Whoever mends a line that somebody mended already is told so (409), and adds nobody.
    """
    marker = request.app.state.keyring.marks
    person_id = mending.mend(
        session, import_id, line, mended.cells, by=who.name, marker=marker, now=now
    )
    return MendedOut(person_id=person_id, refused=_refused(session, import_id))


def _refused(session: Session, import_id: str) -> int:
    return store.import_of(session, import_id).refused


def _shown(line: Line) -> RefusedLineOut:
    cells = {cell.key: cell.said for cell in line.cells}
    return RefusedLineOut(
        line=line.number, reason=line.reason, raw=line.raw, cells=cells, is_cut=line.is_cut
    )
