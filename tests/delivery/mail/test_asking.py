"""However a column reaches a condition: where “no” counts as yes, the checklist names it."""

import pytest

from app.audience.columns import Column, Columns, Type
from app.delivery.mail import cells, filling
from app.delivery.mail.broken import BrokenLiquid
from app.delivery.renderable import LiquidRenderable
from app.experiments import column_items
from app.experiments.design_schemas import Draft
from app.experiments.eligibility import Eligibility, Judge, MadeOf
from app.platform.config import Privacy
from tests.delivery.scenes import ARM, KEYS, NOW, SETTINGS
from tests.delivery.test_renderable import DRAFT

COLUMNS = {
    "text": Column("flag"),
    "number": Column("flag", Type.NUMBER, "decimal_point"),
    "yes or no": Column("flag", Type.BOOLEAN, "yes_no"),
}
CELLS = {"text": "no", "number": "0", "yes or no": "no"}
# What a name is set to, and by how many steps.
ROUTES = {
    "as it is": ("", "flag"),
    "assign": ("{% assign f = flag %}", "f"),
    "two assigns": ("{% assign f = flag %}{% assign g = f %}", "g"),
    "a default": ("{% assign f = flag | default: 'x' %}", "f"),
    "its own name": ("{% assign flag = flag %}", "flag"),
    "a filter": ("{% assign f = flag | downcase %}", "f"),
    "a filter, then assign": ("{% assign f = flag | append: '!' %}{% assign g = f %}", "g"),
    "a filter and a default": ("{% assign f = flag | strip | default: 'x' %}", "f"),
    "arithmetic": ("{% assign f = flag | plus: 0 %}", "f"),
    "a loop": ("{% for f in flag %}", "f"),
    "a loop over an assign": ("{% assign g = flag %}{% for f in g %}", "f"),
    "a condition": ("{% if flag != '' %}{% assign f = flag %}{% endif %}", "f"),
}
CONDITIONS = {
    "if": "{% if ? %}YES{% endif %}",
    "elsif": "{% if 1 == 2 %}{% elsif ? %}YES{% endif %}",
    "unless": "{% unless ? %}{% else %}YES{% endunless %}",
    "and": "{% if 1 == 1 and ? %}YES{% endif %}",
    "or": "{% if 1 == 2 or ? %}YES{% endif %}",
    "compared": "{% if ? == 'yes' %}YES{% endif %}",
    "case": "{% case ? %}{% when 'yes' %}YES{% endcase %}",
}


def written(route: str, condition: str) -> str:
    before, name = ROUTES[route]
    after = "{% endfor %}" if "{% for" in before else ""
    return before + CONDITIONS[condition].replace("?", name) + after


def named(source: str, kind: str) -> list[str]:
    """What the checklist says of the column."""
    columns = Columns({"flag": COLUMNS[kind]})
    body = f"{source} [x](https://x.example/)"
    design = Draft.model_validate(DRAFT | {"arms": [ARM | {"subject": "x", "body": body}]})
    writer = LiquidRenderable(SETTINGS, KEYS).writer("x", design, columns, now=NOW)
    judge = Judge("x", design, columns, writer, Privacy.STANDARD, NOW, MadeOf("", "", ""))
    found = column_items.items(judge, Eligibility(), frozenset({"flag"}))
    return [one.id for one in found if one.id.endswith("_alone:flag")]


def says_yes(source: str, kind: str) -> bool | None:
    """What somebody reads whose cell says no; None where nothing can be written to them."""
    filler = filling.rendered_text(source)
    columns = Columns({"flag": COLUMNS[kind]})
    try:
        return "YES" in filler.fill(
            cells.cells_for({"flag": CELLS[kind]}, ["flag"], columns, now=NOW)
        )
    except BrokenLiquid:
        return None  # arithmetic on a text: said of that person


@pytest.mark.parametrize("kind", COLUMNS)
@pytest.mark.parametrize("route", ROUTES)
def test_a_condition_that_takes_a_no_for_a_yes_is_named(route: str, kind: str):
    sources = {name: written(route, name) for name in CONDITIONS}
    read = {name: says_yes(one, kind) for name, one in sources.items()}

    told = {name: said for name, said in read.items() if said is not None}
    assert {name: bool(named(sources[name], kind)) for name in told} == told


def test_a_text_that_some_people_lack_may_be_asked_for():
    columns = Columns({"flag": COLUMNS["text"]})
    design = Draft.model_validate(
        DRAFT
        | {"arms": [ARM | {"body": "{% if flag %}{{ flag }}{% endif %} [x](https://x.example)"}]}
    )
    writer = LiquidRenderable(SETTINGS, KEYS).writer("x", design, columns, now=NOW)
    judge = Judge("x", design, columns, writer, Privacy.STANDARD, NOW, MadeOf("", "", ""))

    found = list(column_items.items(judge, Eligibility(), frozenset()))

    assert not [one for one in found if "_alone" in one.id]
