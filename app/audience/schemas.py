"""What the outside may send about people."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

_ONE_LINE = r"^[^\x00-\x1f\x7f]*$"


class Strict(BaseModel):
    """Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class AudienceDraft(Strict):
    """A named set of people."""

    name: Annotated[str, Field(min_length=1, max_length=200, pattern=_ONE_LINE)]


class SuppressionDraft(Strict):
    """An address that gets no mail from now on."""

    email: Annotated[str, Field(min_length=3, max_length=320)]
    reason: Annotated[str, Field(max_length=200, pattern=_ONE_LINE)] = "manual"
