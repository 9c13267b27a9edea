"""What the outside may send: a decision, and the lines of a week's review."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from app.review.models import Choice, Kept


def _nothing_is_none(value: object) -> object:
    """An empty field of a form says nothing."""
    return None if isinstance(value, str) and not value.strip() else value


_Prose = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=10_000, pattern=r"^[^\x00]*$")
]
_Line = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^[^\x00-\x1f]*$")
]
_Reason = Annotated[_Prose | None, BeforeValidator(_nothing_is_none)]
_Title = Annotated[_Line | None, BeforeValidator(_nothing_is_none)]
_Said = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00-\x08\x0b-\x1f]*$"
    ),
]
_Learning = Annotated[_Prose, StringConstraints(strip_whitespace=True, min_length=1)]


class DecisionDraft(BaseModel):
    """What somebody decided on an experiment, and what they learned."""

    model_config = ConfigDict(extra="forbid")

    decision: Choice
    learning: _Learning
    reason: _Reason = None
    next_slice: _Title = Field(default=None, description="The title of the slice to try next.")


class CommitmentDraft(BaseModel):
    """What somebody promises for the week after."""

    model_config = ConfigDict(extra="forbid")

    text: _Said
    owner: _Line = Field(default="", description="A name or an address.")


class NoteDraft(BaseModel):
    """A blocker, or what the meeting decided."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["blocker", "decision"]
    text: _Said


class KeptDraft(BaseModel):
    """What became of a commitment; null: not known yet."""

    model_config = ConfigDict(extra="forbid")

    kept: Kept | None
