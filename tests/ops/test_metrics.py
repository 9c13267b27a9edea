"""`/metrics`: what it is called, who may read it, and that its numbers are those of the pages."""

import re
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random

import httpx
import pytest

from app.ops import exposition, gauges
from app.ops.gauges import Gauges, Look
from app.ops.installation import House
from app.platform.db import Database
from app.platform.meters import Counts, Meter
from tests.cast import DESIGN, made
from tests.faults.gate import Gate
from tests.faults.test_killed_under_clicks import counted_hits
from tests.journeys.test_by_api import finished, given_an_audience
from tests.ops.meters_read import EVERY, read
from tests.ports import free_port
from tests.sandbox import of_unit
from tests.serve import (
    Installation,
    Mailbox,
    click,
    links_in,
    smtp_server,
    wait_until,
)
from tests.tools import tool

TOKEN = "a-token-that-only-reads-meters"
_PEOPLE = 5


@pytest.mark.parametrize("meter", EVERY, ids=lambda meter: meter.name)
def test_each_is_called_as_prometheus_wants_it(meter: Meter):
    assert re.fullmatch(r"thinslice(_[a-z]+)+", meter.name)
    assert meter.told.endswith((".", "SPOOL_LIMIT."))
    assert meter.name.endswith("_seconds") or not meter.bounds
    assert (meter in exposition.COUNTED and not meter.bounds) <= meter.name.endswith("_total")
    assert all(re.fullmatch("[a-z]+", label) for label in meter.labels)


def test_only_routes_relays_and_what_we_say_ourselves_are_open_labels():
    opened = {label for meter in EVERY for label, told in meter.labels.items() if told is None}

    assert opened == {"method", "relay", "route", "status", "version"}


def test_no_two_have_one_name():
    names = [meter.name for meter in EVERY]

    assert len(set(names)) == len(names)


def test_every_meter_is_told_and_promtool_finds_nothing(house: House):
    text = exposition.written(Counts(), gauges.look(house)).decode()
    samples = {re.sub("_(bucket|count|sum)$", "", name) for name in read(text)}
    known = {meter.name for meter in EVERY if meter.every() or meter.labels == {}}

    assert known <= samples
    assert _found_by_promtool(text) == ""


