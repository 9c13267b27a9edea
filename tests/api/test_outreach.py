from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import select

from app.outreach import fanout, pushes
from app.outreach.models import Push, State
from app.platform import outbound
from app.platform.db import Database
from app.platform.once import OnceKey
from tests.api.conftest import NOW, Api, as_
from tests.duties import run
from tests.outreach.conftest import LETTERS

HOOK = {"url": "https://hooks.example/x"}


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    inside = {"intern.example": "10.0.0.7"}
    monkeypatch.setattr(
        outbound, "resolve", lambda host, _port: [inside.get(host, "93.184.216.34")]
    )


@pytest.fixture
def admin(application: FastAPI) -> Api:
    return as_(application, "admin")


def test_a_webhooks_secret_is_told_once(admin: Api):
    made = admin.made("/webhooks", HOOK)

    assert made["secret"].startswith("whsec_")
    assert [one["secret"] for one in admin.read("/webhooks")["items"]] == [None]


def test_a_rotated_secret_is_another(admin: Api):
    made = admin.made("/webhooks", HOOK)

    assert admin.made(f"/webhooks/{made['id']}/rotate")["secret"] != made["secret"]


def test_a_connectors_secrets_never_come_back(admin: Api):
    draft = {"kind": "operately", "name": "Ours", "settings": {"token": "t0ken"}}

    admin.made("/connectors", draft)

    listed = admin.read("/connectors")["items"]
    assert listed[0]["settings"] == {"base": "https://app.operately.com"}
    assert "t0ken" not in str(listed)


def test_an_address_in_our_own_network_is_refused_at_once(admin: Api):
    answer = admin.post("/webhooks", {"url": "https://intern.example/x"})

    assert answer.status_code == 422
    assert "THINSLICE_ALLOW_PRIVATE_SOURCES" in answer.json()["detail"]


def test_missing_and_unknown_settings_are_named(admin: Api):
    draft = {"kind": "asana", "name": "Ours", "settings": {"tokn": "t0ken"}}

    errors = admin.post("/connectors", draft).json()["errors"]

    assert [one["field"] for one in errors] == ["settings.token", "settings.tokn"]


@pytest.mark.parametrize("path", ["/webhooks", "/connectors"])
def test_only_admins_see_who_is_told(api: Api, path: str):
    assert api.get(path).status_code == 403


def pushed(admin: Api, api: Api, database: Database, key_result: dict[str, Any]) -> dict[str, Any]:
    draft = {"kind": "clickup", "name": "Ours", "settings": {"token": "t0ken"}}
    made = admin.made("/connectors", draft)
    link = {"connector_id": made["id"], "external": {"key_result_id": "7"}}
    place = f"/key-results/{key_result['id']}"
    assert api.ask("PUT", f"{place}/connector", json=link).status_code == 200
    api.ask("PUT", f"{place}/values/2026-11-23", json={"value": 1300})
    run(database, fanout.duty(database, LETTERS.hear), NOW)
    items = api.read("/pushes", subject=key_result["id"])["items"]
    assert len(items) == 1
    one: dict[str, Any] = items[0]
    return one


def test_a_new_value_of_a_linked_key_result_is_a_push(
    admin: Api, api: Api, database: Database, key_result: dict[str, Any]
):
    push = pushed(admin, api, database, key_result)

    assert (push["state"], push["attempts"], push["last_error"]) == ("waiting", 0, None)
    assert api.read("/pushes", state="done")["items"] == []


def test_a_stopped_push_can_be_replayed_and_a_waiting_one_cannot(
    admin: Api, api: Api, database: Database, key_result: dict[str, Any]
):
    push = pushed(admin, api, database, key_result)
    early = api.post(f"/pushes/{push['id']}/replay")
    with database.write() as session:
        row: Push = pushes.push_of(session, int(push["id"]))
        row.state = State.STOPPED
        session.add(row)

    late = api.post(f"/pushes/{push['id']}/replay")

    assert (early.status_code, late.status_code) == (409, 202)
    assert late.json()["state"] == "waiting"


