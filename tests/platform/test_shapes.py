"""A frozen dataclass that is an answer, as the API's document and its readers see it."""

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from pydantic import ConfigDict, TypeAdapter, ValidationError

from app.platform.shapes import answered

_EXAMPLE = {"name": "Bread", "share": 0.5, "remark": ""}


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a whole."""

    __pydantic_config__: ClassVar[ConfigDict] = answered(_EXAMPLE)

    name: str
    share: float
    remark: str = ""


@dataclass(frozen=True, slots=True)
class _Whole:
    __pydantic_config__: ClassVar[ConfigDict] = answered()

    parts: tuple[_Part, ...]


def test_a_shape_is_told_with_its_words_and_example_and_every_field_is_there() -> None:
    told = _document(_Part)

    assert told["description"] == "A part of a whole."
    assert told["example"] == _EXAMPLE
    assert told["required"] == ["name", "share", "remark"]
    assert told["properties"]["remark"] == {"type": "string", "title": "Remark"}


def test_a_shape_needs_no_example() -> None:
    assert "example" not in _document(_Whole)


def test_what_is_kept_without_a_later_field_is_read_with_its_default() -> None:
    assert TypeAdapter(_Part).validate_python({"name": "Bread", "share": 0.5}).remark == ""


def test_a_whole_number_stands_in_an_answer_as_its_field_says_also_within_another_shape() -> None:
    shape = TypeAdapter(_Whole)

    whole = shape.validate_python(_Whole((_Part("Bread", 1),)))

    assert shape.dump_json(whole) == b'{"parts":[{"name":"Bread","share":1.0,"remark":""}]}'


def test_what_does_not_fit_its_field_is_no_answer() -> None:
    unfit: Any = "half"

    with pytest.raises(ValidationError, match=r"parts\.0\.share"):
        TypeAdapter(_Whole).validate_python(_Whole((_Part("Bread", unfit),)))


def _document(shape: type[Any]) -> dict[str, Any]:
    return TypeAdapter(shape).json_schema(mode="serialization")
