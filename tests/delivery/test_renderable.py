"""Who can be mailed: nobody is sent a half-filled mail, and the sender's own answer is given."""

from typing import Any

import pytest

from app.audience.columns import Column, Columns, Type
from app.audience.members import Member
from app.audience.own import EMPTY
from app.delivery.renderable import LiquidRenderable, LiquidWriter
from app.experiments.design_schemas import Draft
from app.experiments.ports import Fault, Reason
from tests.delivery.scenes import ARM, KEYS, NOW, SETTINGS

DRAFT = {
    "name": "Waste",
    "audience_id": None,
    "metric": {"kind": "click_rate"},
    "rule": {"kind": "threshold", "threshold": 0.08},
}
ASK = LiquidRenderable(SETTINGS, KEYS)


def writer(*arms: dict[str, Any], columns: Columns | None = None) -> LiquidWriter:
    draft = Draft.model_validate(DRAFT | {"arms": list(arms)})
    return ASK.writer("x1", draft, columns or Columns(), now=NOW)


def fault(arm: dict[str, Any], row: dict[str, object], **columns: Any) -> Fault | None:
    member = Member("p1", "", {**EMPTY, "email": "ann@b.example", "name": "Ann"})
    [found] = writer(arm, **columns).faults([(member, row)])
    return found


def test_the_columns_of_every_part_are_named():
    arm = ARM | {
        "subject": "{{ name }}",
        "preheader": "{{ city }}",
        "body": "{% for b in breads %}{{ b.name }}{% endfor %} [x](https://x.example/{{ id }})"
        " {{ unsubscribe_url }}",
        "answer": "{% if vip %}{{ euros | default: 0 }}{% endif %}",
    }

    assert writer(arm).columns_used == {"name", "city", "breads", "id", "vip", "euros"}


@pytest.mark.parametrize(
    ("row", "missing"),
    [
        ({"name": "Ann", "euros": 61}, None),
        ({"name": "Ann", "euros": 0}, None),
        ({"name": "", "euros": 61}, "name"),
        ({"name": "Ann", "euros": None}, "euros"),
        ({"name": "Ann", "euros": "NULL"}, "euros"),
        ({"name": "Ann"}, "euros"),
    ],
)
def test_the_column_that_somebody_lacks_is_named(row: dict[str, object], missing: str | None):
    assert fault(ARM, row) == (Fault(Reason.MISSING, missing) if missing else None)


def test_a_column_with_a_default_or_a_condition_is_never_missing():
    arm = ARM | {"body": "{{ a | default: 'x' }}{% if b %}{{ b }}{% endif %}"}

    assert fault(arm, {"name": "Ann", "euros": 1}) is None


def test_a_column_in_a_loop_is_missing_where_an_item_lacks_it():
    arm = ARM | {"body": "{% for x in list %}{{ x.name }}{% endfor %}"}
    row: dict[str, object] = {"name": "Ann", "euros": 1, "list": [{"name": "rye"}, {}]}

    assert fault(arm, row) == Fault(Reason.MISSING, "x.name")


def test_a_line_break_in_a_cell_is_a_space_in_the_subject():
    assert fault(ARM, {"name": "Ann\nBcc: all@example.org", "euros": 1}) is None


def test_a_cell_that_does_not_fit_keeps_its_person_out_even_with_a_default():
    columns = Columns({"euros": Column("euros", Type.NUMBER, "decimal_comma")})
    arm = ARM | {"body": "{{ euros | default: 0 }}"}

    found = fault(arm, {"name": "Ann", "euros": "lots"}, columns=columns)

    assert found == Fault(Reason.MISFIT, "euros", "“lots” is not a number")


def test_a_link_that_grows_too_long_is_known_before_anybody_is_mailed():
    arm = ARM | {"body": "[x](https://x.example/{{ name }})"}

    found = fault(arm, {"name": "x" * 9000, "euros": 1})

    assert found is not None
    assert found.reason is Reason.UNWRITABLE


def test_an_address_that_no_mail_can_go_to_is_known_before():
    member = Member("p1", "", {**EMPTY, "email": "a,b@b.example", "name": "Ann"})

    assert writer(ARM).faults([(member, {"name": "Ann", "euros": 1})]) != [None]


def test_a_template_that_never_ends_is_given_up_once_for_all():
    arm = ARM | {"body": "{% for i in (1..9999) %}{{ (1..9000) | sum }}{% endfor %}"}
    slow = writer(arm)
    member = Member("p1", "", {**EMPTY, "email": "ann@b.example", "name": "Ann"})

    found = slow.faults([(member, {"name": "Ann", "euros": 1})] * 250)

    assert {one.reason for one in found if one} == {Reason.UNWRITABLE}
    assert len(found) == 250
    assert "longer than 2 seconds" in str(found[0])
