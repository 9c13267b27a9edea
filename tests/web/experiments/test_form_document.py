"""The experiment form and the document that rooms know are two forms of one thing."""

import re
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.platform.asked import Kind
from app.platform.errors import Invalid
from app.web.experiments import form_document
from app.web.experiments.form_fields import FIELDS
from app.web.experiments.starters import STARTERS, Starter
from app.web.kit.form_state import Typed

OSLO = ZoneInfo("Europe/Oslo")
FORM = Typed.of(
    name="Waste in euros",
    audience_id="a1",
    believe="Bakers act.",
    forecast="60",
    where_0_column="country",
    where_0_op="in",
    where_0_value="NO, SE",
    sample="600",
    subject="{{ name }}",
    body="[Show](answer:)",
    threshold="8",
    confidence="95",
    window_hours="72",
    unsubscribe_max="1",
    key_result_id="k1",
    reach="12000",
    reach_per="once",
    carry="25",
    per_hit="1",
    stop_at="2026-11-27T09:00",
)


def test_points_become_shares_and_the_wall_clock_becomes_a_moment():
    document = form_document.design(FORM, OSLO)

    assert document["rule"]["threshold"] == 0.08
    assert document["forecast"] == 0.6
    assert document["guardrails"] == [{"metric": "unsubscribe_rate", "max": 0.01}]
    assert document["key_results"][0]["carry"] == 0.25
    assert document["stop_at"] == "2026-11-27T09:00:00+01:00"
    assert document["where"] == [{"column": "country", "op": "in", "value": ["NO", "SE"]}]


def test_a_saved_document_opens_as_the_form_that_made_it():
    again = form_document.fields(form_document.design(FORM, OSLO), OSLO)

    assert form_document.design(again, OSLO) == form_document.design(FORM, OSLO)


def test_a_word_where_a_number_belongs_is_named_at_its_field():
    with pytest.raises(Invalid) as refused:
        form_document.design(Typed.of(threshold="many", sample="a few"), OSLO)

    assert {error.field for error in refused.value.errors} == {"threshold", "sample"}


def test_a_refused_form_keeps_what_was_typed():
    form = FORM.refused(
        Invalid.at("arms.0.subject", "Give it a subject."), form_document.names(FORM)
    )

    assert form.value("name") == "Waste in euros"
    assert form.error("subject") == "Give it a subject."


TWO: dict[str, Any] = {
    "name": "Two framings",
    "arms": [
        {"key": "plain", "weight": 1, "subject": "a", "body": "b", "format": "markdown"},
        {"key": "loss", "weight": 2, "subject": "c", "body": "d", "format": "markdown"},
        {"key": "third", "weight": 1, "subject": "e", "body": "f", "format": "markdown"},
    ],
    "holdout": 0.2,
    "segments": ["country", "size"],
    "metric": {"kind": "value_per_person", "event": "paid", "cap": 500, "covariate": "spent"},
    "rule": {
        "kind": "comparison",
        "baseline": "plain",
        "mde": 2.5,
        "method": "sequential",
        "looks": 2,
    },
    "waves": [{"people": 30, "after_hours": 0}, {"share": 0.5, "after_hours": 24}],
}


def test_versions_waves_and_rules_survive_being_opened_and_saved():
    document = form_document.design(form_document.fields(TWO, OSLO), OSLO)

    assert [(arm["key"], arm["weight"], arm["body"]) for arm in document["arms"]] == [
        ("plain", 1, "b"), ("loss", 2, "d"), ("third", 1, "f"),
    ]  # fmt: skip
    assert document["waves"] == TWO["waves"]
    assert (document["holdout"], document["segments"]) == (0.2, ["country", "size"])
    assert document["metric"] | {"link": None} == TWO["metric"] | {"link": None}
    assert document["rule"] == TWO["rule"]


def test_a_second_version_and_equal_waves_are_typed_in():
    form = Typed.of(
        subject="a", body="b", second_subject="c", second_body="d", holdout="20",
        rule_kind="comparison", baseline="insight", mde="2", waves="4", waves_apart="24",
    )  # fmt: skip
    document = form_document.design(form, OSLO)

    assert [arm["key"] for arm in document["arms"]] == ["insight", "second"]
    assert document["holdout"] == 0.2
    assert document["rule"] == {"kind": "comparison", "baseline": "insight", "mde": 0.02}
    assert document["waves"] == [{"share": 0.25, "after_hours": 24 * n} for n in range(4)]


