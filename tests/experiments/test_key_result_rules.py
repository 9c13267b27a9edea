"""Which experiment may write to which key result."""

from typing import Any

import pytest
from sqlmodel import Session

from app.experiments import drafts, key_result_rules, key_result_usage
from app.experiments.models import Experiment, Status
from app.experiments.vocabulary import Mode
from app.okr.models import KeyResult
from app.platform.errors import Conflict
from tests.analysis.scenes import designed, given_experiment
from tests.okr.scenes import NOW, given_key_result, given_objective

COMPARED = {"kind": "comparison", "baseline": "holdout", "mde": 0.02}
CONVERSIONS = {"kind": "conversion_rate", "event": "ordered"}
VALUE = {"kind": "value_per_person", "event": "ordered"}
OPENS = {"kind": "open_rate"}


def a_key_result(session: Session, **changes: Any) -> KeyResult:
    return given_key_result(session, given_objective(session), source="experiment", **changes)


def design(row: KeyResult, mode: str, **changes: Any) -> dict[str, Any]:
    return designed(key_results=[{"key_result_id": row.id, "mode": mode}], **changes)


@pytest.mark.parametrize(
    ("unit", "mode", "changes"),
    [
        ("number", "contribution", {"metric": CONVERSIONS, "rule": COMPARED}),
        ("number", "contribution", {"metric": VALUE, "rule": COMPARED}),
        ("EUR", "contribution", {"metric": VALUE, "rule": COMPARED}),
        ("percent", "direct", {}),
        ("percent", "direct", {"metric": CONVERSIONS}),
        ("EUR", "direct", {"metric": VALUE}),
        ("EUR", "evidence", {}),
    ],
)
def test_a_metric_writes_to_a_number_of_its_own_unit(
    session: Session, unit: str, mode: str, changes: dict[str, Any]
):
    row = a_key_result(session, unit=unit)

    key_result_rules.refuse_unfit(session, design(row, mode, **changes))


@pytest.mark.parametrize(
    ("unit", "mode", "changes", "sentence"),
    [
        ("percent", "contribution", {"metric": CONVERSIONS, "rule": COMPARED}, "is in percent"),
        ("EUR", "contribution", {"metric": CONVERSIONS, "rule": COMPARED}, "is in EUR"),
        ("percent", "contribution", {"metric": VALUE, "rule": COMPARED}, "is in percent"),
        ("number", "contribution", {"metric": CONVERSIONS}, "comparison rule"),
        ("number", "contribution", {"rule": COMPARED}, "click rate is a sign"),
        ("number", "contribution", {"metric": OPENS, "rule": COMPARED}, "open rate is a sign"),
        ("number", "direct", {}, "is in number"),
        ("percent", "direct", {"metric": VALUE}, "is in percent"),
        ("percent", "direct", {"arms": [{"key": "a"}, {"key": "b"}]}, "several versions"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_way_out(
    session: Session, unit: str, mode: str, changes: dict[str, Any], sentence: str
):
    row = a_key_result(session, unit=unit)

    with pytest.raises(Conflict, match=sentence) as refused:
        key_result_rules.refuse_unfit(session, design(row, mode, **changes))
    assert refused.value.status == 409


@pytest.mark.parametrize("mode", ["contribution", "direct"])
def test_a_number_of_another_source_takes_nothing(session: Session, mode: str):
    row = given_key_result(session, given_objective(session))

    with pytest.raises(Conflict, match="count twice"):
        key_result_rules.refuse_unfit(session, design(row, mode, metric=CONVERSIONS, rule=COMPARED))


def test_one_series_writes_to_a_key_result(session: Session):
    row = a_key_result(session, unit="percent")
    first = given_experiment(session, design=design(row, "direct"))
    second = given_experiment(session, design=design(row, "direct"), previous_id=first.id)

    key_result_rules.refuse_unfit(session, design(row, "direct", previous_id=second.id))
    key_result_rules.refuse_unfit(session, design(row, "direct"), experiment_id=first.id)
    with pytest.raises(Conflict, match="Run that one again"):
        key_result_rules.refuse_unfit(session, design(row, "direct"))


def test_a_ledger_and_a_series_do_not_share_a_number(session: Session):
    row = a_key_result(session)
    given_experiment(session, design=design(row, "contribution", metric=CONVERSIONS, rule=COMPARED))

    with pytest.raises(Conflict, match="not both"):
        key_result_rules.refuse_unfit(session, design(row, "direct", metric=VALUE))


def test_an_experiment_that_never_began_holds_no_number(session: Session):
    row = a_key_result(session, unit="percent")
    called_off = given_experiment(session, design=design(row, "direct"), status=Status.CANCELLED)
    called_off.started_at = None

    key_result_rules.refuse_unfit(session, design(row, "direct"))


def test_a_ring_of_runs_ends(session: Session):
    one = given_experiment(session)
    other = given_experiment(session, previous_id=one.id)
    one.previous_id = other.id
    session.flush()

    assert key_result_rules.series_of(session, one.id) in {one.id, other.id}


def test_the_mode_of_an_experiment_that_is_not_linked_is_none(session: Session):
    row = a_key_result(session)
    experiment = given_experiment(session, design=design(row, "evidence"))

    assert key_result_rules.mode_of(experiment, row.id) is Mode.EVIDENCE
    assert key_result_rules.mode_of(experiment, "another") is None


def a_run(session: Session, **changes: Any) -> Experiment:
    return given_experiment(session, **changes)


def test_running_it_again_makes_a_draft_that_follows_with_people_to_choose(session: Session):
    row = a_key_result(session, unit="percent")
    first = a_run(
        session,
        status=Status.DECIDED,
        audience_id="gone",
        design=design(row, "direct", name="Waste", stop_at="2026-11-30T00:00:00Z"),
    )

    again = drafts.copy(session, first, by="Bo", now=NOW)

    assert (again.status, again.previous_id, again.created_by) == (Status.DRAFT, first.id, "Bo")
    assert (again.audience_id, again.design["stop_at"]) == (None, None)
    assert again.design["key_results"][0]["mode"] == "direct"
    assert again.design["arms"][0]["key"] == "insight"


def test_a_draft_is_not_run_again(session: Session):
    with pytest.raises(Conflict, match="launch it before"):
        drafts.copy(session, a_run(session, status=Status.DRAFT), by="Bo", now=NOW)


def test_a_key_result_that_something_should_move_is_not_removed(session: Session):
    row = a_key_result(session, unit="percent")
    key_result_usage.refuse_linked(session, row.id)
    given_experiment(session, design=design(row, "direct"))

    with pytest.raises(Conflict, match="Unlink it there first"):
        key_result_usage.refuse_linked(session, row.id)
