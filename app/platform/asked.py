"""What people are asked for a field of a document, said at the field itself.

Forms, pages and the document of the API read it there; a field without it is asked of nobody.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict
from pydantic.fields import ComputedFieldInfo, FieldInfo

from app.platform.texts import Document

Choices = Sequence[tuple[str, str]]  # the value, and its words


class Kind(StrEnum):
    """How somebody answers."""

    TEXT = "text"
    AREA = "area"  # of several lines
    LIST = "list"  # several words, comma between them
    NUMBER = "number"
    SHARE = "share"  # typed in percent
    MOMENT = "moment"
    TICK = "tick"
    CHOICE = "choice"
    TICKS = "ticks"  # several of what there is


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """How a field looks in a form, where its type does not say it."""

    rows: int = 0  # of an area
    example: str = ""
    type: str = "text"  # as browsers know it
    list: str = ""  # of what is suggested while somebody types
    is_code: bool = False


PLAIN = Looks()


@dataclass(frozen=True, slots=True)
class Asked:
    """A label, a hint and a unit; `told` is the label where the answer is read afterwards."""

    label: str
    hint: str = ""
    unit: str = ""
    told: str = ""
    again: str = ""  # the label where the same is asked once more
    name: str = ""  # in the form, where it is not the field's own
    kind: Kind | None = None  # where the field's type does not say it
    choices: Choices = ()
    looks: Looks = PLAIN

    @property
    def shown(self) -> str:
        """The label of what was answered."""
        return self.told or self.label


def asked_of(info: FieldInfo) -> Asked | None:
    """What is asked for a field; None where nobody is asked."""
    return next((one for one in info.metadata if isinstance(one, Asked)), None)


def title_of(name: str, info: FieldInfo | ComputedFieldInfo) -> str:
    """A field's title in the document of the API: the label, or its name in words."""
    asked = asked_of(info) if isinstance(info, FieldInfo) else None
    return asked.label if asked else name.title().replace("_", " ").strip()


class Questions(Document):
    """A document whose fields people are asked for: its titles are the labels."""

    model_config = ConfigDict(field_title_generator=title_of)


def asked_in(model: type[BaseModel]) -> Iterator[tuple[str, Asked]]:
    """The fields of a document that somebody is asked for, in its order."""
    for name, info in model.model_fields.items():
        if (asked := asked_of(info)) is not None:
            yield name, asked
