"""What no database keeps is refused in whatever a document holds; rules are as they are told."""

import re
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError

from app.platform.errors import Invalid
from app.platform.texts import (
    ANY_LINES,
    LINES,
    PRINTED,
    UNBROKEN,
    UNCONTROLLED,
    Document,
    Trimmed,
    Without,
    refuse_unstorable,
    storable_part,
    why_unstorable,
)

BAD = [("a\x00b", "NUL"), ("a\ud800b", "half of a character"), ("\udfff", "half of a character")]


class _Letter(Document):
    plain: str = ""
    several: list[str] = []  # noqa: RUF012 - pydantic copies it
    pair: tuple[str, int] = ("", 0)
    named: dict[str, Any] = {}  # noqa: RUF012 - as above
    either: str | float | None = None
    inner: "_Letter | None" = None


def _everywhere(bad: str) -> list[tuple[str, dict[str, Any]]]:
    return [
        ("plain", {"plain": bad}),
        ("several", {"several": ["fine", bad]}),
        ("pair", {"pair": [bad, 1]}),
        ("named", {"named": {bad: 1}}),
        ("named", {"named": {"a": [{"b": bad}]}}),
        ("either", {"either": bad}),
        ("inner.plain", {"inner": {"plain": bad}}),
    ]


@pytest.mark.parametrize(("bad", "told"), BAD)
def test_what_no_database_keeps_is_refused_at_its_field(bad: str, told: str):
    for field, document in _everywhere(bad):
        with pytest.raises(ValidationError, match=told) as refused:
            _Letter.model_validate(document)
        assert ".".join(map(str, refused.value.errors()[0]["loc"])) == field


def test_every_other_text_is_kept_as_it_is():
    told = {"plain": " a\r\n\t\x01\x7f😀\ufffd "}

    assert _Letter.model_validate(told).plain == told["plain"]


def test_blanks_around_a_text_go_where_a_document_says_so():
    class Named(Trimmed):
        name: str

    assert Named(name=" Ann\n").name == "Ann"
    with pytest.raises(ValidationError, match="Extra inputs"):
        Named.model_validate({"name": "Ann", "colour": "red"})


@pytest.mark.parametrize(("bad", "told"), BAD)
def test_a_form_or_query_is_refused_by_the_name_of_its_field(bad: str, told: str):
    for pair in (("note", bad), (f"note{bad}", "fine")):
        with pytest.raises(Invalid, match=told) as refused:
            refuse_unstorable([("fine", "fine"), pair])
        (error,) = refused.value.errors
        assert error.field.startswith("note")
        assert error.field in str(refused.value)
        assert why_unstorable(error.field) is None


def test_what_can_be_stored_of_a_text_is_the_rest_of_it():
    assert storable_part("a\x00b\ud800c😀\n") == "abc😀\n"


@pytest.mark.parametrize("rule", [ANY_LINES, LINES, PRINTED, UNBROKEN, UNCONTROLLED])
def test_a_rule_refuses_what_its_pattern_in_the_document_refuses(rule: Without):
    texts: TypeAdapter[str] = TypeAdapter(Annotated[str, rule])
    pattern = re.compile(texts.json_schema()["pattern"].removesuffix("$"))
    for sign in map(chr, range(0x110)):
        may = pattern.fullmatch(f"a{sign}") is not None
        if may:
            assert texts.validate_python(f"a{sign}") == f"a{sign}"
        else:
            with pytest.raises(ValidationError, match="must"):
                texts.validate_python(f"a{sign}")
