"""Anything in any order, with trouble: in the end every number follows from raw rows.

The mail server keeps a ledger of its own. The seed is printed; `--full` goes on for an hour.
"""

import itertools
import os
import random
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.platform.db import Database
from tests.conftest import KINDS
from tests.faults import reckoning
from tests.faults.town import Town
from tests.journeys.conftest import started
from tests.serve import Installation, Mailbox, wait_until

_TURNING = Path(__file__).parent / "turning"  # segments of a second
_FULL_SECONDS = 3600
_PEOPLE = 24
_STEPS, _BETWEEN = 36, 12  # of a short run; and between two troubles


@pytest.fixture(params=KINDS)
def turning(
    request: pytest.FixtureRequest, tmp_path: Path, mailbox_and_setting: tuple[Mailbox, str]
) -> Iterator[Installation]:
    folders = [str(_TURNING), str(Path(__file__).parents[2])]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(folders))
        with started(request, tmp_path, mail=mailbox_and_setting[1]) as installation:
            yield installation


def test_whatever_happens_every_number_follows_from_the_rows(
    turning: Installation, mailbox: Mailbox, full: bool
):
    seed = int(os.environ.get("RANDOM_OPERATIONS_SEED", secrets.randbelow(10**6)))
    print(f"RANDOM_OPERATIONS_SEED={seed}")
    town = Town(turning, mailbox, random.Random(seed), _PEOPLE)
    with turning.api("editor") as api:
        town.begin(api)
        wait_until(mailbox.mails, what="the first mail")
        _live(town, api, seconds=_FULL_SECONDS if full else 0)
        town.settle(api)
        wait_until(lambda: _is_quiet(town, api), what="quiet")
        _reckon(turning, town, api)
    town.judge_again()
    with turning.api("editor") as api:
        _reckon(turning, town, api)


def _live(town: Town, api: httpx.Client, *, seconds: float) -> None:
    """So many steps, and on for so long."""
    until = time.monotonic() + seconds
    for step in itertools.count(1):
        town.step(api)
        if step % _BETWEEN == 0:
            print(town.trouble())
            wait_until(town.service.is_ready, what="a service that is back")
        if step >= _STEPS and time.monotonic() >= until:
            return


def _is_quiet(town: Town, api: httpx.Client) -> bool:
    """Nothing is left to send, and what was answered has been read."""
    told = [api.get(f"/experiments/{one}/progress").json() for one in town.experiments]
    hits = [_hits(api, one) for one in town.experiments]
    is_sent = all(one["queued"] == one["sending"] == 0 for one in told)
    return is_sent and sum(hits) >= town.answered.total()


def _hits(api: httpx.Client, experiment: str) -> int:
    found, cursor = 0, None
    while True:
        query = {"limit": 1000} | ({"cursor": cursor} if cursor else {})
        page = api.get(f"/experiments/{experiment}/hits", params=query).json()
        found += sum(int(hit["count"]) for hit in page["items"] if hit["kind"] == "click")
        cursor = page["next"]
        if cursor is None:
            return found


def _reckon(service: Installation, town: Town, api: httpx.Client) -> None:
    database = Database(_address(service))
    try:
        with database.read() as session:
            reckoning.mails_agree(session, town)
            reckoning.progress_agrees(session, api, town)
            reckoning.clicks_agree(session, town)
            reckoning.outcomes_agree(session)
            reckoning.conversions_agree(session, api, town)
            reckoning.counters_agree(session)
            reckoning.readout_and_export_agree(session, api, town)
    finally:
        database.close()


def _address(service: Installation) -> str:
    url = service.database_url or f"sqlite:///{service.data / 'thinslice.db'}"
    return url.replace("postgresql://", "postgresql+psycopg://")
