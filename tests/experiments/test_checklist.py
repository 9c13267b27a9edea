from datetime import timedelta

import pytest
from sqlmodel import Session

from app.experiments import checklist, rehearsal
from app.platform.config import Privacy
from app.platform.errors import Conflict
from tests.experiments.scenes import (
    ARM,
    CARD,
    NOW,
    check,
    given_audience,
    given_draft,
    given_key_result,
    given_person,
    item,
    launch,
)

HELD = {
    "holdout": 0.2,
    "metric": {"kind": "conversion_rate", "event": "planned", "window_hours": 168},
    "rule": {"kind": "comparison", "baseline": "holdout", "mde": 0.05},
}


@pytest.fixture
def hurried_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """All mails of some hundred people are composed at once."""
    monkeypatch.setattr(rehearsal, "MOST_COMPOSED", 1_000)
    monkeypatch.setattr(rehearsal, "_MOST_SECONDS", 60)


@pytest.mark.usefixtures("hurried_by_nobody")
def test_a_complete_draft_is_ready(session: Session):
    key_result = given_key_result(session, "Weekly active bakeries")
    links = [{"key_result_id": key_result}]
    found = check(session, given_draft(session, people=600, key_results=links))

    assert found.ready
    assert {one.level for one in found.items} == {"ok"}, found.items
    assert "With 600 people, 60 (10.0 %)" in item(found, "power").message
    assert item(found, "audience").message == "600 of 600 people of “Bakers” will be mailed."


def test_without_an_audience_nothing_is_launched(session: Session):
    found = check(session, given_draft(session, audience_id=None, people=0))

    assert not found.ready


def test_an_empty_audience_blocks(session: Session):
    found = check(session, given_draft(session, people=0))

    assert item(found, "audience").level == "blocks"


@pytest.mark.parametrize(
    "arm",
    [
        ARM | {"subject": ""},
        ARM | {"body": ""},
        ARM | {"body": "Hello {{ name }}, no link."},
        ARM | {"body": "{% if %} [a](https://halvern.example)"},
    ],
    ids=["subject", "body", "link", "liquid"],
)
def test_content_that_cannot_be_sent_blocks_and_is_told_once(session: Session, arm: object):
    found = check(session, given_draft(session, people=60, arms=[arm]))

    assert not found.ready
    assert not [one for one in found.items if one.id.startswith("missing_column")]


@pytest.mark.usefixtures("hurried_by_nobody")
def test_a_column_that_is_missing_for_twelve_of_five_hundred_is_named(session: Session):
    audience_id = given_audience(session, 488)
    for number in range(12):
        given_person(session, audience_id, f"x{number:02}@x.example", data={})
    session.flush()
    found = check(session, given_draft(session, audience_id=audience_id))

    missing = item(found, "missing_column:euros")
    assert missing.level == "warns"
    assert missing.message == (
        "“euros” is missing for 12 of 500 people: x00@x.example, x01@x.example, x02@x.example,"
        " x03@x.example, x04@x.example and others. They will not be mailed."
    )


def test_a_column_that_no_test_mail_would_show_is_named(session: Session):
    audience_id = given_audience(session, 20)
    given_person(session, audience_id, "late@x.example", data={"euros": 61, "rye": "half"})
    asks = ARM | {"body": "{% if rye == 'half' %}Rye.{% endif %} [a](https://halvern.example/)"}
    arms = [asks | {"subject": "{{ name }}, {{ euros }} €"}]

    found = check(session, given_draft(session, audience_id=audience_id, arms=arms))

    named = [one.id for one in found.items if one.id.startswith("test_mail")]
    assert named == ["test_mail:rye"]
    told = item(found, "test_mail:rye")
    assert told.level == "warns"
    assert told.message.startswith("“rye” is empty for the first 20 people of the audience")


def test_of_a_holdout_the_checklist_says_who_gets_nothing(session: Session):
    found = check(session, given_draft(session, people=60, **HELD))

    assert item(found, "audience").message == (
        "60 of 60 people of “Bakers” are in it: about 48 will be mailed, about 12 get nothing"
        " (holdout)."
    )


