"""A second person on the pages: blocked, approved by one, launched by another."""

from collections.abc import Iterator, Sequence

import pytest
from fastapi import FastAPI
from sqlalchemy import update
from sqlmodel import col, select

from app.delivery.models import Notice
from app.experiments import drafts, store
from app.experiments.design_schemas import Changes
from app.experiments.models import Approval, ApprovalAsked, Status
from app.identity.models import AuditRow, User
from app.platform import clock
from app.platform.db import Database
from tests.experiments import scenes
from tests.web.conftest import Browser


@pytest.fixture
def draft_id(database: Database, application: FastAPI) -> Iterator[str]:
    before = application.state.settings
    application.state.settings = before.model_copy(
        update={"approve_above": 10, "postal_address": "Halvern, Main Street 1, Oslo"}
    )
    with database.write() as session:
        found = scenes.given_draft(session, people=12).id
    yield found
    application.state.settings = before


def test_one_approves_and_another_launches(
    draft_id: str, eve: Browser, ann: Browser, database: Database
):
    launch, approve = f"/experiments/{draft_id}/launch", f"/experiments/{draft_id}/approve"
    blocked = eve.get(launch).text
    refused = eve.post(launch)
    asked = ann.get(approve).text
    said = ann.send(approve, on="approve").text
    by_herself = ann.post(launch)
    done = eve.send(launch, on="launch").text

    assert f'href="{approve}"' in blocked
    assert "Send to" not in blocked
    assert refused.status_code == 422
    assert "Approve for 12 people" in asked
    assert "Approved. Somebody else may launch it now." in said
    assert by_herself.status_code == 422
    assert "You approved it yourself." in by_herself.text
    assert "Launched." in done
    with database.read() as session:
        assert store.experiment_of(session, draft_id).status == Status.SCHEDULED
        assert session.get_one(Approval, draft_id).by == "Ann"


def test_what_is_not_ready_is_not_approved(draft_id: str, ann: Browser, database: Database):
    with database.write() as session:
        row = store.experiment_of(session, draft_id)
        row.design = {**row.design, "hypothesis": {**row.design["hypothesis"], "believe": ""}}
        session.add(row)

    answer = ann.post(f"/experiments/{draft_id}/approve")

    assert answer.status_code == 422
    assert "The test card does not say what you believe." in answer.text


def test_a_viewer_approves_nothing(draft_id: str, bo: Browser):
    assert bo.post(f"/experiments/{draft_id}/approve").status_code == 403


def test_where_one_person_may_send_to_so_many_nothing_is_asked(
    draft_id: str, eve: Browser, application: FastAPI
):
    application.state.settings = application.state.settings.model_copy(update={"approve_above": 12})
    shown = eve.get(f"/experiments/{draft_id}/approve").text

    assert "Nobody need approve this: it goes to 12 people" in shown
    assert "/approve" not in eve.get(f"/experiments/{draft_id}/launch").text
    assert "Launched." in eve.send(f"/experiments/{draft_id}/launch", on="launch").text


def test_an_audience_that_grew_is_approved_from_the_experiments_page(
    draft_id: str, eve: Browser, ann: Browser, application: FastAPI, database: Database
):
    settings = application.state.settings
    application.state.settings = settings.model_copy(update={"approve_above": 12})
    eve.post(f"/experiments/{draft_id}/launch")
    scenes.wait_for_a_second(database, draft_id)
    application.state.settings = settings
    page = ann.get(f"/experiments/{draft_id}").text
    herself = eve.post(f"/experiments/{draft_id}/approve")
    said = ann.send(f"/experiments/{draft_id}/approve", on="approve").text

    assert "Look at it and approve" in page
    assert herself.status_code == 422
    assert "You launched it yourself. Somebody else approves it." in herself.text
    assert "Approved." in said


def test_everybody_who_may_approve_is_asked_once_by_mail_and_on_this_week(
    draft_id: str, eve: Browser, ann: Browser, bo: Browser, database: Database
):
    ask = f"/experiments/{draft_id}/ask-approval"
    button = eve.get(f"/experiments/{draft_id}/launch").text
    said = eve.send(ask, on="ask").text
    again, waiting, told = eve.post(ask), ann.get("/").text, _asked(database)
    shown = eve.get(f"/experiments/{draft_id}/launch").text
    ann.send(f"/experiments/{draft_id}/approve", on="approve")
    after = eve.post(ask)

    assert "Ask for approval by mail" in button
    assert "Everybody who may approve it has a mail" in said
    assert [one.recipient for one in told] == ["ann@halvern.example"]  # Bo may only look
    assert f"/experiments/{draft_id}/approve" in told[0].text
    assert "goes to 12 people, and waits for a second person" in told[0].text
    assert again.status_code == 409
    assert "Eve asked already" in again.text
    assert "Eve asked by mail everybody who may approve it." in shown
    assert "Ask for approval by mail" not in shown
    assert f'class="card" href="/experiments/{draft_id}/approve"' in waiting
    assert "Waiting for a second person" not in ann.get("/").text
    assert after.status_code == 409
    assert "Nobody need approve it any more." in after.text
    assert bo.post(ask).status_code == 403


def test_a_change_of_the_draft_lets_others_be_asked_anew(
    draft_id: str, eve: Browser, ann: Browser, database: Database
):
    ask = f"/experiments/{draft_id}/ask-approval"
    eve.send(ask, on="ask")
    with database.write() as session:
        experiment = store.experiment_of(session, draft_id)
        drafts.change(session, experiment, Changes(name="Waste again"), by="Ann", now=clock.now())
    waiting = ann.get("/").text
    eve.send(ask, on="ask again")

    assert "Waiting for a second person" not in waiting
    assert "Waiting for a second person" in ann.get("/").text
    assert len(_asked(database)) == 2


def test_where_nobody_else_may_approve_it_is_said(draft_id: str, eve: Browser, database: Database):
    with database.write() as session:
        session.execute(update(User).where(col(User.name) != "Eve").values(role="viewer"))
    answer = eve.post(f"/experiments/{draft_id}/ask-approval")

    assert answer.status_code == 409
    assert "Nobody else here may approve it." in answer.text
    assert _asked(database) == []


def test_a_draft_that_is_removed_takes_its_approval_along(
    draft_id: str, eve: Browser, ann: Browser, database: Database
):
    eve.send(f"/experiments/{draft_id}/ask-approval", on="ask")
    ann.send(f"/experiments/{draft_id}/approve", on="approve")
    eve.post(f"/removals/experiments/{draft_id}")

    with database.read() as session:
        assert session.get(Approval, draft_id) is None
        assert session.get(ApprovalAsked, draft_id) is None


def _asked(database: Database) -> Sequence[Notice]:
    with database.read() as session:
        return session.exec(select(Notice).where(Notice.kind == "approval")).all()


def test_what_was_launched_and_is_not_settled_yet_keeps_the_approval_it_has(
    draft_id: str, eve: Browser, ann: Browser, database: Database
):
    """Nobody is enrolled before the start: an approval then would be for nobody."""
    approve = f"/experiments/{draft_id}/approve"
    ann.send(approve, on="approve")
    eve.send(f"/experiments/{draft_id}/launch", on="launch")
    again = ann.post(approve)

    assert again.status_code == 422
    assert "to how many it goes is settled when it starts" in again.text
    with database.read() as session:
        assert session.get_one(Approval, draft_id).people == 12
        launched = select(AuditRow.details).where(col(AuditRow.action).endswith("/launch"))
        assert session.exec(launched).one() == {"people": 12, "at": "now", "undo_seconds": 30}
