"""What agents read is what the API answers, without what is personal."""

import json
from typing import Any

from app.agents.answers import MOST_BYTES
from tests.agents.asked import Agent, text_of
from tests.api.conftest import Api
from tests.cast import DESIGN


def test_a_client_of_the_sdk_finds_the_tools(agent: Agent):
    told = agent.with_client(lambda client: client.list_tools())

    assert "get_readout" in {tool.name for tool in told.tools}


def test_a_readout_has_its_sentence_first_and_the_apis_numbers(
    agent: Agent, api: Api, experiment: dict[str, Any]
):
    told = agent.told("get_readout", experiment_id=experiment["id"])
    known = api.read(f"/experiments/{experiment['id']}/readout")

    assert next(iter(told)) == "sentence"
    assert told["sentence"] == known["call"]["sentence"]
    assert told["arms"] == known["arms"]
    assert told["estimates"] == known["estimates"]


def test_a_key_result_has_the_apis_numbers(agent: Agent, api: Api, key_result: dict[str, Any]):
    api.ask("PUT", f"/key-results/{key_result['id']}/values/2026-11-20", json={"value": 1400})

    told = agent.told("get_key_result", key_result_id=key_result["id"])

    known = api.read(f"/key-results/{key_result['id']}")
    for name in ("current", "as_of", "progress", "expected", "pace", "statement", "forecast"):
        assert told[name] == known[name], name
    assert "owner" not in told


def test_a_mail_stands_in_what_is_quoted(agent: Agent, experiment: dict[str, Any]):
    told = agent.told("get_experiment", experiment_id=experiment["id"])

    assert told["arms"][0]["quoted"]["body"] == experiment["arms"][0]["body"]
    assert "body" not in told["arms"][0]


def test_experiments_are_listed_by_status_and_by_key_result(
    agent: Agent, experiment: dict[str, Any], key_result: dict[str, Any]
):
    every = agent.told("list_experiments")
    none = agent.told("list_experiments", status="running")
    linked = agent.told("list_experiments", key_result_id=key_result["id"])

    assert [one["id"] for one in every["items"]] == [experiment["id"]]
    assert none["items"] == linked["items"] == []


def test_a_long_list_comes_in_answers_of_20_kb_and_is_whole(agent: Agent, api: Api):
    belief = {"believe": "ü" * 9_000, "verify": "“" * 9_000, "measure": "x" * 9_000}
    wanted = [
        api.made("/experiments", DESIGN | {"audience_id": None, "hypothesis": belief})["id"]
        for _ in range(23)
    ]
    found, cursor = [], None
    while True:
        answer = text_of(agent.asked("list_experiments", {"cursor": cursor}))
        assert len(answer.encode()) <= MOST_BYTES
        told = json.loads(answer)
        found += [one["id"] for one in told["items"]]
        cursor = told["next"]
        if cursor is None:
            break

    assert sorted(found) == sorted(wanted)


def test_a_long_document_comes_in_parts_that_make_the_whole(agent: Agent, api: Api):
    body = "Grüße “an alle” " * 4_000
    arms = [{"key": "a", "subject": "Hello", "body": body}]
    made = api.made("/experiments", DESIGN | {"audience_id": None, "arms": arms})
    whole, begin = "", None
    while True:
        answer = text_of(
            agent.asked("get_experiment", {"experiment_id": made["id"], "next": begin})
        )
        assert len(answer.encode()) <= MOST_BYTES
        told = json.loads(answer)
        whole += told["part"]
        begin = told["next"]
        if begin is None:
            break

    assert json.loads(whole)["arms"][0]["quoted"]["body"].strip() == body.strip()
