"""What the outside may send about people."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from app.audience.columns import FORMATS, Type
from app.platform.texts import PRINTED, Name, Trimmed


class AudienceDraft(Trimmed):
    """A named set of people."""

    name: Annotated[Name, PRINTED]


class ColumnChange(Trimmed):
    """How a column is read. `format` is what the type needs; null for text."""

    type: Type
    format: Annotated[str | None, Field(max_length=40)] = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        known = FORMATS[self.type]
        if self.format not in known:
            names = ", ".join(f"`{one}`" if one else "null" for one in known)
            raise ValueError(f"format of a column of type `{self.type}` must be one of: {names}")
        return self


class AudienceSource(Trimmed):
    """A query whose rows are people, on a connection that the operator named."""

    connection: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,49}$")]
    query: Annotated[str, Field(min_length=1, max_length=10_000)]
    every: Literal["hourly", "daily"] = "daily"


class SuppressionDraft(Trimmed):
    """An address that gets no mail from now on."""

    email: Annotated[str, Field(min_length=3, max_length=320)]
    reason: Annotated[str, Field(max_length=200), PRINTED] = "manual"