@pytest.mark.parametrize("push_id", ["0", "x", "9" * 30])
def test_a_push_that_is_not_there_is_404(api: Api, push_id: str):
    assert api.post(f"/pushes/{push_id}/replay").status_code == 404


def test_a_removed_connector_gets_nothing_further(
    admin: Api, api: Api, database: Database, key_result: dict[str, Any]
):
    push = pushed(admin, api, database, key_result)

    gone = admin.ask("DELETE", f"/connectors/{push['connector_id']}")

    assert gone.status_code == 204
    assert api.read("/pushes")["items"][0]["state"] == "stopped"


def test_the_digest_is_set_and_read(admin: Api, api: Api):
    draft = {"recipients": ["ann@shop.example"], "sends_at": "monday 08:00"}

    assert admin.ask("PUT", "/digest", json=draft).status_code == 200
    assert api.read("/digest") == draft


def test_a_link_shows_its_newest_push_and_is_taken_away(
    admin: Api, api: Api, database: Database, key_result: dict[str, Any]
):
    push = pushed(admin, api, database, key_result)
    place = f"/key-results/{key_result['id']}/connectors"
    (link,) = api.read(place)["items"]
    gone = api.ask("DELETE", f"{place}/{link['connector_id']}")

    assert (link["external"], link["last_push"]["id"]) == ({"key_result_id": "7"}, push["id"])
    assert gone.status_code == 204
    assert api.read(place)["items"] == []
    (stopped,) = api.read("/pushes", subject=key_result["id"])["items"]
    assert (stopped["state"], stopped["last_error"]) == ("stopped", "The key result was unlinked.")
    assert api.ask("DELETE", f"{place}/{link['connector_id']}").status_code == 404


def test_a_connector_is_disabled_and_enabled_and_an_okr_tool_is_not_tried(admin: Api):
    draft = {"kind": "clickup", "name": "Ours", "settings": {"token": "t0ken"}}
    place = f"/connectors/{admin.made('/connectors', draft)['id']}"

    assert admin.ask("POST", f"{place}/test").status_code == 422
    assert admin.ask("POST", f"{place}/disable").json()["disabled_reason"].startswith("Disabled by")
    assert admin.ask("POST", f"{place}/enable").json()["disabled_at"] is None


def test_a_webhook_is_tried_unless_it_is_disabled(admin: Api):
    place = f"/webhooks/{admin.made('/webhooks', HOOK)['id']}"
    tried = admin.ask("POST", f"{place}/test")
    admin.ask("POST", f"{place}/disable")

    assert (tried.status_code, tried.json()["kind"]) == (202, "test.sent")
    assert admin.ask("POST", f"{place}/test").status_code == 409
    assert admin.ask("POST", f"{place}/enable").json()["disabled_at"] is None
    assert admin.ask("POST", "/webhooks/none/enable").status_code == 404


def test_a_kept_answer_holds_no_secret_and_is_given_again(admin: Api, database: Database):
    key = {"Idempotency-Key": "one"}
    first = admin.post("/webhooks", HOOK, **key)

    with database.read() as session:
        kept = session.exec(select(OnceKey)).one()

    secret = first.json()["secret"]
    assert secret not in str(kept.model_dump())
    assert "hooks.example" not in str(kept.answer)
    assert admin.post("/webhooks", HOOK, **key).json() == first.json()
    assert as_(admin.application, "admin").post("/webhooks", HOOK, **key).json() != first.json()


def test_an_answer_kept_before_they_were_sealed_is_given_again(admin: Api, database: Database):
    key = {"Idempotency-Key": "one"}
    admin.post("/webhooks", HOOK, **key)
    with database.write() as session:
        session.exec(select(OnceKey)).one().answer = '{"id": "old"}'

    assert admin.post("/webhooks", HOOK, **key).json() == {"id": "old"}
