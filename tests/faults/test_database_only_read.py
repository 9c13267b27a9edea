"""A database that takes no changes while customers click: as if it were away, and said so."""

from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.test_database_away import kept_links, mailed
from tests.faults.test_killed_under_clicks import counted_hits
from tests.ops.test_database_in_trouble import only_read
from tests.postgres import Server
from tests.serve import Installation, Mailbox, click, wait_until


@pytest.fixture
def service(postgres_server: Server, tmp_path: Path, mailbox_and_setting: tuple[Mailbox, str]):
    with postgres_server.fresh() as url:
        installation = Installation(tmp_path / "data", url, mail=mailbox_and_setting[1])
        installation.start("--migrate")
        yield installation
        installation.stop()


def test_links_work_pages_read_and_nothing_is_lost_though_it_is_started_meanwhile(
    service: Installation, mailbox: Mailbox
):
    with service.api("editor") as api:
        experiment, links = mailed(api, mailbox)
        wait_until(lambda: b"halvern" in kept_links(service), what="the snapshot of links")
        before = len(service.log)
        with only_read(service.database_url):
            service.stop()
            service.start(ready=False)
            answers = [click(link).status_code for link in links]
            read, written = api.get("/experiments"), api.post("/audiences", json={"name": "Cafés"})
            ready = ready_of(service)
            doctor = service.command("doctor")
        wait_until(service.is_ready, what="a database that takes changes")
        counted = wait_until(
            lambda: counted_hits(api, experiment, at_least=len(links)), what="the hits"
        )
    print(f"F3 only read: {Counter(answers)}, {counted} counted")

    assert set(answers) == {302}
    assert (read.status_code, written.status_code, ready[0]) == (200, 503, 503)
    assert "takes no changes" in written.json()["detail"]
    assert "takes no changes" in ready[1]["checks"]["database"]
    assert "WRONG  database: The database takes no changes" in doctor.stdout
    assert "Traceback" not in service.log[before:]
    assert counted == len(links)


def ready_of(service: Installation) -> tuple[int, dict[str, Any]]:
    answer = httpx.get(f"{service.url}/ready", timeout=60)
    return answer.status_code, answer.json()
