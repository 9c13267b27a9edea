"""What the outside may send: a decision, and the lines of a week's review."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from app.platform.texts import ANY_LINES, LINES, UNCONTROLLED, Document
from app.review.models import Choice, Kept


def _nothing_is_none(value: object) -> object:
    """An empty field of a form says nothing."""
    return None if isinstance(value, str) and not value.strip() else value


_MOST = 10_000  # characters of prose
_Prose = Annotated[str, StringConstraints(strip_whitespace=True, max_length=_MOST), ANY_LINES]
_Learning = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=_MOST), ANY_LINES
]
_Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), UNCONTROLLED]
_Reason = Annotated[_Prose | None, BeforeValidator(_nothing_is_none)]
_Title = Annotated[_Line | None, BeforeValidator(_nothing_is_none)]
_Said = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), LINES
]


class DecisionDraft(Document):
    """What somebody decided on an experiment, and what they learned."""

    decision: Choice
    learning: _Learning
    reason: _Reason = None
    next_slice: _Title = Field(default=None, description="The title of the slice to try next.")


class CommitmentDraft(Document):
    """What somebody promises for the week after."""

    text: _Said
    owner: _Line = Field(default="", description="A name or an address.")


class CommentDraft(Document):
    """What somebody says of a feature, an experiment or a key result; `@Ann` names a colleague."""

    text: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4_000), ANY_LINES
    ]


class NoteDraft(Document):
    """A blocker, or what the meeting decided."""

    kind: Literal["blocker", "decision"]
    text: _Said


class KeptDraft(Document):
    """What became of a commitment; null: not known yet."""

    kept: Kept | None
