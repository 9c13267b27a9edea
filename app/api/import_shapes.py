"""What is said of imports over the API, and what it answers."""

from datetime import datetime
from typing import Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator

from app.audience import refusals
from app.audience.mapping import By
from app.audience.opt_outs import OptOut
from app.audience.schemas import FileWords

REFUSED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "One JSON object a line.",
        "content": {
            "application/x-ndjson": {
                "schema": {"type": "string"},
                "example": '{"line": 7, "reason": "email: there is no @", "raw": "ann,NO"}\n',
            }
        },
    }
}
REFUSED_CSV: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A heading, then each line.",
        "content": {
            "text/csv": {
                "schema": {"type": "string"},
                "example": "Refused line,Refused because,email\n7,bad_address: it is empty,\n",
            }
        },
    }
}
_NOTE = (
    '{"line": 7, "column": "timezone", "value": "Oslo", "note": "this time zone is not known; write'
    ' it like Europe/Oslo; it was left empty"}\n'
)
NOTED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "One JSON object a line.",
        "content": {
            "application/x-ndjson": {"schema": {"type": "string"}, "example": _NOTE},
        },
    }
}
FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "CSV with a header, or NDJSON with one object a line.",
        "content": {
            "text/csv": {
                "schema": {"type": "string", "format": "binary"},
                "example": "email,name,country\nann@example.com,Ann,NO\n",
            },
            "application/x-ndjson": {
                "schema": {"type": "string", "format": "binary"},
                "example": '{"email": "ann@example.com", "name": "Ann", "country": "NO"}\n',
            },
        },
    }
}


class Confirmation(FileWords):
    """What the author of a file says of it; of what is not named, the guess stays."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "columns": {
                    "renewal": {"type": "date", "format": "day_first"},
                    "note": {"left_out": True},
                    "Unsubscribed": {"opt_out": "yes"},
                }
            }
        },
    )


class ImportBegun(BaseModel):
    """A file that was taken in; it is read in the background."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"id": "1f0c3m8k2tq5w7x9z0ab", "status": "running"}}
    )

    id: str
    status: Literal["running", "done", "failed", "previewed", "confirmed"]


class ReasonOut(BaseModel):
    """Why lines were refused: how many, and the first of them."""

    model_config = ConfigDict(from_attributes=True)

    kind: refusals.Kind
    count: int
    lines: list[int]


class HeadingOut(BaseModel):
    """A column of a file: what it becomes (null: it is left out), and who or what says so."""

    key: str = Field(description="what `columns` of a confirmation calls it")
    heading: str
    becomes: str | None
    by: By
    opt_out: OptOut | None = Field(description="which cells say that somebody opted out elsewhere")


class HeaderOut(BaseModel):
    """How a file is read."""

    delimiter: str | None = Field(description="of a CSV")
    columns: list[HeadingOut]


class ImportOut(ImportBegun):
    """How far a file is: rows = added + updated + unchanged + refused + erased."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "1f0c3m8k2tq5w7x9z0ab",
                "status": "done",
                "audience_id": "1f0c3m8k2tq5w7x9z0aa",
                "rows": 600,
                "added": 590,
                "updated": 8,
                "unchanged": 0,
                "refused": 2,
                "erased": 0,
                "noted": 1,
                "encoding": "utf-8",
                "error": None,
                "created_at": "2026-11-22T08:00:00Z",
                "finished_at": "2026-11-22T08:00:02Z",
                "dry_run": False,
                "columns": None,
                "opted_out": 3,
                "reasons": [{"kind": "duplicate", "count": 2, "lines": [14, 380]}],
                "header": {
                    "delimiter": ",",
                    "columns": [
                        {
                            "key": "email",
                            "heading": "E-Mail",
                            "becomes": "email",
                            "by": "heading",
                            "opt_out": None,
                        }
                    ],
                },
                "asks": "",
            }
        }
    )

    audience_id: str
    rows: int
    added: int
    updated: int
    unchanged: int
    refused: int
    erased: int = Field(description="lines of people who were erased: they stay away")
    noted: int = Field(description="cells that were left empty or do not fit their column")
    encoding: str = Field(description="utf-8, utf-16 or windows-1252")
    error: str | None
    created_at: datetime
    finished_at: datetime | None
    dry_run: bool = Field(validation_alias=AliasChoices("is_look", "dry_run"))
    columns: list[dict[str, Any]] | None = Field(
        description="of a `previewed` file: how each column is read, with three examples; where"
        " `choices` stand, its author has to say which, here or later"
    )
    opted_out: int = Field(description="lines whose people opted out elsewhere, as a column says")
    reasons: list[ReasonOut] = Field(description="why lines were refused, most frequent first")
    header: HeaderOut | None = Field(description="how the file is read, once that is known")
    asks: str = Field(
        description="`address` where a look failed because no column is known to hold the"
        " addresses: say which, by `POST /imports/{id}/look`"
    )

    @field_validator("reasons", mode="before")
    @classmethod
    def _counted(cls, kept: Any) -> Any:
        return kept if isinstance(kept, list) else refusals.counted(kept)
