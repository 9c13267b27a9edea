"""What an agent may write, with which token, and what it is refused."""

from typing import Any

import pytest
from sqlmodel import select

from app.identity import tokens
from app.identity.models import AuditRow
from tests.agents.asked import Agent
from tests.api.conftest import NOW, Api
from tests.cast import DESIGN

DRAFT = DESIGN | {"audience_id": None}


@pytest.fixture
def writer(application) -> Agent:
    """An editor's token that may draft."""
    with application.state.database.write() as session:
        made = tokens.add(session, name="Sorter", role="editor", by="Ann", may_draft=True, now=NOW)
    return Agent(application, made.secret)


@pytest.fixture
def draft(writer: Agent) -> dict[str, Any]:
    read: dict[str, Any] = writer.told("draft_experiment", **DRAFT, idempotency_key="once")
    return read


def test_a_draft_is_written_once_however_often_it_is_sent(writer: Agent, api: Api, draft):
    again = writer.told("draft_experiment", **DRAFT, idempotency_key="once")

    assert again == draft
    assert [one["id"] for one in api.read("/experiments")["items"]] == [draft["id"]]
    assert draft["status"] == "draft"


def test_what_an_agent_wrote_stands_in_the_audit_with_its_program(writer: Agent, draft):
    with writer.application.state.database.read() as session:
        rows = session.exec(select(AuditRow).where(AuditRow.subject == draft["id"])).all()

    [row] = rows
    assert (row.actor, row.action) == ("Sorter", "agent draft_experiment")
    assert row.details["client"]


def test_a_draft_is_changed_only_as_it_was_read(writer: Agent, api: Api, draft):
    told = {"experiment_id": draft["id"], "changes": {"name": "In kilos"}}
    changed = writer.told("update_draft", **told, version=draft["version"])
    said = writer.refused("update_draft", **told, version=draft["version"])

    assert changed["name"] == api.read(f"/experiments/{draft['id']}")["name"] == "In kilos"
    assert said.startswith("Sorter changed this draft at ")
    assert said.endswith("Read it again; nothing was written.")


def test_what_was_launched_is_not_changed(writer: Agent, draft):
    from app.experiments import store

    with writer.application.state.database.write() as session:
        store.experiment_of(session, draft["id"]).status = "running"

    for name, more in (
        ("update_draft", {"changes": {}, "version": draft["version"]}),
        ("ask_for_launch", {"note": "It is ready."}),
    ):
        said = writer.refused(name, experiment_id=draft["id"], **more)
        assert said == (
            f"Experiment {draft['id']} is running. Only drafts can be changed; make a new one with"
            " previous_id."
        )


@pytest.mark.parametrize("field", ["status", "launched_at", "scheduled_at", "decision"])
def test_no_draft_sets_where_it_stands(writer: Agent, api: Api, draft, field: str):
    said = writer.refused("draft_experiment", **DRAFT, idempotency_key="two", **{field: "running"})
    other = writer.refused(
        "update_draft",
        experiment_id=draft["id"],
        changes={field: "running"},
        version=draft["version"],
    )

    assert said.startswith(f"{field}: ")
    assert other.startswith(f"changes.{field}: ")
    assert api.read(f"/experiments/{draft['id']}")["status"] == "draft"


def test_the_owner_finds_the_question_in_the_week_with_a_link(writer: Agent, api: Api, draft):
    told = writer.told("ask_for_launch", experiment_id=draft["id"], note="It is ready.")

    week = api.read(f"/weeks/{told['week']}")
    [line] = week["blockers"]
    assert told["address"].endswith(f"/experiments/{draft['id']}")
    assert line["text"] == f"Launch “{draft['name']}”? It is ready. {told['address']}"
    assert line["by"] == "Sorter"
    assert api.read(f"/experiments/{draft['id']}")["status"] == "draft"


def test_bad_fields_are_told_as_the_api_tells_them(writer: Agent, api: Api):
    wrong = DRAFT | {"rule": {"kind": "threshold", "threshold": 7}, "arms": []}

    said = writer.refused("draft_experiment", **wrong, idempotency_key="wrong")

    known = api.post("/experiments", wrong).json()["errors"]
    assert said.splitlines() == [f"{one['field']}: {one['message']}" for one in known]


def test_a_viewers_token_never_drafts(application):
    from app.platform.errors import Invalid

    with pytest.raises(Invalid), application.state.database.write() as session:
        tokens.add(session, name="x", role="viewer", by="Ann", may_draft=True, now=NOW)
