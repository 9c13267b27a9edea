"""What is wrong is told to whoever can act, and nothing is lost or half done."""

from collections.abc import Iterator
from datetime import timedelta
from secrets import token_hex
from typing import Any

import httpx
import pytest

from tests.cast import DESIGN, made
from tests.commanded import said
from tests.journeys.test_by_api import (
    TODAY,
    finished,
    given_a_key_result,
    given_an_audience,
    imported,
)
from tests.serve import Installation, Mailbox, click, links_in, wait_until

ARM = DESIGN["arms"][0]


@pytest.fixture
def api(shared: Installation) -> Iterator[httpx.Client]:
    with shared.api("editor") as client:
        yield client


def draft(api: httpx.Client, audience: str | None, **changes: Any) -> str:
    return str(
        made(api.post("/experiments", json=DESIGN | {"audience_id": audience} | changes))["id"]
    )


def test_a_launch_that_cannot_work_says_everything_that_is_missing(api: httpx.Client):
    audience = given_an_audience(api, people=60)
    wrong = {
        "audience": draft(api, None),
        "subject_missing": draft(api, audience, arms=[ARM | {"subject": ""}]),
        "body_missing": draft(api, audience, arms=[ARM | {"body": ""}]),
        "no_link": draft(api, audience, arms=[ARM | {"body": "Hello {{ name }}"}]),
        "liquid_broken": draft(
            api, audience, arms=[ARM | {"body": "{% if %} [a](https://x.example)"}]
        ),
        "hypothesis": draft(api, audience, hypothesis={}),
    }

    for expected, experiment in wrong.items():
        checklist = api.get(f"/experiments/{experiment}/checklist").json()
        launched = api.post(f"/experiments/{experiment}/launch", json={})
        blocks = {item["id"] for item in checklist["items"] if item["level"] == "blocks"}

        assert not checklist["ready"], expected
        assert expected in blocks
        assert launched.status_code == 409
        assert launched.headers["content-type"] == "application/problem+json"
        assert expected in {one["field"] for one in launched.json()["errors"]}


def test_twelve_people_without_the_column_are_named_and_never_half_filled(
    api: httpx.Client, shared_mailbox: Mailbox
):
    audience = given_an_audience(api, people=500, without_euros=12)
    experiment = draft(api, audience)

    def named() -> str:
        items = api.get(f"/experiments/{experiment}/checklist").json()["items"]
        said = [one["message"] for one in items if one["id"].startswith("missing_column")]
        return said[0] if said else ""

    said = wait_until(named, what="a look at everybody's mail")
    api.post(f"/experiments/{experiment}/launch", json={})
    progress = wait_until(lambda: finished(api, experiment), seconds=60, what="the sending")
    assert progress is not None

    assert "“euros” is missing for 12 of 500 people: p489@bakery.example" in said
    assert (progress["enrolled"], progress["sent"]) == (488, 488)
    assert {to for to, _ in shared_mailbox.mails()}.isdisjoint(
        {f"p{n}@bakery.example" for n in range(489, 501)}
    )
    assert all("{{" not in mail.as_string() for _, mail in shared_mailbox.mails()[:20])


def test_what_is_finished_stays_finished(api: httpx.Client):
    experiment = draft(api, given_an_audience(api, people=60))
    early = api.post(f"/experiments/{experiment}/pause")
    api.post(f"/experiments/{experiment}/launch", json={})
    wait_until(lambda: finished(api, experiment), what="the sending")
    decision = {"decision": "stop", "learning": "No."}
    first = api.post(f"/experiments/{experiment}/decision", json=decision)
    refused = {
        action: api.post(f"/experiments/{experiment}/{action}", json=body)
        for action, body in {
            "launch": {}, "pause": None, "resume": None, "cancel": None, "decision": decision,
        }.items()
    }  # fmt: skip
    changed = api.patch(f"/experiments/{experiment}", json={"name": "Other"})

    assert early.status_code == 409
    assert first.status_code == 201
    assert {answer.status_code for answer in refused.values()} == {409}
    assert changed.status_code == 409
    assert "decided" in refused["pause"].json()["detail"]


