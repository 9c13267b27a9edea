"""The fields of the experiment form, found in the documents that declare them.

Label, hint, unit and kind come from the field of the document, and so does what is
read and written. Where one stands on the page, the template says.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, get_args
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from app.experiments.design_schemas import Draft
from app.experiments.rule_schemas import GUARDRAILS
from app.platform.asked import Asked, Kind, asked_of
from app.web.kit.form_numbers import Reader, local, points
from app.web.kit.form_state import Typed

FILTERS: Final = 3  # rows of the filter that the form offers
_FILTER, _FIRST, _SECOND = "where.0.", "arms.0.", "arms.1."
_KINDS = {
    "integer": Kind.NUMBER,
    "number": Kind.NUMBER,
    "boolean": Kind.TICK,
    "date-time": Kind.MOMENT,
}


@dataclass(frozen=True, slots=True)
class FormField:
    """One field: what it is called in the form, and where it stands in the document."""

    name: str
    path: str
    asked: Asked
    kind: Kind
    label: str
    hint: str = ""
    is_required: bool = False  # before a draft can be saved
    empty: object = None  # what the document says where nothing was typed
    between: tuple[float, float] = (0, 1)  # of a share

    @property
    def part(self) -> str:
        """Its name in its own document."""
        return self.path.rpartition(".")[2]

    def read(self, form: Typed, reader: Reader, zone: ZoneInfo) -> Any:
        """What was typed, as the document says it; None where nothing was."""
        if self.kind is Kind.SHARE:
            return reader.share(self.name, between=self.between)
        if self.kind is Kind.NUMBER:
            return reader.number(self.name)
        if self.kind is Kind.MOMENT:
            return reader.moment(self.name, zone)
        return _TEXTS.get(self.kind, Typed.text)(form, self.name)

    def typed(self, value: Any, zone: ZoneInfo) -> object:
        """What a document says, as it is typed."""
        if self.kind in {Kind.NUMBER, Kind.SHARE}:
            found = None if not value and value == self.empty else value
            return points(found) if self.kind is Kind.SHARE else found
        if self.kind is Kind.MOMENT:
            return local(value, zone)
        if self.kind is Kind.CHOICE and self.asked.choices:
            return value if value in dict(self.asked.choices) else None
        if self.kind is Kind.TICK:
            return "1" if value else None
        return (
            ", ".join(map(str, value))
            if self.kind is not Kind.TICKS and isinstance(value, list)
            else value
        )


_TEXTS: Mapping[Kind, Callable[[Typed, str], object]] = {
    Kind.TICK: lambda form, name: form.value(name) == "1",
    Kind.TICKS: lambda form, name: list(form.every(name)),
    Kind.LIST: lambda form, name: split(form.value(name)),
}


def split(text: str) -> list[str]:
    """Several words of one field."""
    return [one.strip() for one in text.split(",") if one.strip()]


def under(prefix: str) -> tuple[FormField, ...]:
    """The fields of one part of the document."""
    return tuple(field for field in FIELDS.values() if field.path.startswith(prefix))


def answered(
    fields: Iterable[FormField], form: Typed, reader: Reader, zone: ZoneInfo
) -> dict[str, Any]:
    """What was typed of these, each by its name in its own document."""
    found = ((field.part, field.read(form, reader, zone)) for field in fields)
    return {part: value for part, value in found if value is not None}


def told(path: str) -> str:
    """What a field is called where its answer is read afterwards."""
    return next(field.asked.shown for field in FIELDS.values() if field.path == path)


def _every() -> Iterator[FormField]:
    for field in _of(Draft, ""):
        if field.path.startswith(_FILTER):
            yield from (_of_filter(field, row) for row in range(FILTERS))
            continue
        yield field
        if field.path.startswith(_FIRST):
            yield _again(field, name=f"second_{field.name}", path=f"{_SECOND}{field.part}")
    for metric, asked in GUARDRAILS.items():
        path = f"guardrails.{metric}"
        yield FormField(asked.name, path, asked, Kind.SHARE, asked.label)


def _of(model: type[BaseModel], prefix: str) -> Iterator[FormField]:
    """What a document and its parts ask for; of several parts of a kind, the first."""
    schemas = model.model_json_schema()["properties"]
    for name, info in model.model_fields.items():
        if (asked := asked_of(info)) is not None:
            found = _field(asked, f"{prefix}{name}", schemas[name])
            if info.is_required():
                yield replace(found, is_required=not prefix)
            else:
                yield replace(found, empty=info.get_default())
        if (inner := _inner(info.annotation)) is not None:
            place = name if inner is info.annotation else f"{name}.0"
            yield from _of(inner, f"{prefix}{place}.")


def _inner(annotation: Any) -> type[BaseModel] | None:
    for one in (annotation, *get_args(annotation)):
        if isinstance(one, type) and issubclass(one, BaseModel):
            return one
    return None


def _field(asked: Asked, path: str, schema: Mapping[str, Any]) -> FormField:
    kinds = schema.get("anyOf", (schema,))
    one = next(one for one in kinds if one.get("type") != "null")
    kind = asked.kind or _kind(asked, one)
    return FormField(
        asked.name or path.rpartition(".")[2],
        path,
        asked,
        kind,
        asked.label,
        asked.hint,
        empty=None if {"type": "null"} in kinds else "",
        between=(_end(one, "inimum", 0), _end(one, "aximum", 1)) if kind is Kind.SHARE else (0, 1),
    )


def _end(schema: Mapping[str, Any], which: str, usual: float) -> float:
    """How small or how large a number may be, the end itself or just not."""
    return float(schema.get(f"m{which}", schema.get(f"exclusiveM{which}", usual)))


def _kind(asked: Asked, schema: Mapping[str, Any]) -> Kind:
    """A number that cannot be more than 1 is a share."""
    if asked.choices:
        return Kind.CHOICE
    if schema.get("type") == "array":
        return Kind.LIST
    if schema.get("maximum", schema.get("exclusiveMaximum", 2)) <= 1:
        return Kind.SHARE
    found = _KINDS.get(schema.get("format", schema.get("type", "")))
    return found or (Kind.AREA if asked.looks.rows else Kind.TEXT)


def _of_filter(field: FormField, row: int) -> FormField:
    name, path = f"where_{row}_{field.part}", f"where.{row}.{field.part}"
    return _again(field, name=name, path=path) if row else replace(field, name=name, path=path)


def _again(field: FormField, *, name: str, path: str) -> FormField:
    label = field.asked.again or field.label
    return replace(field, name=name, path=path, label=label, hint="")


FIELDS: Mapping[str, FormField] = {field.name: field for field in _every()}
