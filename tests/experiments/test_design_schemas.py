from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from app.experiments.design_schemas import Changes, Draft, LaunchDraft
from app.experiments.outline_schemas import SliceDraft
from app.platform.errors import NotBuiltYet
from tests.experiments.scenes import ARM, document


def test_the_defaults_are_those_of_the_contract():
    got = Draft.model_validate(document(guardrails=[], hypothesis={})).model_dump(mode="json")

    assert got == {
        "name": "Waste in euros",
        "slice_id": None,
        "previous_id": None,
        "channel": "email",
        "hypothesis": {"believe": "", "verify": "", "measure": "", "right_if": ""},
        "riskiest": None,
        "forecast": None,
        "audience_id": None,
        "where": [],
        "sample": None,
        "exclude": {"experiment_ids": [], "cooling_off_days": 0},
        "mail_kind": "other",
        "language": "en",
        "hours": {"opens": 0, "closes": 24, "days": "every", "zone_column": None},
        "holdout": 0.0,
        "sender": {"from_name": None, "reply_to": None},
        "honeypot": False,
        "arms": [ARM | {"weight": 1, "preheader": None, "format": "markdown", "answer": None}],
        "metric": {
            "kind": "click_rate",
            "link": None,
            "event": None,
            "window_hours": 72,
            "cap": None,
            "covariate": None,
        },
        "rule": {
            "kind": "threshold",
            "threshold": 0.08,
            "confidence": 0.95,
            "method": "curtailed",
            "looks": 1,
            "baseline": None,
            "mde": None,
            "base_rate": None,
        },
        "segments": [],
        "guardrails": [],
        "waves": [],
        "stop_at": None,
        "key_results": [],
    }


def test_what_was_stored_is_accepted_again():
    stored = Draft.model_validate(
        document(
            stop_at="2026-11-30T10:00:00+01:00",
            where=[{"column": "country", "op": "in", "value": ["NO", "SE"]}],
            key_results=[{"key_result_id": "k", "reach": 12000, "carry": 0.25}],
        )
    ).model_dump(mode="json")

    assert Draft.model_validate(stored).model_dump(mode="json") == stored


UNBUILT: list[tuple[str, dict[str, Any]]] = [
    ("channel “link”", {"channel": "link", "rule": None}),
    ("channel “page”", {"channel": "page"}),
    ("channel “reported”", {"channel": "reported"}),
    ("reported_rate", {"metric": {"kind": "reported_rate"}}),
    ("reply_rate", {"guardrails": [{"metric": "reply_rate", "max": 0.1}]}),
    ("destination", {"arms": [ARM | {"destination": "https://halvern.example"}]}),
]


@pytest.mark.parametrize(("name", "changes"), UNBUILT, ids=[name for name, _ in UNBUILT])
def test_a_part_that_is_not_built_is_refused_by_name(name: str, changes: dict[str, Any]):
    with pytest.raises(NotBuiltYet, match=name) as refused:
        Draft.model_validate(document(**changes))

    assert refused.value.status == 422
    assert refused.value.errors


def test_a_change_cannot_bring_in_what_is_not_built():
    with pytest.raises(NotBuiltYet, match="channel"):
        Changes.model_validate({"channel": "link"})


def test_default_values_of_parts_that_are_not_built_are_fine():
    plain = {"holdout": 0, "waves": [], "segments": [], "honeypot": False, "channel": "email"}

    assert Draft.model_validate(document(**plain)).holdout == 0


REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("name", {"name": "  "}),
    ("name", {"name": "two\nlines"}),
    ("colour", {"colour": "red"}),
    ("arms.0.key", {"arms": [ARM | {"key": "Not a slug"}]}),
    ("arms.0.subject", {"arms": [ARM | {"subject": "a\r\nBcc: b@example.com"}]}),
    ("arms.0.subject", {"arms": [ARM | {"subject": "a\x00"}]}),
    ("arms.0.body", {"arms": [ARM | {"body": "a\x00"}]}),
    ("arms.0.weight", {"arms": [ARM | {"weight": 0}]}),
    ("arms", {"arms": []}),
    ("sender.from_name", {"sender": {"from_name": "Ann\nBcc: x"}}),
    ("sender.reply_to", {"sender": {"reply_to": "nobody"}}),
    ("rule.threshold", {"rule": {"kind": "threshold", "threshold": 0}}),
    ("rule.threshold", {"rule": {"kind": "threshold", "threshold": 1}}),
    ("rule.threshold", {"rule": {"kind": "threshold", "threshold": float("nan")}}),
    ("rule.threshold", {"rule": {"kind": "threshold"}}),
    ("rule.confidence", {"rule": {"kind": "threshold", "threshold": 0.1, "confidence": 1}}),
    ("rule.looks", {"rule": {"kind": "threshold", "threshold": 0.1, "looks": 0}}),
    ("metric.window_hours", {"metric": {"kind": "click_rate", "window_hours": 0}}),
    ("metric.window_hours", {"metric": {"kind": "click_rate", "window_hours": 8761}}),
    ("metric.kind", {"metric": {"kind": "smiles"}}),
    ("sample", {"sample": 0}),
    ("exclude.cooling_off_days", {"exclude": {"cooling_off_days": -1}}),
    ("stop_at", {"stop_at": "2026-11-30T10:00:00"}),
    ("riskiest", {"riskiest": "colour"}),
    ("where.0.op", {"where": [{"column": "a", "op": "like", "value": "b"}]}),
    ("where.0.value", {"where": [{"column": "a", "op": "eq", "value": "b\x00"}]}),
    ("guardrails.0.max", {"guardrails": [{"metric": "bounce_rate", "max": 2}]}),
    ("key_results.0.carry", {"key_results": [{"key_result_id": "k", "carry": 1.5}]}),
    ("channel", {"channel": "pigeon"}),
]


@pytest.mark.parametrize(("field", "changes"), REFUSED)
def test_what_cannot_be_is_refused_at_its_field(field: str, changes: dict[str, Any]):
    with pytest.raises(ValidationError) as refused:
        Draft.model_validate(document(**changes))

    assert field in {".".join(map(str, error["loc"])) for error in refused.value.errors()}


@pytest.mark.parametrize("field", ["name", "audience_id", "arms", "metric", "rule"])
def test_what_the_contract_requires_must_be_there(field: str):
    with pytest.raises(ValidationError):
        Draft.model_validate({k: v for k, v in document().items() if k != field})


def test_a_start_without_a_zone_is_refused():
    with pytest.raises(ValidationError):
        LaunchDraft.model_validate({"at": "2026-11-30T10:00:00"})


def test_a_slice_has_a_known_kind_of_doubt():
    with pytest.raises(ValidationError):
        SliceDraft.model_validate({"feature_id": "f", "title": "t", "riskiest": "luck"})


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2)
    ),
    max_leaves=4,
)


@settings(max_examples=60)
@given(st.sampled_from(sorted(document())), JSON)
def test_junk_in_any_field_is_refused_or_accepted_but_never_breaks(field: str, junk: Any):
    try:
        Draft.model_validate(document() | {field: junk})
    except (ValidationError, NotBuiltYet):
        return


TWO = [ARM, ARM | {"key": "b"}]
COMPARED = {"kind": "comparison", "baseline": "insight", "mde": 0.02}
OVER = {"kind": "threshold", "threshold": 0.08}
VALUE = {"kind": "value_per_person", "event": "paid"}

GOES_TOGETHER: dict[str, dict[str, Any]] = {
    "two versions": {"arms": TWO, "rule": COMPARED},
    "a usual rate": {"arms": TWO, "rule": COMPARED | {"base_rate": 0.1}},
    "a holdout": {
        "holdout": 0.5,
        "metric": {"kind": "conversion_rate", "event": "planned"},
        "rule": COMPARED | {"baseline": "holdout"},
    },
    "values": {
        "arms": TWO,
        "metric": VALUE | {"cap": 500, "covariate": "spent"},
        "rule": COMPARED | {"mde": 12.5},
    },
    "looks": {
        "rule": OVER | {"method": "sequential", "looks": 2},
        "waves": [{"share": 0.5}, {"share": 0.5, "after_hours": 168}],
    },
    "at any time": {"rule": OVER | {"method": "anytime"}},
    "segments": {"segments": ["country", "size"]},
}


