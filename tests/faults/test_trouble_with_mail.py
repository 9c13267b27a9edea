"""A mail server that is down, slow, refuses, or breaks off: everybody certain gets one mail."""

import itertools
import random
import time
from collections import Counter, defaultdict
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from aiosmtpd.smtp import Envelope

from tests.faults import scenes
from tests.faults.scenes import received
from tests.journeys.test_by_api import finished, given_an_audience
from tests.moments import NOW
from tests.serve import BREAKS_OFF, Installation, Mailbox, smtp_server, wait_until

_PEOPLE = 60


def launched(api: httpx.Client, people: int = _PEOPLE) -> str:
    return scenes.launched(api, given_an_audience(api, people=people))


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
    service: Installation, mailbox: Mailbox, full: bool
):
    people, every = (2_000, 2) if full else (_PEOPLE, 20)
    lost = {f"p{number}@bakery.example" for number in range(every, people + 1, every)}

    mailbox.rule = lambda address, _: BREAKS_OFF if address in lost else None
    with service.api("editor") as api:
        experiment = launched(api, people)
        progress = wait_until(partial(finished, api, experiment), seconds=300, what="the sending")
        uncertain = listed(api, experiment, "uncertain")
    print(f"F9: {len(lost)} of {people} lost after DATA: {progress['uncertain']} uncertain")

    assert (progress["sent"], progress["uncertain"]) == (people - len(lost), len(lost))
    assert {one["email"] for one in uncertain} == lost
    assert set(received(mailbox).values()) == {1}


def listed(api: httpx.Client, experiment: str, state: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get(
        f"/experiments/{experiment}/sends", params={"state": state, "limit": 1000}
    ).json()["items"]
    return found


class PutsOff:
    """Says "later" to most: to each as often, and in such words, as its address decides."""

    WORDS = ("450 4.2.1 greylisted", "452 4.2.2 mailbox full", "451 4.3.0 later")
    FEW = ("p5@", "p25@", "p45@")  # for whom it says that it goes down: then everybody rests

    def __init__(self) -> None:
        self.said: dict[str, list[tuple[float, str]]] = defaultdict(list)

    def __call__(self, address: str, _envelope: Envelope) -> str | None:
        mine = random.Random(address)
        times, word = mine.choice([0, 1, 2, 3]), mine.choice(self.WORDS)
        if address.startswith(self.FEW):
            times, word = 1, "421 4.3.2 going down"
        word = word if len(self.said[address]) < times else ""
        self.said[address].append((time.monotonic(), word))
        return word or None


def test_a_server_that_says_later_in_any_mix_takes_everybody_in_the_end(
    service: Installation, mailbox: Mailbox, full: bool
):
    people = 2_000 if full else _PEOPLE
    later = mailbox.rule = PutsOff()
    with service.api("editor") as api:
        experiment = launched(api, people)
        wait_until(lambda: len(later.said) == people, seconds=300, what="a word to each")
        wait_until(lambda: has_settled(api, experiment, later), seconds=300, what="a first round")
    rounds = 1
    for hours in (1, 3, 8, 16, 30):
        service.stop()
        service.at = NOW + timedelta(hours=hours)
        service.start()
        with service.api("editor") as api:
            wait_until(lambda: has_settled(api, experiment, later), seconds=300, what="a round")
            progress: dict[str, Any] = api.get(f"/experiments/{experiment}/progress").json()
        rounds += 1
    said = Counter(word[:3] or "250" for tries in later.said.values() for _, word in tries)
    left = {name: progress[name] for name in ("sent", "failed", "uncertain", "queued")}
    print(f"F8: {people} people, {dict(said)} in {rounds} rounds: {left}")

    assert left == {"sent": people, "failed": 0, "uncertain": 0, "queued": 0}
    assert set(received(mailbox).values()) == {1}
    assert too_soon(later) == []


def has_settled(api: httpx.Client, experiment: str, later: PutsOff) -> bool:
    """Nobody is under way, and nobody was spoken of for some seconds."""
    seen = api.get(f"/experiments/{experiment}/progress").json()
    last = max((tries[-1][0] for tries in list(later.said.values())), default=time.monotonic())
    return not seen["sending"] and time.monotonic() - last > _QUIET_SECONDS


_QUIET_SECONDS = 12.0  # longer than two rests of a server that is away


def too_soon(later: PutsOff) -> list[str]:
    """Whoever was put off by themselves, and was tried again within a round."""
    return [
        address
        for address, tries in later.said.items()
        for (at, word), (after, _) in itertools.pairwise(tries)
        if word[:3] in {"450", "452"} and after - at < _QUIET_SECONDS
    ]


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
