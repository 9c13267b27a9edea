"""The texts that may be sent in, and the documents that hold them.

PostgreSQL keeps no NUL, and nothing writes half of a character (a lone surrogate): both are refused
in every field of every document, whatever its type. What else a text may be, its own type says.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
    field_validator,
)
from pydantic_core import core_schema

from app.platform.errors import Invalid

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_TICKED = re.compile("`([^`]*)`")
_NO_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def why_unstorable(text: str) -> str | None:
    """What is wrong with a text that no database keeps; None where nothing is."""
    found = _UNSTORABLE.search(text)
    if found is None:
        return None
    if found[0] == "\x00":
        return "must not contain the NUL character"
    return "must not contain half of a character (a lone surrogate)"


def storable_part(text: str) -> str:
    """A text of somebody who cannot be asked again, without what no database keeps."""
    return _UNSTORABLE.sub("", text)


def why_no_line(text: str) -> str | None:
    """What is wrong with a text that stands in one line of lists, logs and terminals, if anything.

    No control character, no end of a line, and nothing that turns the direction of what follows.
    """
    if why := why_unstorable(text):
        return why
    return "must be one line, without control characters" if _NO_LINE.search(text) else None


def line_part(text: str) -> str:
    """A text of somebody who cannot be asked again, in one line: a blank for what has no place."""
    return " ".join(_NO_LINE.sub(" ", storable_part(text)).split())


def unticked(sentence: str) -> str:
    """A sentence that names something of a program, for a page: “email”, not `email`."""
    return _TICKED.sub(r"“\1”", sentence)


def refuse_unstorable(pairs: Iterable[tuple[str, str]]) -> None:
    """Refuse a form or a query by the first name whose text, or which itself, no database keeps.

    Raises:
        Invalid: it names the field.
    """
    for name, text in pairs:
        if why := why_unstorable(name) or why_unstorable(text):
            shown = storable_part(name)
            raise Invalid.at(shown, f"“{shown}” {why}.")


class Document(BaseModel):
    """What the outside may send. Unknown fields are refused, and so is what cannot be stored."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    @field_validator("*")
    @classmethod
    def _only_storable(cls, value: Any) -> Any:
        _look_through(value)
        return value


class Trimmed(Document):
    """A document whose texts are taken without the blanks around them."""

    model_config = ConfigDict(str_strip_whitespace=True)


def _look_through(value: Any) -> None:
    """Parts that are documents themselves have looked already."""
    if isinstance(value, str):
        if why := why_unstorable(value):
            raise ValueError(why)
    elif isinstance(value, dict):
        for key, inner in value.items():
            _look_through(key)
            _look_through(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            _look_through(inner)


@dataclass(frozen=True, slots=True)
class Without:
    """Characters that a text has none of, written as in a regular expression; `told` says so."""

    characters: str
    told: str
    repeated: str = "*"

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """The text's own rules first."""
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The same rule, for whoever reads the document of the API."""
        return handler(schema) | {"pattern": f"^[^{self.characters}]{self.repeated}$"}

    def _checked(self, text: str) -> str:
        if re.search(f"[{self.characters}]", text):
            raise ValueError(self.told)
        return text


def _one_line(text: str) -> str:
    if re.search(r"[\r\n\x00]", text):
        raise ValueError("must be one line: no line break, no NUL character")
    return text


def _an_address(text: str) -> str:
    if not re.fullmatch(r"[^\s<>,;]+@[^\s<>,;@]+", text):
        raise ValueError("must be one email address, such as ann@example.com")
    return text


ONE_LINE = AfterValidator(_one_line)
# These rules stand in the document of the API, each as it was promised there.
UNBROKEN = Without(r"\r\n\x00", "must be one line: no line break, no NUL character", repeated="+")
PRINTED = Without(r"\x00-\x1f\x7f", "must be one line, without control characters")
UNCONTROLLED = Without(r"\x00-\x1f", "must be one line, without control characters")
LINES = Without(r"\x00-\x08\x0b-\x1f", "must not contain control characters")
ANY_LINES = Without(r"\x00", "must not contain the NUL character")

# Characters of a body; a mail beyond that is clipped by everybody.
Text = Annotated[str, StringConstraints(max_length=200_000)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), ONE_LINE]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
NameLine = Annotated[Name, ONE_LINE]
Id = Annotated[str, StringConstraints(min_length=1, max_length=64), ONE_LINE]
Address = Annotated[Line, AfterValidator(_an_address)]
