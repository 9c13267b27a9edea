import pytest

from app.audience.columns import Columns
from app.audience.conditions import Condition, matches
from app.audience.members import Member
from app.audience.own import EMPTY

ANN = Member(
    "1",
    "ann@b.example",
    {**EMPTY, "email": "ann@b.example", "name": "Ann"},
    {"country": "NO", "euros": "61", "shops": 2},
)


@pytest.mark.parametrize(
    ("column", "op", "value", "met"),
    [
        ("country", "eq", "NO", True),
        ("country", "ne", "NO", False),
        ("country", "in", ["SE", "NO"], True),
        ("euros", "gt", 9, True),  # as numbers: as text "61" would come before "9"
        ("euros", "lte", "61.0", True),
        ("shops", "eq", "2", True),
        ("name", "contains", "nn", True),
        ("missing", "exists", None, False),
        ("missing", "missing", None, True),
        ("missing", "gt", 1, False),
        ("missing", "ne", "x", True),
    ],
)
def test_a_condition_reads_as_it_says(column: str, op: str, value: object, met: bool):
    condition = Condition.model_validate({"column": column, "op": op, "value": value})

    assert matches(ANN.row(), [condition], columns=Columns()) is met


@pytest.mark.parametrize(
    ("held", "op", "value", "met"),
    [
        ("Nan", "eq", "Inf", False),  # words, though Python reads them as numbers
        (True, "eq", "true", True),
        (True, "eq", True, True),
        (False, "exists", None, True),
        ("", "missing", None, True),
        ("abc", "lt", "abd", True),
        ("01", "eq", 1, True),
    ],
)
def test_values_compare_as_people_read_them(held: object, op: str, value: object, met: bool):
    member = Member("1", "a@b.example", {**EMPTY, "email": "a@b.example"}, {"x": held})
    condition = Condition.model_validate({"column": "x", "op": op, "value": value})

    assert matches(member.row(), [condition], columns=Columns()) is met


@pytest.mark.parametrize(
    "wrong", [{"op": "gt"}, {"op": "in", "value": "x"}, {"op": "eq", "value": [1]}]
)
def test_a_condition_whose_value_does_not_fit_is_refused(wrong: dict[str, object]):
    with pytest.raises(ValueError, match=r"value|list"):
        Condition.model_validate({"column": "country", **wrong})
