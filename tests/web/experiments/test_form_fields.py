"""A field of an experiment is declared in its document: the form, the page and the API read it."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel

from app.experiments.design_schemas import Draft
from app.platform.asked import Kind, asked_of
from app.platform.errors import Invalid
from app.web.experiments import form_document
from app.web.experiments.form_fields import FIELDS, FILTERS, FormField, _inner
from app.web.experiments.form_steps import NAME, STEPS
from app.web.kit.form_state import Typed
from app.web.kit.pages import environment
from tests.one_more_line import told_with
from tests.web.conftest import Browser
from tests.web.test_journey import id_in

ROOT = Path(__file__).parents[3]
OSLO = ZoneInfo("Europe/Oslo")
NOT_ASKED = {
    "previous_id": "the address says which run it follows",
    "channel": "there is one",
    "arms.key": "carried as it is",
    "arms.weight": "carried as it is",
    "rule.looks": "as many as waves",
    "waves.people": "waves are of one size",
    "waves.share": "waves are of one size",
    "guardrails.metric": "each has a field of its own",
    "guardrails.max": "each has a field of its own",
    "key_results.linked_at": "said by us, of a link after the launch",
}
TYPED = {
    Kind.NUMBER: "7",
    Kind.SHARE: "60",
    Kind.MOMENT: "2026-12-20T09:00",
    Kind.TICK: "1",
    Kind.TICKS: "e1",
    Kind.LIST: "country, size",
}
# What has to be typed, too, so that a field counts.
WITH = {
    **{name: {"metric_kind": "value_per_person"} for name in ("event", "cap", "covariate")},
    "mde": {"metric_kind": "value_per_person", "rule_kind": "comparison"},
    **{name: {"rule_kind": "comparison"} for name in ("baseline", "base_rate")},
    "key_results.0.": {"key_result_id": "k1"},
    "arms.1.": {"second_body": "Bye."},
    "waves": {"waves": "7"},
    "waves.0.after_hours": {"waves": "2"},
    "where.": {f"where_{row}_column": "country" for row in range(FILTERS)},
}

every_field = pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS)


def declared(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every field of a document and its parts, by its place."""
    for name, info in model.model_fields.items():
        inner = _inner(info.annotation)
        if inner is None or asked_of(info):
            yield f"{prefix}{name}", asked_of(info)
        if inner is not None:
            yield from declared(inner, f"{prefix}{name}.")


def typed_for(field: FormField) -> Typed:
    more = {
        name: text
        for about, fields in WITH.items()
        if field.name == about or field.path.startswith(about)
        for name, text in fields.items()
    }
    choices = [value for value, _ in field.asked.choices if value]
    answer = TYPED.get(field.kind, str(choices[-1]) if choices else "A text")
    if field.name == "rule_kind":
        answer = "comparison"
    return Typed.of(**{**more, field.name: answer})


def at(document: Any, path: str) -> Any:
    for part in path.split("."):
        document = document[int(part) if isinstance(document, list) else part]
    return document


def test_every_field_of_the_document_is_asked_for_or_says_why_not():
    found = list(declared(Draft))

    assert {path for path, asked in found if asked is None} == set(NOT_ASKED)
    assert {path for path, asked in found if asked} <= {
        re.sub(r"\.\d+\.", ".", field.path) for field in FIELDS.values()
    }


def test_the_form_asks_for_each_once_by_its_label(eve: Browser):
    made = id_in(eve.post("/experiments", name="Every field"), "experiments")
    pages = {
        step.key: re.sub(r"\s+", " ", eve.get(f"/experiments/{made}/edit/{step.key}").text)
        for step in STEPS
    }
    page = "".join(pages.values()).replace('for="name">Name</label>', "", len(STEPS) - 1)

    assert all(text.count('for="name">Name</label>') == 1 for text in pages.values())
    for field in FIELDS.values():
        if field.kind is Kind.TICK:
            assert page.count(f"<span>{field.label}</span>") == 1
        elif field.kind is not Kind.TICKS:  # shown where there is something to tick
            assert page.count(f'for="{field.name}">{field.label}</label>') == 1


def test_the_form_spells_no_label_of_its_own():
    steps = [path.read_text() for path in (ROOT / "templates/experiments").glob("step*.html")]
    brought = re.findall(r'from "kit/form.html" import (.*?) %', "".join(steps))

    assert len(steps) == len(brought) == 1 + len(STEPS)
    assert {name for names in brought for name in names.split(", ")} == {
        "csrf", "title", "ask", "check", "button",
    }  # fmt: skip
    assert re.findall(r"check\(form, (\S+),", "".join(steps)) == ['"exclude"']


def test_every_field_is_asked_for_in_one_step():
    asked = Counter(name for step in STEPS for name in step.names[1:])

    assert asked == Counter(name for name in FIELDS if name != NAME)


def test_no_label_is_spelled_twice():
    labels = {
        label
        for field in FIELDS.values()
        for label in (field.label, field.asked.label, field.asked.shown)
        if len(label.split()) > 2
    }
    sources = [*(ROOT / "app").rglob("*.py"), *(ROOT / "templates").rglob("*.html")]
    told = " ".join(path.read_text(encoding="utf-8") for path in sources)
    spelled = Counter(
        one for one in re.findall(r'(?<=[">])[^"<>\n]*(?=["<])', told) if one in labels
    )

    assert len(labels) > 20
    assert {label: spelled[label] for label in labels if spelled[label] != 1} == {}


@every_field
def test_other_systems_read_the_same_label(field: FormField):
    schema = Draft.model_json_schema()
    place = schema
    for part in re.sub(r"guardrails\.\w+", "guardrails", field.path).split("."):
        place = place["items"] if part.isdigit() else place["properties"][part]
        if "$ref" in place:
            place = {**schema["$defs"][place["$ref"].rpartition("/")[2]], **place}

    assert field.path.startswith("guardrails") or place["title"] == field.asked.label


@every_field
def test_what_is_typed_is_what_the_document_says_and_opens_again(field: FormField):
    form = typed_for(field)
    document = form_document.design(form, OSLO)
    again = form_document.fields(document, OSLO)

    assert field.path.startswith("guardrails") or at(document, field.path) is not None
    assert again.every(field.name) == form.every(field.name)
    assert form_document.design(again, OSLO) == document


@every_field
def test_what_is_wrong_stands_beside_its_label(field: FormField):
    ask = environment("UTC").get_template("kit/form.html").module.ask  # type: ignore[attr-defined]  # a macro
    form = typed_for(field)
    path = re.sub(r"guardrails\.\w+", "guardrails.0.max", field.path)
    wrong = form.refused(Invalid.at(path, "This is wrong."), form_document.names(form))

    if field.kind in {Kind.TICK, Kind.TICKS}:
        assert wrong.sentence == "This is wrong."  # above the form: a tick has no place for it
    else:
        assert wrong.error(field.name) == "This is wrong."
        shown = ask(wrong, field)
        assert field.label in shown
        assert "This is wrong." in shown


def test_a_field_that_is_declared_is_in_every_place():
    told = told_with(
        "tests.web.experiments.one_more_field", "tests/web/experiments/with_one_more_field.py"
    )

    assert told.returncode == 0, told.stdout[-3000:]
