from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from app.experiments.schemas import Changes, Draft, LaunchDraft, SliceDraft
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
        "audience_id": None,
        "where": [],
        "sample": None,
        "exclude": {"experiment_ids": [], "cooling_off_days": 0},
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
    ("holdout", {"holdout": 0.1}),
    ("more than one arm", {"arms": [ARM, ARM | {"key": "b"}]}),
    ("comparison", {"rule": {"kind": "comparison", "baseline": "holdout", "mde": 0.02}}),
    ("sequential", {"rule": {"kind": "threshold", "threshold": 0.1, "method": "sequential"}}),
    ("anytime", {"rule": {"kind": "threshold", "threshold": 0.1, "method": "anytime"}}),
    ("one look", {"rule": {"kind": "threshold", "threshold": 0.1, "looks": 3}}),
    ("waves", {"waves": [{"people": 10, "after_hours": 1}]}),
    ("segments", {"segments": ["country"]}),
    ("covariate", {"metric": {"kind": "click_rate", "covariate": "age"}}),
    ("cap", {"metric": {"kind": "click_rate", "cap": 3}}),
    ("event", {"metric": {"kind": "click_rate", "event": "bought"}}),
    ("conversion_rate", {"metric": {"kind": "conversion_rate", "event": "bought"}}),
    ("value_per_person", {"metric": {"kind": "value_per_person"}}),
    ("open_rate", {"metric": {"kind": "open_rate"}}),
    ("reported_rate", {"metric": {"kind": "reported_rate"}}),
    ("reply_rate", {"guardrails": [{"metric": "reply_rate", "max": 0.1}]}),
    ("mjml", {"arms": [ARM | {"format": "mjml"}]}),
    ("destination", {"arms": [ARM | {"destination": "https://halvern.example"}]}),
]


@pytest.mark.parametrize(("name", "changes"), UNBUILT, ids=[name for name, _ in UNBUILT])
def test_a_part_that_is_not_built_is_refused_by_name(name: str, changes: dict[str, Any]):
    with pytest.raises(NotBuiltYet, match=name) as refused:
        Draft.model_validate(document(**changes))

    assert refused.value.status == 422
    assert refused.value.errors


def test_a_change_cannot_bring_in_what_is_not_built():
    with pytest.raises(NotBuiltYet, match="waves"):
        Changes.model_validate({"waves": [{"share": 0.5, "after_hours": 1}]})


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
    ("where.0", {"where": [{"column": "a", "op": "eq", "value": "b\x00"}]}),
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


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(document())), JSON)
def test_junk_in_any_field_is_refused_or_accepted_but_never_breaks(field: str, junk: Any):
    try:
        Draft.model_validate(document() | {field: junk})
    except (ValidationError, NotBuiltYet):
        return
