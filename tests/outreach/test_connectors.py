"""Each connector through the real client, with the shapes that its system documents."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import respx

from app.outreach import connecting
from app.outreach.connectors import KINDS
from app.outreach.connectors.ports import Outcome, Parcel, Request, Verdict
from app.outreach.push_worker import deliver
from app.platform.errors import Invalid
from app.platform.outbound import Answer, Outbound

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
ADDRESS = "93.184.216.34"  # what every name resolves to here
MANUAL = {"data": {"metric": {"progress_source": "manual", "unit": "none"}}}
PARCEL = Parcel(
    event_id="e1",
    kind="key_result.valued",
    subject="kr",
    happened_at=NOW,
    facts={
        "date": "2026-11-23",
        "value": 8.0,
        "comment": "two fairs",
        "confidence": 8,
        "text": "1 < 2 & so on",
    },
    external={
        "key_result_id": "7",
        "goal_id": "g",
        "target_id": "t",
        "goal_gid": "12",
        "outcome_id": "34",
    },
    settings={"base": "https://okr.example/", "client_id": "us", "workspace": "ws"},
    secrets={
        "token": "t0ken",
        "api_key": "k3y",
        "client_secret": "s3cret",
        "url": "https://hooks.example/services/T/B/x",
    },
    old_secrets=None,
    now=NOW,
)
# kind: method, host and path, a header, the body
REQUESTS: dict[str, tuple[str, str, tuple[str, str], Any]] = {
    "okr_tracker": (
        "PUT",
        "okr.example/keyres/7/values/2026-11-23",
        ("okr-client-secret", "s3cret"),
        {"value": 8, "comment": "two fairs"},
    ),
    "operately": (
        "POST",
        "okr.example/api/external/v1/goals/update_target_value",
        ("authorization", "Bearer t0ken"),
        {"goal_id": "g", "target_id": "t", "value": 8},
    ),
    "asana": (
        "POST",
        "app.asana.com/api/1.0/goals/12/setMetricCurrentValue",
        ("authorization", "Bearer t0ken"),
        {"data": {"current_number_value": 8}},
    ),
    "tability": (
        "POST",
        "api.tability.app/v2/workspaces/ws/outcomes/34/checkins",
        ("authorization", "API t0ken"),
        {
            "checkin": {
                "score": 8,
                "checkin_date": "2026-11-23",
                "body": "two fairs",
                "confidence": "green",
            }
        },
    ),
    "clickup": (
        "PUT",
        "api.clickup.com/api/v2/key_result/7",
        ("authorization", "t0ken"),
        {"steps_current": 8, "note": "two fairs"},
    ),
    "slack": (
        "POST",
        "hooks.example/services/T/B/x",
        ("content-type", "application/json"),
        {"text": "1 &lt; 2 &amp; so on"},
    ),
}
kinds = pytest.mark.parametrize("kind", REQUESTS)


@pytest.fixture
def net() -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as router:
        router.get(path__regex=r"/api/1.0/goals/").respond(json=MANUAL)
        yield router


def ask(request: Request) -> Answer:
    outbound = Outbound(resolve=lambda _host, _port: [ADDRESS])
    return outbound.send(
        request.method, request.url, headers=request.headers, content=request.content
    )


def answered(net: respx.MockRouter, kind: str, response: Any, parcel: Parcel = PARCEL) -> Outcome:
    method = REQUESTS[kind][0]
    if isinstance(response, Exception):
        net.request(method).mock(side_effect=response)
    else:
        net.request(method).mock(return_value=response)
    return deliver(kind, parcel, ask)


@kinds
def test_a_value_is_one_request_as_documented(net: respx.MockRouter, kind: str):
    method, place, (header, content), body = REQUESTS[kind]

    outcome = answered(net, kind, httpx.Response(200, json={"success": True}))

    sent = net.calls.last.request
    assert outcome.verdict is Verdict.DONE
    assert (sent.method, sent.headers["host"] + sent.url.path) == (method, place)
    assert sent.headers[header] == content
    assert json.loads(sent.content) == body


@kinds
@pytest.mark.parametrize("status", [301, 400, 401, 404, 422])
def test_a_request_that_is_wrong_stops_with_what_was_said(
    net: respx.MockRouter, kind: str, status: int
):
    outcome = answered(net, kind, httpx.Response(status, text="no such goal"))

    assert outcome.verdict is Verdict.STOP
    assert str(status) in outcome.sentence
    assert "no such goal" in outcome.sentence


@kinds
def test_429_waits_as_long_as_it_is_asked_to(net: respx.MockRouter, kind: str):
    outcome = answered(net, kind, httpx.Response(429, headers={"Retry-After": "77"}))

    assert (outcome.verdict, outcome.wait_seconds) == (Verdict.RETRY, 77)


@kinds
def test_retry_after_may_be_a_date(net: respx.MockRouter, kind: str):
    until = {"Retry-After": "Mon, 23 Nov 2026 09:02:00 GMT"}

    outcome = answered(net, kind, httpx.Response(503, headers=until))

    assert (outcome.verdict, outcome.wait_seconds) == (Verdict.RETRY, 120)


@kinds
@pytest.mark.parametrize("status", [500, 502, 503])
def test_trouble_over_there_is_tried_again(net: respx.MockRouter, kind: str, status: int):
    assert answered(net, kind, httpx.Response(status)).verdict is Verdict.RETRY


@kinds
def test_silence_is_tried_again(net: respx.MockRouter, kind: str):
    outcome = answered(net, kind, httpx.ReadTimeout("slow"))

    assert outcome.verdict is Verdict.RETRY
    assert "did not answer within" in outcome.sentence


@kinds
def test_a_private_address_stops_without_a_request(net: respx.MockRouter, kind: str):
    def inside(request: Request) -> Answer:
        outbound = Outbound(resolve=lambda _host, _port: ["10.0.0.1"])
        return outbound.send(request.method, request.url)

    outcome = deliver(kind, PARCEL, inside)

    assert outcome.verdict is Verdict.STOP
    assert not net.calls


@kinds
def test_no_secret_stands_in_what_is_kept(net: respx.MockRouter, kind: str):
    outcome = answered(net, kind, httpx.Response(500))

    assert not any(secret in outcome.sentence for secret in PARCEL.secrets.values())


@kinds
@pytest.mark.parametrize("status", [200, 301, 400, 404, 500])
def test_no_secret_stands_in_what_is_kept_of_an_answer_that_says_it_back(
    net: respx.MockRouter, kind: str, status: int
):
    def echo(request: httpx.Request) -> httpx.Response:
        said = f"Cannot {request.method} {request.url.path} {dict(request.headers)}"
        return httpx.Response(status, text=f"{said} {list(PARCEL.secrets.values())}")

    net.route().mock(side_effect=echo)
    outcome = deliver(kind, PARCEL, ask)

    assert all(one not in outcome.sentence for one in PARCEL.secrets.values())
    assert "/services/" not in outcome.sentence


@pytest.mark.parametrize("body", ['{"success":false}', "{}", "[]", "<html>"])
def test_operately_has_to_say_success(net: respx.MockRouter, body: str):
    assert answered(net, "operately", httpx.Response(200, text=body)).verdict is Verdict.STOP


def test_okr_tracker_is_not_asked_to_take_less_than_nothing(net: respx.MockRouter):
    less = replace(PARCEL, facts={**PARCEL.facts, "value": -1.0})

    outcome = answered(net, "okr_tracker", httpx.Response(200), less)

    assert outcome.verdict is Verdict.STOP
    assert "below 0" in outcome.sentence
    assert not net.calls


def test_asana_writes_percent_as_a_fraction(net: respx.MockRouter):
    percent = replace(PARCEL, facts={**PARCEL.facts, "value": 12.0, "unit": "percent"})

    answered(net, "asana", httpx.Response(200), percent)

    assert json.loads(net.calls.last.request.content)["data"] == {"current_number_value": 0.12}


@pytest.mark.parametrize("source", ["subgoal_progress", "project_task_completion", None])
def test_asana_is_left_alone_where_it_counts_by_itself(source: str | None):
    with respx.mock as net:
        metric = {"data": {"metric": {"progress_source": source}}}
        net.get(path__regex="/goals/").respond(json=metric)

        outcome = deliver("asana", PARCEL, ask)

        asked = [call.request.method for call in net.calls]

    assert outcome.verdict is Verdict.STOP
    assert asked == ["GET"]


def test_every_kind_but_the_webhook_is_held_to_this():
    assert set(KINDS) - {"webhook"} == set(REQUESTS)


@pytest.mark.parametrize("sign", [*"\n\t\x01\x7f\x85é\u202eк"], ids=ascii)
@pytest.mark.parametrize(
    ("kind", "name"),
    [(one.kind, need.name) for one in KINDS.values() for need in one.needs if need.secret],
)
def test_a_secret_that_no_header_carries_is_refused_when_it_is_typed(
    kind: str, name: str, sign: str
):
    needs = KINDS[kind].needs
    given = {need.name: f"a{sign}b" if need.name == name else "fine" for need in needs}

    with pytest.raises(Invalid) as refused:
        connecting._filled(needs, given, field="settings")

    assert [one.field for one in refused.value.errors] == [f"settings.{name}"]
    assert f"a{sign}b" not in str(refused.value)
