"""Customers click as fast as they can: an editor works on, and every click is counted."""

import time
from datetime import timedelta
from pathlib import Path

import httpx

from app.platform.db import Database
from app.tracking import ingest
from app.tracking.models import Hit, HitCount
from tests.cast import DESIGN, made
from tests.clicking import Clicks, Editor
from tests.journeys.test_by_api import finished, given_an_audience
from tests.serve import Installation, Mailbox, links_in, wait_until
from tests.tracking.test_floods import release
from tests.tracking.test_ingest import LATER, Sends, Spool, outcome, rows


def test_an_editor_works_on_while_customers_click(
    service: Installation, mailbox: Mailbox, full: bool
):
    editor = Editor()
    with service.api("editor") as api:
        audience = given_an_audience(api, people=40)
        experiment = made(api.post("/experiments", json=DESIGN | {"audience_id": audience}))["id"]
        api.post(f"/experiments/{experiment}/launch", json={})
        wait_until(lambda: finished(api, experiment), what="the sending")
        links = [links_in(mail)[0] for _, mail in mailbox.mails()]
        with Clicks(links, seconds=60 if full else 6) as clicks:
            while clicks.goes_on:
                editor.work(api)
                time.sleep(0.05)
            answered = clicks.answered()
        wait_until(
            lambda: counted(api, experiment) >= answered, seconds=300, what=f"{answered} clicks"
        )
        assert counted(api, experiment) in range(answered, answered + 33)  # under way at the end
        health = api.get(f"/experiments/{experiment}/readout").json()["health"]

    print(f"{answered} clicks answered; {editor}")
    assert health["counted_only"] > 0
    assert editor.failed == []
    assert editor.p99 < 1


def counted(api: httpx.Client, experiment: str) -> int:
    """Raw clicks, as the readout has them."""
    told = api.get(f"/experiments/{experiment}/readout").json()
    return sum(int(arm["clicks"]) for arm in told["arms"])


def test_a_link_that_a_million_follow_costs_no_more_at_the_end(
    database: Database, tmp_path: Path, full: bool
):
    hits = 1_000_000 if full else 50_000
    release(database)
    spool = Spool(tmp_path / "hits")
    seconds = []
    for part in range(10):
        for number in range(hits // 10):
            spool.hit(60 + 60 * (part + number / (hits // 10)), send_id=2)
        began = time.process_time()
        ingest.ingest_once(database, spool.folder, Sends(), now=LATER + timedelta(hours=10))
        seconds.append(time.process_time() - began)

    each = [round(1e6 * one * 10 / hits) for one in seconds]
    print(f"{hits} hits on one link, µs of CPU a hit: {each}")
    assert outcome(database, 2).clicks == hits
    assert len(rows(database, Hit)) == 1_000
    assert sum(one["count"] for one in rows(database, HitCount)) == hits - 1_000
    assert seconds[-1] < 2 * sorted(seconds)[4]
