"""What the outside may send about outcomes, and what it may not."""

import math
from typing import Any

import pytest
from pydantic import ValidationError

from app.okr.progress import Goal, progress
from app.okr.schemas import CycleDraft, KeyResultDraft, ObjectiveDraft, TeamDraft, ValueDraft


def key_result(**changes: Any) -> KeyResultDraft:
    fields = {
        "objective_id": "o1",
        "title": "Weekly active bakeries",
        "kind": "increase",
        "unit": "number",
        "start": 1240,
        "target": 1800,
    }
    return KeyResultDraft.model_validate(fields | changes)


def test_the_contracts_example_is_accepted_with_its_defaults():
    draft = key_result()

    assert (draft.cadence, draft.source, draft.weight, draft.stretch) == (
        "weekly",
        "manual",
        1,
        None,
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"target": 1240}, "nothing to move"),
        ({"start": 0, "target": 5e-324}, "nothing to move"),
        ({"kind": "decrease"}, "under its start"),
        ({"start": 1800, "target": 1240}, "above its start"),
        ({"kind": "maintain"}, "needs low and high"),
        ({"kind": "maintain", "low": 2, "high": 1}, "needs low and high"),
        ({"kind": "milestone"}, "from 0 to 1"),
        ({"kind": "milestone", "start": 1, "target": 0}, "from 0 to 1"),
        ({"weight": 0}, "greater than 0"),
        ({"weight": math.nan}, "finite number"),
        ({"cadence": "yearly"}, "weekly"),
        ({"start": math.nan}, "finite"),
        ({"target": math.inf}, "finite"),
        ({"title": "  "}, "at least 1 character"),
        ({"title": "a\x00b"}, "NUL"),
        ({"colour": "red"}, "not permitted"),
        ({"weight": -1}, "greater than 0"),
        ({"unit": "bakeries"}, "a currency's code"),
        ({"unit": "€"}, "a currency's code"),
        ({"unit": ""}, "a currency's code"),
        ({"stretch": 1800}, "beyond the target"),
        ({"stretch": 1500}, "beyond the target"),
        ({"kind": "decrease", "start": 14, "target": 9, "stretch": 10}, "beyond the target"),
        ({"kind": "maintain", "low": 1, "high": 2, "stretch": 3}, "no stretch"),
        ({"kind": "milestone", "start": 0, "target": 1, "stretch": 2}, "no stretch"),
        ({"source": "http"}, "needs http"),
        ({"source": "sql"}, "needs sql"),
        ({"http": {"url": "https://a.example"}}, "nothing else takes it"),
        ({"source": "http", "http": {"url": "https://a.example", "pointer": "n"}}, "pattern"),
        ({"source": "sql", "sql": {"connection": "a b", "query": "SELECT 1"}}, "pattern"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_reason(changes, sentence):
    with pytest.raises(ValidationError, match=sentence):
        key_result(**changes)


@pytest.mark.parametrize(
    ("written", "kept"), [("EUR", "EUR"), ("eur", "EUR"), ("Percent", "percent")]
)
def test_a_unit_is_a_number_a_percentage_or_a_currency(written: str, kept: str):
    assert key_result(unit=written).unit == kept


def test_a_stretch_lies_beyond_the_target_on_either_side():
    assert key_result(stretch=2000).stretch == 2000
    assert key_result(kind="decrease", start=14, target=9, stretch=7.5).stretch == 7.5


def test_a_band_may_start_where_it_should_stay():
    draft = key_result(kind="maintain", start=50, target=50, low=40, high=60)

    assert (draft.low, draft.high) == (40, 60)


def test_the_smallest_way_that_is_accepted_keeps_progress_a_number():
    draft = key_result(start=0, target=1e-6)

    assert math.isfinite(progress(Goal(draft.kind, draft.start, draft.target), 1e15))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e16, "much", None])
def test_a_value_is_a_finite_number(value):
    with pytest.raises(ValidationError):
        ValueDraft(value=value)


@pytest.mark.parametrize("confidence", [-1, 11, 6.5])
def test_confidence_is_a_whole_number_of_ten(confidence):
    with pytest.raises(ValidationError):
        ValueDraft(value=1, confidence=confidence)


def test_a_cycle_ends_after_it_starts():
    with pytest.raises(ValidationError, match="ends must come after starts"):
        CycleDraft.model_validate({"name": "Q4", "starts": "2026-10-01", "ends": "2026-10-01"})


def test_names_lose_their_outer_blanks_and_keep_no_nul():
    assert TeamDraft(name="  Growth ").name == "Growth"
    with pytest.raises(ValidationError, match="NUL"):
        TeamDraft(name="Gro\x00wth")
    with pytest.raises(ValidationError, match="NUL"):
        ObjectiveDraft(title="t", cycle_id="c", team_ids=["\x00"])


@pytest.mark.parametrize("value", [True, False, math.nan, math.inf, 1e16, "nan", None])
def test_a_value_is_a_number_that_can_be_kept(value: object):
    with pytest.raises(ValidationError):
        ValueDraft.model_validate({"value": value})
