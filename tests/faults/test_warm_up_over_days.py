"""Two that answer and two that send on one PostgreSQL, over the midnights of a warm-up."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import Envelope

from tests.cast import DESIGN, made
from tests.faults import fleet
from tests.faults.fleet import Fleet
from tests.journeys.test_by_api import given_an_audience
from tests.postgres import Server
from tests.serve import Mailbox, wait_until

_EVENING = datetime(2026, 11, 24, 22, 40, tzinfo=UTC)  # 23:40 in Oslo
_WARM_UP = {"THINSLICE_WARM_UP": "2026-11-24 6 2", "THINSLICE_TIMEZONE": "Europe/Oslo"}
_PEOPLE = 30


@pytest.fixture
def house(
    postgres_server: Server, tmp_path: Path, mailbox_and_setting: tuple[Mailbox, str]
) -> Iterator[Fleet]:
    url, mail = postgres_server.empty(), mailbox_and_setting[1]
    with fleet.web_and_workers(
        tmp_path, url, mail=mail, settings=_WARM_UP, at=_EVENING
    ) as machines:
        yield machines


def test_each_day_has_its_mails_whatever_becomes_of_relay_and_workers(
    house: Fleet, mailbox: Mailbox
):
    web, (first, second) = house.web[0].at, [one for one in house.all if one.command == "worker"]
    mailbox.rule = _away
    with web.api("editor") as api:
        audience = given_an_audience(api, people=_PEOPLE)
        draft = made(api.post("/experiments", json=DESIGN | {"audience_id": audience}))["id"]
        plan = api.get(f"/experiments/{draft}/plan").json()
        api.post(f"/experiments/{draft}/launch", json={})

        def progress() -> Any:
            return api.get(f"/experiments/{draft}/progress").json()

        wait_until(lambda: "going down" in str(progress()["reason"]), what="a relay that is away")
        mailbox.rule = lambda _address, _envelope: None
        wait_until(lambda: progress()["sent"] >= 6, what="the first day's mails")
        first.at.kill()
        assert plan["last_leaves"] < plan["answer_by"]
    assert len(mailbox.taken) == 6
    for day, expected in ((1, 18), (2, _PEOPLE)):
        for one in house.all:
            one.at.stop()
            one.at.at = _EVENING + timedelta(days=day, seconds=7 if one is second else 0)
            one.start()
        _wait_for(mailbox, expected)
        assert len(mailbox.taken) == expected
    assert set(Counter(address for address, _ in mailbox.taken).values()) == {1}
    assert plan["last_leaves"] <= (_EVENING + timedelta(days=2)).isoformat()


def _wait_for(mailbox: Mailbox, mails: int) -> None:
    wait_until(lambda: len(mailbox.taken) >= mails, what=f"mail {mails}")


def _away(_address: str, _envelope: Envelope) -> str | None:
    return "421 4.3.2 going down"