def _found_by_promtool(text: str) -> str:
    promtool = tool("promtool", package="prometheus")
    done = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def test_a_storm_of_scrapes_looks_into_the_database_once(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    looks: list[House] = []

    def look(house: House) -> Look:
        looks.append(house)
        return Look({})

    monkeypatch.setattr(gauges, "look", look)
    meters = exposition.Meters(house, Gauges(house))
    threads = [threading.Thread(target=meters.text) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(looks) == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_while_the_database_is_away_the_rest_is_told(database_url: str, house: House):
    gate = Gate(database_url.replace("postgresql://", "postgresql+psycopg://"))
    object.__setattr__(house, "database", Database(gate.url))
    before = Gauges(house).look()
    gate.shut()
    away = Gauges(house).look()

    assert before.of(gauges.DATABASE) == 1
    assert away.of(gauges.DATABASE) == 0
    assert away.of(gauges.SENDS, "sent") is None
    assert away.of(gauges.DISK)
    assert away.why_away


@pytest.fixture
def served(
    tmp_path: Path,
) -> Iterator[tuple[list[Installation], Mailbox]]:
    """Pages by two processes that send nothing, a worker, an edge; and who got the mails.

    Each may do what its unit of systemd allows, and no more.
    """
    database, port = f"sqlite:///{tmp_path / 'shared.db'}", free_port()
    settings = {
        "THINSLICE_TRACKING_URL": f"http://127.0.0.1:{port}",
        "THINSLICE_METRICS_TOKEN": TOKEN,
    }
    with smtp_server() as (mailbox, mail):
        pages = Installation(tmp_path / "pages", database, mail=mail)
        pages.settings = settings | of_unit("thinslice.service")
        pages.start("--migrate", "--workers", "2", "--no-worker")
        keys = {"THINSLICE_SECRET_KEYS": (pages.data / "keys").read_text().strip()}
        shared = settings | keys
        edge = Installation(tmp_path / "edge", database, port=port)
        edge.settings = shared | of_unit("thinslice-edge.service")
        worker = Installation(tmp_path / "worker", database, mail=mail)
        worker.settings = shared | of_unit("thinslice-worker.service")
        edge.start("--workers", "2", command="edge")
        worker.start(command="worker")
        yield [pages, edge, worker], mailbox
        for one in (worker, edge, pages):
            one.stop()


def told_by(
    installation: Installation, token: str = TOKEN
) -> dict[str, dict[tuple[str, ...], float]]:
    headers = {"Authorization": f"Bearer {token}"}
    answer = httpx.get(f"{installation.url}/metrics", headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text
    return read(answer.text)


def test_its_numbers_are_those_of_pages_and_api_whoever_counted(
    served: tuple[list[Installation], Mailbox],
):
    (pages, edge, worker), mailbox = served
    random = Random(20261125)
    with pages.api("editor") as api:
        audience = given_an_audience(api, people=_PEOPLE)
        experiment = made(api.post("/experiments", json=DESIGN | {"audience_id": audience}))["id"]
        api.post(f"/experiments/{experiment}/launch", json={})
        wait_until(partial(finished, api, experiment), what="the sending")
        links = [link for _, mail in mailbox.mails() for link in links_in(mail)]
        clicks = {0: 0, 1: 0}
        bad = 0
        for _ in range(60):
            where = random.choice((0, 1))
            link = random.choice(links).replace(edge.url, (pages, edge)[where].url)
            if random.random() < 0.2:
                assert click(link[:-1] + "!").status_code == 404
                bad += 1
            else:
                assert click(link).status_code == 302
                clicks[where] += 1
        asked = sum(clicks.values())
        counted = wait_until(lambda: counted_hits(api, experiment, at_least=asked), what="clicks")
        progress = api.get(f"/experiments/{experiment}/progress").json()

        def agree() -> bool:
            told = [told_by(one) for one in (pages, edge, worker)]
            answered = [one["thinslice_hits_answered_total"]["click",] for one in told]
            ingested = [one["thinslice_hits_ingested_total"][()] for one in told]
            refused = sum(one["thinslice_links_refused_total"]["invalid",] for one in told)
            sends = [one["thinslice_sends"] for one in told]
            return (
                answered == [clicks[0], clicks[1], 0]
                and ingested == answered
                and refused == bad
                and all(
                    one[state,] == progress[state]
                    for one in sends
                    for state in ("queued", "sending", "sent", "failed", "held", "skipped")
                )
            )

        wait_until(agree, what="meters that agree")
    requests = told_by(pages)["thinslice_http_requests_total"]

    assert counted == asked
    assert progress["sent"] == _PEOPLE
    assert requests["POST", "/api/v1/experiments/{experiment_id}/launch", "202"] == 1
    assert requests["GET", "/api/v1/experiments/{experiment_id}/progress", "200"] >= 2
    assert [told_by(one)["thinslice_process_up"] for one in (pages, edge, worker)] == [
        {("ingester",): 1, ("sender",): 0},
        {("ingester",): 1, ("sender",): 0},
        {("ingester",): 0, ("sender",): 1},
    ]
    _only_who_may_reads(pages, edge, worker)


def _only_who_may_reads(*installations: Installation) -> None:
    with installations[0].api("viewer"):
        pass
    viewer = installations[0].tokens["viewer"]
    for one in installations:
        assert "thinslice_sends" in told_by(one, viewer)
        for wrong in ({}, {"Authorization": f"Bearer {TOKEN}x"}, {"Authorization": "Bearer tsl_x"}):
            answer = httpx.get(f"{one.url}/metrics", headers=wrong)
            assert answer.status_code == 401
            assert "thinslice_" not in answer.text
        anywhere = {"Authorization": f"Bearer {TOKEN}", "Host": "10.0.0.7:8000"}
        assert httpx.get(f"{one.url}/metrics", headers=anywhere).status_code == 200
        assert httpx.get(f"{one.url}/ready").json()["ready"]
        with httpx.Client(headers={"Authorization": f"Bearer {TOKEN}"}) as other:
            assert other.get(f"{one.url}/api/v1/audiences").status_code in {401, 404}
