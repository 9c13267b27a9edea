"""The data folder's disk is full in a send and in an import (F5): nothing breaks, all goes on."""

import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cast import csv_of, made
from tests.conftest import KINDS
from tests.faults.scenes import Slowly, fill, launched, received, small_disk
from tests.journeys.conftest import started
from tests.journeys.test_by_api import finished, given_an_audience, imported
from tests.serve import Installation, Mailbox, click, links_in, wait_until

_FULL_SECONDS = 4.0
_HONEST = {200, 201, 202, 302, 303, 503, 507}  # done, or a sentence that says "not now"


@pytest.fixture(params=KINDS)
def cramped(
    request: pytest.FixtureRequest, tmp_path: Path, mailbox_and_setting: tuple[Mailbox, str]
) -> Iterator[Installation]:
    """Its data folder is a disk of 64 MB."""
    with (
        small_disk(tmp_path / "data", megabytes=64),
        started(request, tmp_path, mail=mailbox_and_setting[1]) as installation,
    ):
        yield installation


def is_sound(service: Installation) -> bool:
    if service.database_url:
        return True  # PostgreSQL's disk is another one
    connection = sqlite3.connect(service.data / "thinslice.db")
    try:
        return bool(connection.execute("PRAGMA integrity_check").fetchone() == ("ok",))
    finally:
        connection.close()


def asked(service: Installation, api: httpx.Client, link: str) -> Counter[int]:
    """What people, systems and customers are told while there is no room."""
    told: Counter[int] = Counter()
    ends = time.monotonic() + _FULL_SECONDS
    while time.monotonic() < ends:
        told[api.get("/experiments").status_code] += 1
        told[api.post("/features", json={"title": "Waste"}).status_code] += 1
        told[httpx.get(f"{service.url}/login", timeout=30).status_code] += 1
        told[httpx.get(f"{service.url}/health", timeout=30).status_code] += 1
        assert click(link).status_code == httpx.codes.FOUND
        time.sleep(0.1)
    return told


def test_a_full_disk_stops_a_send_only_until_there_is_room(
    cramped: Installation, mailbox: Mailbox, full: bool
):
    people = 5_000 if full else 300
    mailbox.rule = Slowly(0.01)
    with cramped.api("editor") as api:
        experiment = launched(api, given_an_audience(api, people=people))
        wait_until(lambda: len(mailbox.taken) > 60, what="the first mails")
        ballast = fill(cramped.data)
        told = asked(cramped, api, links_in(mailbox.mails()[0][1])[0])
        while_full = len(mailbox.taken)
        ballast.unlink()
        progress = wait_until(partial(ended, api, experiment), seconds=1_800, what="the sending")
        uncertain = progress["uncertain"]
    cramped.stop()
    got = received(mailbox)
    sent = progress["sent"]
    print(f"F5 send: {while_full} of {people} when room came; {sent} sent, {uncertain} uncertain")
    print(f"answers while full: {dict(told)}")

    assert set(told) <= _HONEST
    assert max(got.values()) == 1
    assert sent + uncertain == people
    assert sent <= len(got) <= people
    assert is_sound(cramped)


def ended(api: httpx.Client, experiment: str) -> dict[str, Any] | None:
    """Whoever was put off while there was no room has theirs, too."""
    seen = finished(api, experiment)
    return seen if seen and not seen["queued"] else None


def test_a_full_disk_stops_an_import_only_until_there_is_room(
    cramped: Installation, mailbox: Mailbox, full: bool
):
    people = 40_000 if full else 12_000
    file, kind = csv_of(people), {"Content-Type": "text/csv"}
    with cramped.api("editor") as api:
        audience = made(api.post("/audiences", json={"name": "Bakers"}))["id"]
        path = f"/audiences/{audience}/imports"
        ballast = fill(cramped.data)
        refused = api.post(path, content=file, headers=kind)
        left = [one.name for one in (cramped.data / "imports").iterdir()]
        ballast.unlink()
        begun = made(api.post(path, content=file, headers=kind))["id"]
        ballast = fill(cramped.data)
        told = asked_of_import(api, begun)
        ballast.unlink()
        done = wait_until(partial(imported, api, begun), what="the import")
    cramped.stop()
    rows = {name: done[name] for name in ("status", "rows", "added", "refused")}
    print(f"F5 import: full before: {refused.status_code}; full in it: {told}; then {rows}")

    assert refused.status_code in {503, 507}
    assert "full" in refused.json()["detail"]
    assert left == []
    assert rows == {"status": "done", "rows": people, "added": people, "refused": 0}
    assert is_sound(cramped)


def asked_of_import(api: httpx.Client, begun: str) -> dict[str, int]:
    """How far an import is while there is no room."""
    time.sleep(_FULL_SECONDS)
    seen = api.get(f"/imports/{begun}").json()
    return {name: seen[name] for name in ("rows", "refused")}
