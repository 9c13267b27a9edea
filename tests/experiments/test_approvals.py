"""An experiment over so many people needs two: one who approves, one who launches."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from app.experiments import approvals, drafts
from app.experiments.models import Approval, Experiment, Status
from app.platform import put_off
from app.platform.config import Settings
from app.platform.db import Database
from app.platform.errors import Conflict
from app.platform.put_off import Work
from tests.experiments import scenes
from tests.experiments.scenes import NOW, SETTINGS, check, given_draft, given_person, scheduled

TEN = SETTINGS.model_copy(update={"approve_above": 10})


def approved(session: Session, experiment: Experiment, people: int = 12, by: str = "bo") -> None:
    approvals.approve(session, experiment, people, TEN, by=by, by_id=by, launched_by=(), now=NOW)
    session.flush()


def refused(session: Session, experiment: Experiment, people: int, *ids: str) -> str:
    """Why these may not launch it; empty: they may."""
    try:
        approvals.refuse_alone(session, experiment, people, TEN, ids=ids)
    except Conflict as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("people", "above", "needed"),
    [(10, 10, False), (11, 10, True), (10**7, 0, False), (0, 1, False)],
)
def test_so_many_may_be_sent_to_by_one_person(people: int, above: int, needed: bool):
    settings = SETTINGS.model_copy(update={"approve_above": above})

    assert approvals.is_needed(people, settings) is needed


def test_the_checklist_blocks_until_a_second_person_has_seen_it(session: Session):
    experiment = given_draft(session, people=12)

    blocked = scenes.item(check(session, experiment, approve_above=10), approvals.ITEM)
    approved(session, experiment)
    after = check(session, experiment, approve_above=10)

    assert blocked.message == (
        "It goes to 12 people, and one person alone may send to 10."
        " Somebody else approves it first."
    )
    assert scenes.item(after, approvals.ITEM).message == "Approved by bo, for 12 people."
    assert all(one.id != approvals.ITEM for one in check(session, experiment).items)


def test_whoever_approved_it_does_not_launch_it_nor_their_tokens(session: Session):
    experiment = given_draft(session, people=12)
    assert refused(session, experiment, 12, "ann").endswith("Somebody else approves it first.")

    approved(session, experiment)

    assert refused(session, experiment, 12, "bo").startswith("You approved it yourself.")
    assert refused(session, experiment, 12, "a token", "bo").startswith("You approved it yourself.")
    assert refused(session, experiment, 12, "ann") == ""


def test_a_changed_draft_needs_another_check(session: Session):
    experiment = given_draft(session, people=12)
    approved(session, experiment)
    changed = scenes.draft(audience_id=experiment.audience_id, name="Another")
    drafts.replace(session, experiment, changed, by="Ann", now=NOW + timedelta(seconds=1))
    session.flush()

    assert refused(session, experiment, 12, "ann").endswith("Somebody else approves it first.")


def test_an_old_approval_ends_with_a_launch_that_needed_none(session: Session):
    experiment = given_draft(session, people=12)
    approved(session, experiment, people=10_000)
    experiment.updated_at = NOW + timedelta(seconds=1)

    assert refused(session, experiment, 5, "ann") == ""
    session.flush()
    assert session.get(Approval, experiment.id) is None


@given(seen=st.integers(11, 10**6), people=st.integers(0, 10**7))
def test_it_holds_for_a_tenth_more_people_and_no_further(seen: int, people: int):
    row = Approval(experiment_id="e", by="bo", by_id="bo", at=NOW, people=seen, design_at=NOW)

    assert approvals._covers(row, people) is (people * 10 <= seen * 11)


def test_an_audience_that_grew_after_the_launch_waits_for_a_second_person(database: Database):
    experiment_id = scheduled(database, people=8)
    with database.write() as session:
        audience_id = session.get_one(Experiment, experiment_id).audience_id
        assert audience_id
        for number in range(8):
            given_person(session, audience_id, f"late{number}@bakers.example")

    with pytest.raises(Conflict, match="It goes to 16 people"):
        scenes.settle(database, experiment_id, approve_above=10)
    with database.write() as session:
        put_off.note(session, Work.START, experiment_id, "as above", now=NOW)
    with database.write() as session:
        row = session.get_one(Experiment, experiment_id)
        with pytest.raises(Conflict, match="You launched it yourself"):
            approvals.approve(
                session, row, 16, TEN, by="Ann", by_id="ann", launched_by={"ann"}, now=NOW
            )
        approved(session, row, people=16)
        (waiting,) = put_off.of_work(session, Work.START).values()
        assert waiting.next_at == NOW  # tried again at once

    assert scenes.settle(database, experiment_id, approve_above=10).status == Status.RUNNING


def test_what_has_begun_needs_no_approval_any_more(session: Session):
    experiment = given_draft(session, people=12)
    experiment.status = Status.RUNNING

    with pytest.raises(Conflict, match="nothing to approve any more"):
        approved(session, experiment)


@pytest.mark.parametrize("given_number", ["-1", "many"])
def test_a_setting_that_is_no_number_of_people_is_refused(given_number: str):
    with pytest.raises(ValueError, match="approve_above"):
        Settings.model_validate({"approve_above": given_number})