def test_a_value_dated_tomorrow_and_a_field_that_nobody_knows_are_refused(api: httpx.Client):
    key_result = given_a_key_result(api)
    tomorrow = TODAY + timedelta(days=2)  # wherever the organisation's midnight is

    late = api.put(f"/key-results/{key_result}/values/{tomorrow}", json={"value": 1})
    unknown = api.post("/audiences", json={"name": "A", "colour": "red"})

    assert late.status_code == 422
    assert "future" in late.json()["detail"]
    assert unknown.status_code == 422
    assert unknown.json()["errors"][0]["field"] == "colour"


@pytest.mark.parametrize("content", [b"", b"name\nAnn\n", b"email\n\0\1\2\n"])
def test_a_file_that_is_none_fails_with_what_to_do(api: httpx.Client, content: bytes):
    audience = made(api.post("/audiences", json={"name": f"Bakers {token_hex(4)}"}))["id"]
    begun = api.post(
        f"/audiences/{audience}/imports", content=content, headers={"Content-Type": "text/csv"}
    )
    if begun.status_code == 422:
        assert begun.json()["detail"]
        return
    done = wait_until(lambda: imported(api, begun.json()["id"]), what="the import")

    assert done["status"] == "failed"
    assert done["error"]


def test_a_token_that_is_not_ours_goes_nowhere_and_counts_nothing(
    shared: Installation, api: httpx.Client, shared_mailbox: Mailbox
):
    experiment = draft(api, given_an_audience(api, people=60))
    api.post(f"/experiments/{experiment}/launch", json={})
    wait_until(lambda: finished(api, experiment), what="the sending")
    link = links_in(shared_mailbox.mails()[0][1])[0]
    token = link.rpartition("/")[2]
    wrong = [
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        token * 100,
        "%C3%A9" * 8,
        token[:-4],
        "",
    ]

    answers = [click(f"{shared.url}/c/{one}").status_code for one in wrong]
    as_other_kind = click(f"{shared.url}/o/{token}.gif").status_code

    assert set(answers) == {404}
    assert as_other_kind == 404
    assert api.get(f"/experiments/{experiment}/hits").json()["items"] == []


def test_ten_clicks_on_a_test_mail_leave_the_readout_as_it_was(
    shared: Installation, shared_mailbox: Mailbox
):
    with shared.api("admin") as api:
        said(
            shared, "user", "add", "ann@halvern.example", "--role", "editor", "--password-stdin",
            given="correct horse battery\n",
        )  # fmt: skip
        experiment = draft(api, given_an_audience(api, people=60))
        sent = api.post(f"/experiments/{experiment}/test-send", json={"to": "ann@halvern.example"})
        to_nobody = api.post(f"/experiments/{experiment}/test-send", json={"to": "x@else.example"})
        wait_until(lambda: bool(shared_mailbox.mails()), what="the test mail")
        test_links = links_in(shared_mailbox.mails()[0][1])
        api.post(f"/experiments/{experiment}/launch", json={})
        wait_until(lambda: finished(api, experiment), what="the sending")
        before = without_moment(api.get(f"/experiments/{experiment}/readout").json())
        clicked = [click(test_links[0]).status_code for _ in range(10)]
        wait_until(shared.is_ready, what="the service")
        hits = api.get(f"/experiments/{experiment}/hits").json()["items"]
        after = without_moment(api.get(f"/experiments/{experiment}/readout").json())

    assert (sent.status_code, to_nobody.status_code) == (202, 422)
    assert clicked == [302] * 10
    assert hits == []
    assert after == before


def without_moment(readout: dict[str, Any]) -> dict[str, Any]:
    moves = {"as_of", "series"}
    rest = {name: value for name, value in readout.items() if name not in moves}
    return rest | {"health": rest["health"] | {"ingested_until": None, "lag_seconds": None}}


def test_the_columns_of_a_file_are_told_back(api: httpx.Client):
    audience = given_an_audience(api, people=5, without_euros=1)

    seen = api.get(f"/audiences/{audience}").json()

    assert seen["people"] == 5
    assert [(one["name"], one["filled"]) for one in seen["columns"]] == [("euros", 4)]
