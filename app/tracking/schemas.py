"""What the outside may send about what people did elsewhere."""

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from app.platform.days import Moment
from app.platform.texts import UNBROKEN, Document

MOST = 1_000  # conversions in one request
_Id = Annotated[str, StringConstraints(min_length=1, max_length=200), UNBROKEN]
_Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=320), UNBROKEN
]
_Event = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), UNBROKEN
]
EXAMPLE: dict[str, Any] = {
    "id": "order-4711",
    "event": "planned",
    "email": "ann@bakery.example",
    "value": 61.5,
    "occurred_at": "2026-11-22T08:00:00Z",
}
RECORDED: dict[str, Any] = {
    "id": "order-4711",
    "matched": True,
    "duplicate": False,
    "experiment_ids": ["1f0c3m8k2tq5w7x9z0ab"],
}


class ConversionDraft(Document):
    """Something that a person did, told once under an id of your own."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    id: _Id
    event: _Event
    email: _Line | None = None
    external_id: _Line | None = None
    value: Annotated[float, Field(ge=-1e15, le=1e15)] | None = None
    occurred_at: Moment | None = Field(default=None, description="null = now")

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if (self.email is None) == (self.external_id is None):
            raise ValueError("say who it was: either email or external_id")
        return self


class ConversionDrafts(Document):
    """Up to 1,000 of them: all are kept, or none."""

    conversions: Annotated[list[ConversionDraft], Field(min_length=1, max_length=MOST)]