@pytest.mark.parametrize("name", [one.name for one in FIELDS.values() if one.kind is Kind.SHARE])
@pytest.mark.parametrize("typed", ["150", "-1", "100.1"])
def test_a_share_beyond_its_ends_says_between_which(name: str, typed: str):
    kind = "threshold" if name == "threshold" else "comparison"
    with pytest.raises(Invalid) as refused:
        form_document.design(Typed.of(**{name: typed, "rule_kind": kind}), OSLO)
    (said,) = [one.message for one in refused.value.errors if one.field == name]

    assert re.fullmatch(r"Write a number between [\d.]+ and [\d.]+ %\.", said)
    if name == "threshold":
        assert said == "Write a number between 0 and 100 %."


@pytest.mark.parametrize("rest", ["{", "[]", '{"arms": 3}'])
def test_a_form_that_came_back_damaged_says_so(rest: str):
    with pytest.raises(Invalid, match="damaged"):
        form_document.design(Typed.of(rest=rest), OSLO)


@pytest.mark.parametrize(
    ("threshold", "right_if"),
    [
        ("20", "We can say that more than 20 % do."),
        ("12,5", "We can say that more than 12.5 % do."),
    ],
)
def test_the_starters_sentence_follows_the_line_that_was_typed(threshold: str, right_if: str):
    form = Typed.of(threshold=threshold, right_if="We can say that more than 8 % do.")

    assert form_document.design(form, OSLO)["hypothesis"]["right_if"] == right_if


def test_an_authors_own_sentence_stays_as_it_is():
    form = Typed.of(threshold="20", right_if="More than 8 % buy within a week.")

    assert (
        form_document.design(form, OSLO)["hypothesis"]["right_if"]
        == "More than 8 % buy within a week."
    )


@pytest.mark.parametrize(
    ("typed", "measure"),
    [
        ({}, "People who follow the link within 72 hours."),
        ({"window_hours": "48"}, "People who follow the link within 48 hours."),
        ({"window_hours": "168"}, "People who follow the link within 7 days."),
        ({"window_hours": "0"}, "People who follow the link within 72 hours."),
        ({"window_hours": "1e400"}, "People who follow the link within 72 hours."),
        (
            {"metric_kind": "conversion_rate", "event": "planned"},
            "People who do planned within 7 days, as your product reports it.",
        ),
        (
            {"metric_kind": "value_per_person", "window_hours": "24"},
            "What {event} brings per person within 24 hours, as your product reports it.",
        ),
        ({"metric_kind": "open_rate"}, "People who open the mail within 72 hours."),
        ({"metric_kind": "guesses"}, "People who follow the link within 72 hours."),
    ],
)
def test_the_starters_measure_follows_what_is_counted(typed: dict[str, str], measure: str):
    form = Typed.of(measure="People who follow the link within 72 hours.", **typed)

    assert form_document.design(form, OSLO)["hypothesis"]["measure"] == measure


@pytest.mark.parametrize("one", STARTERS, ids=[one.key for one in STARTERS])
def test_every_starters_card_agrees_with_its_own_metric_and_rule(one: Starter):
    form = form_document.fields(one.document, OSLO)

    assert form_document.design(form, OSLO)["hypothesis"] == one.document["hypothesis"]


def test_the_starters_yes_follows_the_rule_there_and_back():
    to = {"rule_kind": "comparison", "baseline": "holdout", "mde": "2"}
    line = Typed.of(right_if="We can say that more than 8 % do.", **to)
    compared = form_document.design(line, OSLO)["hypothesis"]["right_if"]
    back = Typed.of(right_if=compared, threshold="20")

    assert compared == "We can say that the mail does better than nothing."
    assert (
        form_document.design(back, OSLO)["hypothesis"]["right_if"]
        == "We can say that more than 20 % do."
    )


@pytest.mark.parametrize("said", ["People who call us within 72 hours.", "Who calls."])
def test_an_authors_own_measure_stays_as_it_is(said: str):
    form = Typed.of(measure=said, window_hours="48")

    assert form_document.design(form, OSLO)["hypothesis"].get("measure", "") == said
