"""Two machines, each with its own data folder, on one PostgreSQL: as one machine, only more."""

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiosmtpd.smtp import Envelope

from tests.cast import DESIGN, made
from tests.faults.test_killed_under_clicks import counted_hits
from tests.journeys.test_by_api import finished, given_an_audience
from tests.postgres import Server
from tests.serve import Installation, Mailbox, children_of, click, links_in, wait_until

_PEOPLE = 400


@pytest.fixture
def machines(
    postgres_server: Server, tmp_path: Path, mailbox_and_setting: tuple[Mailbox, str]
) -> Iterator[tuple[Installation, Installation]]:
    url, mail = postgres_server.empty(), mailbox_and_setting[1]
    first = Installation(tmp_path / "first", url, mail=mail)
    first.start("--migrate")
    keys = {"THINSLICE_SECRET_KEYS": (first.data / "keys").read_text().strip()}
    second = Installation(tmp_path / "second", url, mail=mail, settings=keys)
    second.start()
    yield first, second
    second.stop()
    first.stop()


def test_both_send_and_both_count_and_nobody_is_mailed_twice(
    machines: tuple[Installation, Installation], mailbox: Mailbox
):
    first, second = machines
    with first.api("editor") as api:
        audience = given_an_audience(api, people=_PEOPLE)
        experiment = made(api.post("/experiments", json=DESIGN | {"audience_id": audience}))["id"]
        api.post(f"/experiments/{experiment}/launch", json={})
        progress = wait_until(partial(finished, api, experiment), what="the sending")
        links = [links_in(mail)[0] for _, mail in mailbox.mails()[:60]]
        elsewhere = [link.replace(first.url, second.url) for link in links]
        answers = [click(link).status_code for link in [*links, *elsewhere]]
        counted = wait_until(lambda: counted_hits(api, experiment, at_least=120), what="hits")
    senders = {one.data.name for one in machines if any((one.data / "sends").iterdir())}
    got = Counter(address for address, _ in mailbox.taken)
    print(f"F12 both: {progress['sent']} of {_PEOPLE} sent, {counted} of {len(answers)} counted")

    assert progress["sent"] == _PEOPLE == len(got)
    assert set(got.values()) == {1}
    assert set(answers) == {302}
    assert counted == 120
    assert senders == {"first", "second"}


def test_what_one_machine_leaves_behind_the_other_finishes(
    machines: tuple[Installation, Installation], mailbox: Mailbox
):
    first, second = machines
    with second.api("editor") as api:
        audience = given_an_audience(api, people=_PEOPLE)
        experiment = made(api.post("/experiments", json=DESIGN | {"audience_id": audience}))["id"]
        api.post(f"/experiments/{experiment}/launch", json={"rate_per_minute": 1200})
        wait_until(lambda: len(mailbox.taken) > 40, what="the first mails")
        first.kill()
        progress = wait_until(partial(finished, api, experiment), what="the sending")
    got = Counter(address for address, _ in mailbox.taken)
    print(f"F12 one left: {progress['sent']} sent, {progress['uncertain']} uncertain")

    assert max(got.values()) == 1
    assert progress["sent"] + progress["uncertain"] == _PEOPLE
    assert progress["uncertain"] <= 50  # what a sender process holds at most


def test_a_sender_stopped_past_its_lease_and_woken_mails_nobody_again(
    machines: tuple[Installation, Installation], mailbox: Mailbox
):
    first, second = machines
    mailbox.rule = slowly
    with second.api("editor") as api:
        audience = given_an_audience(api, people=_FEW)
        experiment = made(api.post("/experiments", json=DESIGN | {"audience_id": audience}))["id"]
        api.post(f"/experiments/{experiment}/launch", json={})
        wait_until(lambda: len(mailbox.taken) > 20, what="the first mails")
        with stopped(sender_of(first)):
            waited = partial(gave_up, api, experiment)
            given_up = wait_until(waited, what="what the stopped one holds to be uncertain")
        progress = wait_until(partial(finished, api, experiment), what="the sending")
        progress = wait_until(partial(settled, api, experiment), what="the woken one's results")
    got = Counter(address for address, _ in mailbox.taken)
    woken = f"{given_up['uncertain']} given up, {progress['uncertain']} left uncertain once woken"
    print(f"F12 stopped past its lease: {woken}, {len(got)} of {_FEW} got it")

    assert 0 < given_up["uncertain"] <= 50
    assert progress["sent"] == _FEW - progress["uncertain"]
    assert progress["sent"] <= len(got) <= _FEW
    assert set(got.values()) == {1}


_FEW = 150


def slowly(_address: str, _envelope: Envelope) -> None:
    time.sleep(0.03)


def sender_of(machine: Installation) -> int:
    assert machine.process is not None
    commands = {pid: command_of(pid) for pid in children_of(machine.process.pid)}
    return next(pid for pid, command in commands.items() if "_sender" in command)


def command_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def gave_up(api: httpx.Client, experiment: str) -> dict[str, Any] | None:
    seen: dict[str, Any] = api.get(f"/experiments/{experiment}/progress").json()
    return seen if seen["uncertain"] and not seen["sending"] else None


def settled(api: httpx.Client, experiment: str) -> dict[str, Any] | None:
    """Only what was cut off in a conversation may stay uncertain."""
    seen = finished(api, experiment)
    return seen if seen and seen["uncertain"] <= 6 and not seen["queued"] else None
