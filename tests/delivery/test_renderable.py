"""Who can be mailed: nobody is sent a half-filled mail."""

import pytest

from app.delivery.renderable import LiquidRenderable
from tests.delivery.scenes import ARM

ASK = LiquidRenderable()


def test_the_columns_of_every_part_are_named():
    arm = {
        "subject": "{{ name }}",
        "preheader": "{{ city }}",
        "body": "{% for b in breads %}{{ b.name }}{% endfor %} [x](https://x.example/{{ id }})"
        " {{ unsubscribe_url }}",
        "answer": "{% if vip %}{{ euros | default: 0 }}{% endif %}",
    }

    assert ASK.columns_used([arm]) == {"name", "city", "breads", "id", "vip", "euros"}


@pytest.mark.parametrize(
    ("row", "missing"),
    [
        ({"name": "Ann", "euros": 61}, None),
        ({"name": "Ann", "euros": 0}, None),
        ({"name": "", "euros": 61}, "name"),
        ({"name": "Ann", "euros": None}, "euros"),
        ({"name": "Ann"}, "euros"),
    ],
)
def test_the_column_that_somebody_lacks_is_named(row: dict[str, object], missing: str | None):
    assert ASK.missing([ARM], row) == missing


def test_a_column_with_a_default_or_a_condition_is_never_missing():
    arm = ARM | {"body": "{{ a | default: 'x' }}{% if b %}{{ b }}{% endif %}"}

    assert ASK.missing([arm], {"name": "Ann", "euros": 1}) is None


def test_a_column_in_a_loop_is_missing_where_an_item_lacks_it():
    arm = ARM | {"body": "{% for x in list %}{{ x.name }}{% endfor %}"}
    row = {"name": "Ann", "euros": 1, "list": [{"name": "rye"}, {}]}

    assert ASK.missing([arm], row) == "x.name"


def test_a_subject_with_a_line_break_in_it_is_a_reason():
    said = ASK.missing([ARM], {"name": "Ann\nBcc: all@example.org", "euros": 1})

    assert said is not None
    assert "line break" in said
