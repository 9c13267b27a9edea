"""What the outside may send about people."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.audience.columns import FORMATS, Type
from app.audience.opt_outs import OptOut
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


class FileColumn(Trimmed):
    """What its author says of one column of a file; what is not said stays as it is guessed."""

    becomes: Annotated[
        str | None, Field(max_length=200, description="a person's own column, or another name")
    ] = None
    left_out: Annotated[bool, Field(description="nothing of it is kept")] = False
    type: Type | None = None
    format: Annotated[str | None, Field(max_length=40)] = None
    opt_out: Annotated[
        OptOut | None,
        Field(
            description="which cells say that somebody opted out elsewhere: `yes`, `no`, `word`"
            " (such as unsubscribed), or `ignored`"
        ),
    ] = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.type is not None:
            ColumnChange(type=self.type, format=self.format)
        elif self.format is not None:
            raise ValueError("a `format` needs a `type`")
        return self


MOST_MENDED = 200  # lines, before a file is imported
LineNumber = Annotated[int, Field(ge=1, le=2**31 - 1)]


class FileWords(Trimmed):
    """What its author says of a file: its separator, and its columns by their names in the look."""

    delimiter: Annotated[
        Literal[",", ";", "\t", "|"] | None, Field(description="null: as it is found")
    ] = None
    columns: Annotated[dict[str, FileColumn], Field(max_length=1_000)] = Field(default={})
    mended: Annotated[
        dict[LineNumber, dict[str, Annotated[str, Field(max_length=10_000)]]],
        Field(
            max_length=MOST_MENDED,
            description="lines of a CSV as they should have been: their cells by column, in full",
        ),
    ] = Field(default={})
    opt_outs: Annotated[
        Literal["suppress", "ignore"],
        Field(description="what becomes of people who opted out elsewhere, as a column says"),
    ] = "suppress"


class AudienceSource(Trimmed):
    """A query whose rows are people, on a connection that the operator named."""

    connection: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,49}$")]
    query: Annotated[str, Field(min_length=1, max_length=10_000)]
    every: Literal["hourly", "daily"] = "daily"


class SuppressionDraft(Trimmed):
    """An address that gets no mail from now on."""

    email: Annotated[str, Field(min_length=3, max_length=320)]
    reason: Annotated[str, Field(max_length=200), PRINTED] = "manual"


class KeptCell(BaseModel):
    """A cell that is not what its column holds, as an audience keeps it."""

    model_config = ConfigDict(strict=True)

    line: int | None
    value: str


class KeptColumn(BaseModel):
    """What an audience keeps of a column; earlier versions kept less. Pages read all of it."""

    model_config = ConfigDict(strict=True)

    name: str
    as_written: str | None = None
    type: Annotated[Type, Field(strict=False)] = Type.TEXT
    format: str | None = None
    unit: str | None = None
    examples: list[str] = []
    filled: int = 0
    empty: int = 0
    missing: int = 0
    kind: str = ""
    misfits: int = 0
    misfit_examples: list[KeptCell] = []
    choices: list[dict[str, Any]] = []
    decided_by: str = ""
