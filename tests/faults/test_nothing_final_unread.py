"""Clicks wait in a journal over the end of counting: no final call is made without them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

from app.platform import locks
from tests.cast import DESIGN, made
from tests.journeys.test_by_api import finished, given_an_audience
from tests.moments import NOW
from tests.postgres import Server
from tests.serve import Installation, Mailbox, click, links_in, wait_until

_PEOPLE = 60
_LAST_HOUR, _OVER = timedelta(hours=71), timedelta(hours=74)  # after the start


@contextmanager
def nobody_reads(service: Installation) -> Iterator[None]:
    """Its web processes answer, and no ingester takes their clicks in."""
    with locks.hold(service.data / "ingester.lock"):
        yield


def mailed(service: Installation, mailbox: Mailbox) -> tuple[str, list[str]]:
    with service.api("editor") as api:
        audience = given_an_audience(api, people=_PEOPLE)
        experiment = made(api.post("/experiments", json=DESIGN | {"audience_id": audience}))["id"]
        api.post(f"/experiments/{experiment}/launch", json={})
        wait_until(partial(finished, api, experiment), what="the sending")
    return experiment, [links_in(mail)[0] for _, mail in mailbox.mails()]


def clicked_unread(service: Installation, links: list[str]) -> None:
    """Everybody clicks in the last hour, is answered, and nobody reads it."""
    service.at = NOW + _LAST_HOUR
    with nobody_reads(service):
        service.start("--no-worker")
        assert {click(link).status_code for link in links} == {302}
        service.kill()


def readout(service: Installation, experiment: str) -> dict[str, Any]:
    with service.api() as api:
        told: dict[str, Any] = api.get(f"/experiments/{experiment}/readout").json()
    return told


def final(service: Installation, experiment: str) -> dict[str, Any] | None:
    told = readout(service, experiment)
    return told if told["call"]["final"] else None


def test_after_an_outage_over_the_end_the_final_call_counts_every_click(
    service: Installation, mailbox: Mailbox
):
    experiment, links = mailed(service, mailbox)
    service.stop()
    clicked_unread(service, links)
    service.at = NOW + _OVER
    with nobody_reads(service):
        service.start()
        waiting = wait_until(partial(named, service, experiment), what="the folder's name")
        doctor = service.command("doctor")  # takes the scheduler several of its rounds
        still = readout(service, experiment)
    told = wait_until(partial(final, service, experiment), what="the final call")
    print(f"F19b: {len(links)} unread over the end; then: {told['call']['sentence']}")

    assert {(one["call"]["state"], one["call"]["final"]) for one in (waiting, still)} == {
        ("waiting", False)
    }
    assert "waiting for the clicks of" in waiting["call"]["sentence"]
    assert "silent since" in doctor.stdout
    assert doctor.returncode == 1
    assert told["call"]["state"] == "validated"
    assert f"{_PEOPLE} of {_PEOPLE} people" in told["call"]["sentence"]
    assert told["health"]["lost_clicks"] == 0


def named(service: Installation, experiment: str) -> dict[str, Any] | None:
    told = readout(service, experiment)
    return told if "silent since" in " ".join(told["health"]["warnings"]) else None


@pytest.fixture
def machines(
    postgres_server: Server, tmp_path: Path, mailbox_and_setting: tuple[Mailbox, str]
) -> Iterator[tuple[Installation, Installation]]:
    url, mail = postgres_server.empty(), mailbox_and_setting[1]
    first = Installation(tmp_path / "first", url, mail=mail)
    first.start("--migrate")
    keys = {"THINSLICE_SECRET_KEYS": (first.data / "keys").read_text().strip()}
    second = Installation(tmp_path / "second", url, mail=mail, settings=keys)
    yield first, second
    first.stop()


def test_a_machine_that_is_silent_is_waited_for_until_somebody_retires_it(
    machines: tuple[Installation, Installation], mailbox: Mailbox
):
    first, second = machines
    experiment, links = mailed(first, mailbox)
    first.stop()
    clicked_unread(second, [link.replace(first.url, second.url) for link in links])
    hours_pass(second, _OVER - _LAST_HOUR)
    first.at = NOW + _OVER
    first.start()
    waiting = wait_until(partial(named, first, experiment), what="the machine's name")
    with first.api() as api:
        folders = {one["path"]: one for one in api.get("/data-folders").json()["items"]}
        gone = folders[str(second.data)]
        made(api.post(f"/data-folders/{gone['id']}/retire"))
    told = wait_until(partial(final, first, experiment), what="the final call")
    print(f"F19b retired: {waiting['call']['sentence']} Then: {told['call']['sentence']}")

    assert waiting["call"]["state"] == "waiting"
    assert gone["name"] in waiting["call"]["sentence"]
    assert told["call"]["state"] == "refuted"
    assert f"{gone['name']} was retired" in " ".join(told["health"]["warnings"])


def hours_pass(machine: Installation, hours: timedelta) -> None:
    """On the database's clock, too: a restart moves a machine's, and what it last said stays."""
    with psycopg.connect(machine.database_url) as connection:
        connection.execute(
            "UPDATE data_folder SET seen_at = seen_at - %(hours)s,"
            " ingested_until = ingested_until - %(hours)s WHERE path = %(path)s",
            {"hours": hours, "path": str(machine.data.resolve())},
        )
