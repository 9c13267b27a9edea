"""Every tool of the table, for every token, with every kind of refusal; and nobody's address."""

import re
from typing import Any

import pytest
from fastapi import FastAPI

from app.agents import refusals
from app.agents.tools import BY_NAME, TOOLS, Needs, Tool
from app.identity import tokens
from tests.agents.asked import Agent, text_of
from tests.api.conftest import NOW, Api
from tests.cast import DESIGN

_RULE = {"kind": "threshold", "threshold": 0.08}
_TOKENS = (
    ("viewer", False),
    ("editor", False),
    ("editor", True),
    ("admin", False),
    ("admin", True),
)
_NAMES = [tool.name for tool in TOOLS]


@pytest.fixture
def arguments(experiment: dict[str, Any], key_result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What each tool is asked, so that it has something to tell."""
    one = {"experiment_id": experiment["id"]}
    return {
        "search": {"query": "waste"},
        "list_experiments": {},
        "get_experiment": one,
        "get_readout": one,
        "get_checklist": one,
        "plan_experiment": {"metric": {"kind": "click_rate"}, "rule": _RULE, "people": 600},
        "preview_mail": one | {"arm": "insight"},
        "list_key_results": {},
        "get_key_result": {"key_result_id": key_result["id"]},
        "get_week": {"week": "2026-W47"},
        "get_allocation": {"week": "2026-W47"},
        "list_learnings": {},
        "draft_experiment": DESIGN | {"audience_id": None, "idempotency_key": "k"},
        "update_draft": one | {"changes": {"name": "Other"}, "version": "old"},
        "ask_for_launch": one | {"note": "Ready."},
    }


def _agent(application: FastAPI, role: str, *, may_draft: bool) -> Agent:
    with application.state.database.write() as session:
        made = tokens.add(session, name="T", role=role, by="Ann", may_draft=may_draft, now=NOW)
    return Agent(application, made.secret)


def test_there_are_fifteen_and_none_launches_or_decides():
    assert len(BY_NAME) == len(TOOLS) == 15
    assert not any(
        re.search("launch$|start|pause|resume|cancel|decide", name)
        for name in BY_NAME
        if name != "ask_for_launch"
    )


@pytest.mark.parametrize(("role", "may_draft"), _TOKENS)
def test_every_tool_with_every_token(application: FastAPI, arguments, role: str, may_draft: bool):
    agent = _agent(application, role, may_draft=may_draft)

    for tool in TOOLS:
        answer = agent.asked(tool.name, arguments[tool.name])
        is_refused = tool.needs is Needs.DRAFT and not may_draft
        assert (text_of(answer) == refusals.MAY_ONLY_READ) == is_refused, tool.name


@pytest.mark.parametrize("tool", TOOLS, ids=_NAMES)
def test_a_field_that_is_not_taken_is_named(application: FastAPI, tool: Tool):
    agent = _agent(application, "editor", may_draft=True)

    said = agent.refused(tool.name, surplus=1)

    assert "surplus: Extra inputs are not permitted" in said.splitlines()
    for field, about in tool.takes.model_fields.items():
        missing = f"{field}: Field required" in said.splitlines()
        assert missing == about.is_required(), field


@pytest.mark.parametrize("tool", TOOLS, ids=_NAMES)
def test_an_unknown_id_is_told_in_the_same_words(application: FastAPI, arguments, tool: Tool):
    agent = _agent(application, "editor", may_draft=True)
    for field, kind in (("experiment_id", "experiment"), ("key_result_id", "key result")):
        if field in arguments[tool.name]:
            said = agent.refused(tool.name, **arguments[tool.name] | {field: "nowhere"})
            assert said == f"No {kind} nowhere here, or none you may see."


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("launch_experiment", refusals.PERSON_LAUNCHES),
        ("pause_experiment", refusals.PERSON_LAUNCHES),
        ("decide", refusals.PERSON_LAUNCHES),
        ("list_people", refusals.NO_PEOPLE),
        ("get_sends", refusals.NO_PEOPLE),
        ("list_hits", refusals.NO_PEOPLE),
    ],
)
def test_what_no_tool_does_is_refused_in_words(agent: Agent, name: str, said: str):
    assert agent.refused(name) == said


def test_no_answer_holds_an_address_or_a_name_of_anybody(
    application: FastAPI, api: Api, arguments, ann: str
):
    """600 people, somebody with a log-in, an owner, a sender, filters by who somebody is."""
    first = api.read("/people", limit=1)["items"][0]
    where = [
        {"column": name, "op": "eq", "value": first[name] or "c-77"}
        for name in ("email", "name", "external_id")
    ]
    about = {"where": where, "sender": {"from_name": "Ann Fold", "reply_to": ann}}
    experiment_id = arguments["get_experiment"]["experiment_id"]
    changed = api.ask(
        "PATCH",
        f"/experiments/{experiment_id}",
        json=about | {"hypothesis": {"believe": f"Ask {ann}."}},
    )
    assert changed.status_code == 200, changed.text
    agent = _agent(application, "admin", may_draft=True)

    answers = {name: text_of(agent.asked(name, asked)) for name, asked in arguments.items()}

    everybody = api.read("/people", limit=1000)["items"]
    known = {one[name] for one in everybody for name in ("email", "name", "external_id")}
    known |= {ann, "Ann Fold", "c-77"}
    for name, answer in answers.items():
        found = {
            who for who in known if who and re.search(rf"(?<!\w){re.escape(who)}(?!\w)", answer)
        }
        assert not found, name
        addresses = set(re.findall(r"[\w.+-]+@[\w.-]+\w", answer))
        assert addresses <= {"somebody@example.com", "ann@example.com"}, name
