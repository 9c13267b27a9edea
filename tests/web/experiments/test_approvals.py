"""A second person on the pages: blocked, approved by one, launched by another."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from app.experiments import store
from app.experiments.models import Approval, Status
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
