"""A mail server that is down, slow, refuses, or breaks off: everybody certain gets one mail."""

from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.cast import DESIGN, made
from tests.journeys.test_by_api import finished, given_an_audience
from tests.serve import BREAKS_OFF, Installation, Mailbox, smtp_server, wait_until

_PEOPLE = 60


def launched(api: httpx.Client) -> str:
    audience = given_an_audience(api, people=_PEOPLE)
    experiment = made(api.post("/experiments", json=DESIGN | {"audience_id": audience}))["id"]
    api.post(f"/experiments/{experiment}/launch", json={})
    return str(experiment)


def received(mailbox: Mailbox) -> Counter[str]:
    return Counter(address for address, _ in mailbox.mails())


def test_one_address_that_is_refused_for_good_costs_nobody_else_theirs(
    service: Installation, mailbox: Mailbox
):
    mailbox.rule = lambda address, _: (
        "550 5.1.1 no such user" if address == "p7@bakery.example" else None
    )
    with service.api("editor") as api:
        progress = wait_until(partial(finished, api, launched(api)), what="the sending")

    assert (progress["sent"], progress["failed"] + progress["bounced"]) == (_PEOPLE - 1, 1)
    assert set(received(mailbox).values()) == {1}
    assert len(received(mailbox)) == _PEOPLE - 1


def test_a_connection_lost_after_the_mail_was_given_is_uncertain_and_not_sent_again(
    service: Installation, mailbox: Mailbox
):
    lost = {"p3@bakery.example", "p9@bakery.example"}

    mailbox.rule = lambda address, _: BREAKS_OFF if address in lost else None
    with service.api("editor") as api:
        experiment = launched(api)
        progress = wait_until(partial(finished, api, experiment), what="the sending")
        uncertain = listed(api, experiment, "uncertain")

    assert (progress["sent"], progress["uncertain"]) == (_PEOPLE - len(lost), len(lost))
    assert {one["email"] for one in uncertain} == lost
    assert set(received(mailbox).values()) == {1}


def listed(api: httpx.Client, experiment: str, state: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get(
        f"/experiments/{experiment}/sends", params={"state": state}
    ).json()["items"]
    return found


def test_a_server_that_is_down_is_waited_for(tmp_path: Path):
    with smtp_server() as (_, mail):
        pass  # its port is free again, and nobody answers there
    service = Installation(tmp_path / "data", "", mail=mail)
    service.start("--migrate")
    with service.api("editor") as api:
        experiment = launched(api)
        wait_until(lambda: is_running(api, experiment), what="the start")
        waiting = api.get(f"/experiments/{experiment}/progress").json()
        with smtp_server(urlsplit(mail).port) as (mailbox, _):
            progress = wait_until(partial(finished, api, experiment), what="the sending")
    service.stop()

    assert waiting["sent"] == 0
    assert progress["sent"] == _PEOPLE
    assert set(received(mailbox).values()) == {1}


def is_running(api: httpx.Client, experiment: str) -> bool:
    return bool(api.get(f"/experiments/{experiment}").json()["status"] == "running")
