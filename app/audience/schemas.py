"""What the outside may send about people."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.audience.columns import FORMATS, Type

_ONE_LINE = r"^[^\x00-\x1f\x7f]*$"


class Strict(BaseModel):
    """Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class AudienceDraft(Strict):
    """A named set of people."""

    name: Annotated[str, Field(min_length=1, max_length=200, pattern=_ONE_LINE)]


class ColumnChange(Strict):
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


class SuppressionDraft(Strict):
    """An address that gets no mail from now on."""

    email: Annotated[str, Field(min_length=3, max_length=320)]
    reason: Annotated[str, Field(max_length=200, pattern=_ONE_LINE)] = "manual"
