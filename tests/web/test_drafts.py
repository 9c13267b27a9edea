"""The experiment form and the document that rooms know are two forms of one thing."""

from zoneinfo import ZoneInfo

import pytest

from app.platform.errors import Invalid
from app.web import drafts
from app.web.typed import Typed

OSLO = ZoneInfo("Europe/Oslo")
FORM = Typed.of(
    name="Waste in euros",
    audience_id="a1",
    believe="Bakers act.",
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
    document = drafts.design(FORM, OSLO)

    assert document["rule"]["threshold"] == 0.08
    assert document["guardrails"] == [{"metric": "unsubscribe_rate", "max": 0.01}]
    assert document["key_results"][0]["carry"] == 0.25
    assert document["stop_at"] == "2026-11-27T09:00:00+01:00"
    assert document["where"] == [{"column": "country", "op": "in", "value": ["NO", "SE"]}]


def test_a_saved_document_opens_as_the_form_that_made_it():
    again = drafts.fields(drafts.design(FORM, OSLO), OSLO)

    assert drafts.design(again, OSLO) == drafts.design(FORM, OSLO)


def test_a_word_where_a_number_belongs_is_named_at_its_field():
    with pytest.raises(Invalid) as refused:
        drafts.design(Typed.of(threshold="many", sample="a few"), OSLO)

    assert {error.field for error in refused.value.errors} == {"threshold", "sample"}


def test_a_refused_form_keeps_what_was_typed():
    form = FORM.refused(Invalid.at("arms.0.subject", "Give it a subject."), drafts.NAMES)

    assert form.value("name") == "Waste in euros"
    assert form.error("subject") == "Give it a subject."