@pytest.mark.parametrize("changes", GOES_TOGETHER.values(), ids=GOES_TOGETHER)
def test_what_goes_together_is_accepted(changes: dict[str, Any]):
    stored = Draft.model_validate(document(**changes)).model_dump(mode="json")

    assert Draft.model_validate(stored).model_dump(mode="json") == stored


CLASHES: list[tuple[str, dict[str, Any]]] = [
    ("one version alone", {"arms": TWO}),
    ("one version alone", {"holdout": 0.2}),
    ("second version", {"rule": COMPARED}),
    ("is none of", {"arms": TWO, "rule": COMPARED | {"baseline": "c"}}),
    ("is none of", {"arms": TWO, "rule": COMPARED | {"baseline": "holdout"}}),
    ("get no mail", {"holdout": 0.5, "rule": COMPARED | {"baseline": "holdout"}}),
    ("rule.mde", {"arms": TWO, "rule": {"kind": "comparison", "baseline": "insight"}}),
    ("rule.baseline", {"arms": TWO, "rule": {"kind": "comparison", "mde": 0.1}}),
    ("rule.threshold", {"arms": TWO, "rule": COMPARED | {"threshold": 0.1}}),
    ("rule.mde", {"rule": OVER | {"mde": 0.1}}),
    ("greater than 0", {"arms": TWO, "rule": COMPARED | {"mde": 0}}),
    ("has no usual rate", {"rule": OVER | {"base_rate": 0.1}}),
    (
        "values, not rates",
        {"arms": TWO, "metric": VALUE, "rule": COMPARED | {"mde": 2, "base_rate": 0.1}},
    ),
    ("greater than 0", {"arms": TWO, "rule": COMPARED | {"base_rate": 0}}),
    ("less than 1", {"arms": TWO, "rule": COMPARED | {"base_rate": 1}}),
    ("has no fixed", {"rule": OVER | {"method": "fixed"}}),
    ("has no curtailed", {"arms": TWO, "rule": COMPARED | {"method": "curtailed"}}),
    ("2 looks or more", {"rule": OVER | {"method": "sequential"}}),
    ("looks more than once", {"rule": OVER | {"looks": 3}}),
    ("greater than or equal to 0.5", {"rule": OVER | {"confidence": 0.4}}),
    ("“holdout” is taken", {"arms": [ARM, ARM | {"key": "holdout"}], "rule": COMPARED}),
    ("keys must differ", {"arms": [ARM, ARM], "rule": COMPARED}),
    ("greater than 0", {"arms": [ARM | {"weight": 0}]}),
    ("has no threshold", {"metric": VALUE}),
    ("has no threshold", {"metric": {"kind": "open_rate"}}),
    ("has no event", {"metric": {"kind": "click_rate", "event": "paid"}}),
    ("for value_per_person", {"metric": {"kind": "click_rate", "cap": 3}}),
    ("greater than 0", {"metric": VALUE | {"cap": 0}}),
    ("either people or share", {"waves": [{"after_hours": 1}]}),
    ("either people or share", {"waves": [{"people": 5, "share": 0.1}]}),
    ("must rise", {"waves": [{"share": 0.5}, {"share": 0.5}]}),
    ("more than 1", {"waves": [{"share": 0.7}, {"share": 0.7, "after_hours": 2}]}),
    ("named once", {"segments": ["country", "country"]}),
    ("at most 3", {"segments": ["a", "b", "c", "d"]}),
]


@pytest.mark.parametrize(("said", "changes"), CLASHES)
def test_what_does_not_go_together_is_refused_with_the_reason(said: str, changes: dict[str, Any]):
    with pytest.raises(ValidationError) as refused:
        Draft.model_validate(document(**changes))

    (error, *_) = refused.value.errors()
    assert said in f"{'.'.join(map(str, error['loc']))}: {error['msg']}"
