"""The database is away while customers click: links work, pages say so, nothing is lost."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.tracking.losses import lost_in
from tests.cast import DESIGN, made
from tests.faults.gate import Gate
from tests.faults.test_killed_under_clicks import counted_hits
from tests.journeys.test_by_api import finished, given_an_audience
from tests.postgres import Server
from tests.serve import Installation, Mailbox, click, links_in, wait_until


@pytest.fixture
def gate(postgres_server: Server) -> Iterator[Gate]:
    gate = Gate(postgres_server.empty())
    yield gate
    gate.shut()


@pytest.fixture
def behind(gate: Gate, tmp_path: Path, mailbox_and_setting: tuple[Mailbox, str]):
    installation = Installation(tmp_path / "data", gate.url, mail=mailbox_and_setting[1])
    installation.start("--migrate")
    yield installation
    installation.stop()


def mailed(api: httpx.Client, mailbox: Mailbox) -> tuple[str, list[str]]:
    """Forty bakers have their mail. The experiment, and one link of each."""
    audience = given_an_audience(api, people=40)
    experiment = made(api.post("/experiments", json=DESIGN | {"audience_id": audience}))["id"]
    api.post(f"/experiments/{experiment}/launch", json={})
    wait_until(lambda: finished(api, experiment), what="the sending")
    return experiment, [links_in(mail)[0] for _, mail in mailbox.mails()]


def kept_links(service: Installation) -> bytes:
    snapshot = service.data / "destinations.snapshot"
    return snapshot.read_bytes() if snapshot.exists() else b""


def test_links_work_pages_say_so_and_every_click_is_counted_later(
    behind: Installation, gate: Gate, mailbox: Mailbox
):
    with behind.api("editor") as api:
        experiment, links = mailed(api, mailbox)
        first = [click(link).status_code for link in links[:5]]
        gate.shut()
        away = [click(link).status_code for link in links * 3]
        page = httpx.get(f"{behind.url}/login", timeout=60)
        asked = api.get(f"/experiments/{experiment}")
        ready = httpx.get(f"{behind.url}/ready", timeout=60).status_code
        alive = httpx.get(f"{behind.url}/health", timeout=60).status_code
        gate.open()
        wait_until(behind.is_ready, what="the database's return")
        total = len(first) + len(away)
        counted = wait_until(lambda: counted_hits(api, experiment, at_least=total), what="the hits")
    print(f"F3: {len(away)} clicks while away: {Counter(away)}; {counted} of {total} counted")

    assert set(first + away) == {302}
    assert (page.status_code, asked.status_code, ready, alive) == (503, 503, 503, 200)
    assert "Retry-After" in page.headers
    assert asked.headers["content-type"] == "application/problem+json"
    assert "database" in page.text
    assert counted == total


def test_a_restart_without_a_database_still_redirects(
    behind: Installation, gate: Gate, mailbox: Mailbox
):
    with behind.api("editor") as api:
        experiment, links = mailed(api, mailbox)
        wait_until(lambda: b"halvern" in kept_links(behind), what="the snapshot of links")
        gate.shut()
        behind.kill()
        before = len(behind.log)
        behind.start(ready=False)
        answers = [click(link).status_code for link in links]
        gate.open()
        wait_until(behind.is_ready, what="the database's return")
        counted = wait_until(
            lambda: counted_hits(api, experiment, at_least=answers.count(302)), what="the hits"
        )
    print(f"F3 restart: {Counter(answers)}, {counted} counted")

    assert set(answers) == {302}
    assert counted == len(links)
    assert "Traceback" not in behind.log[before:]  # not of the sender either: it waits


def test_a_full_spool_still_redirects_and_the_loss_is_counted_and_told(
    gate: Gate, tmp_path: Path, mailbox: Mailbox, mailbox_and_setting: tuple[Mailbox, str]
):
    small = {"THINSLICE_SPOOL_LIMIT": "40000"}
    service = Installation(tmp_path / "data", gate.url, mail=mailbox_and_setting[1], settings=small)
    service.start("--migrate")
    with service.api("editor") as api:
        experiment, links = mailed(api, mailbox)
        wait_until(lambda: b"halvern" in kept_links(service), what="the snapshot of links")
        gate.shut()
        answers = [click(link).status_code for link in links * 8]
        lost = lost_in(service.data / "hits")
        gate.open()
        wait_until(service.is_ready, what="the database's return")
        kept = len(answers) - lost
        counted = wait_until(lambda: counted_hits(api, experiment, at_least=kept), what="the hits")
        health = wait_until(lambda: told_of_loss(api, experiment), what="the loss on the readout")
        doctor = service.command("doctor")
    service.stop()
    said = f"{health['lost_clicks']} of them on the readout"
    print(f"F4: {Counter(answers)}, {lost} lost and told, {said}, {counted} counted")

    assert set(answers) == {302}
    assert 0 < lost < len(answers)
    assert counted == kept
    assert f"{lost} clicks and opens" in doctor.stdout + doctor.stderr
    assert health["lost_clicks"] == lost
    assert any(f"{lost} clicks and opens were answered" in one for one in health["warnings"])


def told_of_loss(api: httpx.Client, experiment: str) -> dict[str, Any]:
    """What the readout says of its own numbers, once a loss is among it."""
    health: dict[str, Any] = api.get(f"/experiments/{experiment}/readout").json()["health"]
    return health if health["lost_clicks"] else {}
