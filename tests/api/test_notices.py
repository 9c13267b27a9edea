"""Notices, comments and watching, as another system asks for them: for each role and kind."""

from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import Session

from app.identity import news, tokens
from app.outreach.notice_kinds import KINDS, Name
from app.platform.db import Database
from tests.api.conftest import NOW, Api
from tests.identity.scenes import given_user

ROLES = ("viewer", "editor", "admin")


def given_token(session: Session, role: str) -> tuple[str, str]:
    """Somebody of a role, and a token that they made."""
    user = given_user(session, f"{role}s", role)
    by: dict[str, Any] = {"by": user.name, "by_id": user.id}
    return user.id, tokens.add(session, name=role, role=role, now=NOW, **by).secret


@pytest.fixture
def team(application: FastAPI, database: Database) -> dict[str, tuple[str, Api]]:
    with database.write() as session:
        made = {role: given_token(session, role) for role in ROLES}
    return {role: (user_id, Api(application, secret)) for role, (user_id, secret) in made.items()}


@pytest.mark.parametrize("role", ROLES)
def test_every_kind_is_listed_read_and_chosen_by_whom_it_was_told_to(
    team: dict[str, tuple[str, Api]], database: Database, role: str
):
    user_id, api = team[role]
    with database.write() as session:
        for kind in Name:
            news.add(session, user_id, fact=kind, kind=kind, sentence=f"{kind} happened.",
                     href="/experiments", now=NOW)  # fmt: skip
    told = api.read("/notices")["items"]
    one = api.made(f"/notices/{told[0]['id']}/read")
    everything = api.post("/notices/read")
    usual = {row["kind"]: row["by_mail"] for row in api.read("/notices/kinds")["items"]}
    for kind in Name:
        api.ask("PUT", f"/notices/kinds/{kind}", json={"by_mail": not KINDS[kind].by_mail})
    chosen = {row["kind"]: row["by_mail"] for row in api.read("/notices/kinds")["items"]}
    others = [team[other][1].read("/notices")["items"] for other in ROLES if other != role]

    assert [row["kind"] for row in told] == list(reversed(Name))
    assert (one["read_at"], everything.status_code) == ("2026-11-23T09:00:00Z", 204)
    assert all(row["read_at"] for row in api.read("/notices")["items"])
    assert usual == {kind: KINDS[kind].by_mail for kind in Name}
    assert chosen == {kind: not KINDS[kind].by_mail for kind in Name}
    assert others == [[], []]


def test_a_token_that_nobody_made_is_told_nothing(api: Api, experiment: dict[str, Any]):
    refused = [
        api.ask("PUT", "/notices/kinds/verdict", json={"by_mail": True}),
        api.ask("PUT", f"/experiments/{experiment['id']}/watch"),
    ]

    assert api.read("/notices")["items"] == []
    assert [answer.status_code for answer in refused] == [409, 409]
    assert "Nobody who logs in made this token" in refused[0].json()["detail"]


@pytest.mark.parametrize("role", ROLES)
def test_everybody_watches_and_editors_comment(
    team: dict[str, tuple[str, Api]], experiment: dict[str, Any], key_result: dict[str, Any],
    role: str,
):  # fmt: skip
    _, api = team[role]
    for place in (f"/experiments/{experiment['id']}", f"/key-results/{key_result['id']}"):
        watching = api.ask("PUT", f"{place}/watch").json()
        said = api.post(f"{place}/comments", {"text": "@viewers why?"})
        stopped = api.ask("DELETE", f"{place}/watch").json()
        seen = api.read(f"{place}/watch")

        assert (watching["watching"], stopped["watching"], seen) == (True, False, stopped)
        assert said.status_code == (403 if role == "viewer" else 201)
        if role == "viewer":
            continue
        comment = said.json()
        changed = api.ask("PATCH", f"/comments/{comment['id']}", json={"text": "How?"}).json()
        other = team["admin" if role == "editor" else "editor"][1]
        not_theirs = other.ask("PATCH", f"/comments/{comment['id']}", json={"text": "x"})
        gone = api.ask("DELETE", f"/comments/{comment['id']}")

        assert (len(comment["mentions"]), changed["mentions"]) == (1, [])
        assert (changed["text"], not_theirs.status_code, gone.status_code) == ("How?", 403, 204)
        assert api.read(f"{place}/comments")["items"] == []


def test_what_was_done_is_listed_without_talk_and_looks(api: Api, experiment: dict[str, Any]):
    place = f"/experiments/{experiment['id']}"
    api.ask("PATCH", place, json={"name": "Another name"})
    api.post(f"{place}/comments", {"text": "Why?"})

    assert [row["what"] for row in api.read(f"{place}/activity")["items"]] == [
        "changed it",
        "made it",
    ]


def test_what_is_not_there_is_not_spoken_of(api: Api):
    for noun in ("features", "experiments", "key-results"):
        for path in ("comments", "activity", "watch"):
            assert api.get(f"/{noun}/nowhere/{path}").status_code == 404
        assert api.post(f"/{noun}/nowhere/comments", {"text": "x"}).status_code == 404