@pytest.mark.parametrize(
    ("hypothesis", "item_id", "level"),
    [
        ({}, "hypothesis", "blocks"),
        (CARD | {"believe": " "}, "hypothesis", "blocks"),
        (CARD | {"believe": "It works"}, "hypothesis_vague", "warns"),
        (CARD | {"believe": "{who} will act on {insight} soon."}, "hypothesis_vague", "warns"),
        (CARD | {"right_if": "Many of them do it."}, "right_if", "warns"),
    ],
)
def test_a_test_card_must_be_there_and_say_something(
    session: Session, hypothesis: object, item_id: str, level: str
):
    found = check(session, given_draft(session, people=60, hypothesis=hypothesis))

    assert item(found, item_id).level == level


def test_what_a_template_leaves_to_its_author_is_pointed_at(session: Session):
    arm = ARM | {"subject": "{{ name }}, your {insight}"}
    found = check(session, given_draft(session, people=60, arms=[arm]))

    assert "{insight}" in item(found, "subject_blank").message


def test_no_key_result_is_a_warning(session: Session):
    found = check(session, given_draft(session, people=600))

    assert (item(found, "key_result").level, found.ready) == ("warns", True)


def test_a_key_result_that_is_an_output_is_a_warning(session: Session):
    key_result = given_key_result(session, "Ship the planner")
    links = [{"key_result_id": key_result}]
    found = check(session, given_draft(session, people=600, key_results=links))

    assert item(found, f"key_result:{key_result}").level == "warns"


def test_too_few_people_for_any_answer_block(session: Session):
    found = check(session, given_draft(session, people=1))

    assert item(found, "power").level == "blocks"


def test_people_who_show_only_large_effects_are_a_warning(session: Session):
    found = check(session, given_draft(session, people=60))

    assert item(found, "power").level == "warns"


@pytest.mark.parametrize(("hours", "level"), [(-1, "blocks"), (10, "warns")])
def test_a_stop_date_before_the_windows_close(session: Session, hours: int, level: str):
    stop_at = (NOW + timedelta(hours=hours)).isoformat()
    found = check(session, given_draft(session, people=600, stop_at=stop_at))

    assert item(found, "stop_at").level == level


def test_where_nobody_is_tracked_no_rule_can_count_people(session: Session):
    found = check(session, given_draft(session, people=600), privacy=Privacy.AGGREGATE)

    assert item(found, "no_people").level == "blocks"


def test_the_sender_and_postal_address_are_asked_for(session: Session):
    found = check(session, given_draft(session, people=600), mail_from="", postal_address="")

    warned = {one.id for one in found.items if one.level == "warns"}
    assert {"mail_from_default", "postal_address_default"} <= warned


def test_a_launch_is_refused_with_every_sentence_that_blocks(session: Session):
    arm = ARM | {"subject": ""}
    found = check(session, given_draft(session, people=0, hypothesis={}, arms=[arm]))
    with pytest.raises(Conflict) as refused:
        checklist.refuse_unready(found)

    blocking = [one for one in found.items if one.level == "blocks"]
    assert len(blocking) >= 3
    assert all(one.message in str(refused.value) for one in blocking)
    assert {one.field for one in refused.value.errors} == {one.id for one in blocking}


def test_after_the_launch_there_is_nothing_left_to_check(session: Session):
    experiment = given_draft(session, people=600)
    launch(session, experiment)

    assert [one.id for one in check(session, experiment).items] == ["launched"]


@pytest.mark.parametrize(
    ("right_if", "is_told"),
    [
        ("We can say that more than 8 % do.", False),
        ("More than 8,0% of them click.", False),
        ("We can say that more than 20 % do.", True),
        ("Many more do than before.", False),
    ],
)
def test_a_card_that_says_another_number_than_the_rule_is_told(
    session: Session, right_if: str, is_told: bool
):
    found = check(session, given_draft(session, hypothesis=CARD | {"right_if": right_if}))

    assert ("right_if_line" in {one.id for one in found.items}) is is_told
