"""A town of customers, machines, authors and trouble; it notes what it did and what came back."""

import os
import random
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
from aiosmtpd.smtp import Envelope

from app.platform import clock
from tests.cast import DESIGN, csv_of, made
from tests.journeys.test_by_api import given_an_audience
from tests.serve import (
    BREAKS_OFF,
    BROWSER,
    Installation,
    Mailbox,
    children_of,
    click,
    links_in,
    wait_until,
)

EVENT = "order"
_BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
_FOR_NOW = ("450 4.2.1 try later", "452 4.2.2 full")
_AT_LAST = (None, None, None, None, None, "550 5.1.1 nobody", "554 5.7.1 no", BREAKS_OFF)


@dataclass
class Town:
    """Does one thing after the other to a running installation."""

    service: Installation
    mailbox: Mailbox
    rng: random.Random
    people: int
    experiments: dict[str, str] = field(default_factory=dict)  # subject by id
    audience: str = ""
    answered: Counter[str] = field(default_factory=Counter)  # requests by link that got an answer
    unsure: Counter[str] = field(default_factory=Counter)  # those that broke off
    told: dict[str, dict[str, Any]] = field(default_factory=dict)  # conversions that were taken
    tries: Counter[str] = field(default_factory=Counter)
    ahead: timedelta = timedelta()

    def begin(self, api: httpx.Client) -> None:
        """Mail two experiments to the same people: one counts clicks, one conversions."""
        self.mailbox.rule = self._reply
        self.audience = given_an_audience(api, people=self.people)
        for subject, changes in (
            ("Clicks", {}),
            ("Orders", {"metric": {"kind": "conversion_rate", "event": EVENT}}),
        ):
            arm = DESIGN["arms"][0] | {"subject": subject}
            draft = DESIGN | {"audience_id": self.audience, "name": subject, "arms": [arm]}
            made_one = made(api.post("/experiments", json=draft | changes))["id"]
            self.experiments[made_one] = subject
            assert api.post(f"/experiments/{made_one}/launch", json={}).status_code < 300

    def step(self, api: httpx.Client) -> str:
        """One thing that happens; its name."""
        doing = self.rng.choice(
            [self.visit] * 5
            + [self.tell] * 3
            + [self.pause, self.resume, self.decide, self.import_again, self.unsubscribe]
        )
        with suppress(httpx.TransportError):  # whoever would have answered was killed
            doing(api)
        return doing.__name__

    def trouble(self) -> str:
        """Processes die, the clock jumps, everything is judged again."""
        doing = self.rng.choice([self.kill_one, self.kill_all, self.jump, self.judge_again])
        doing()
        return doing.__name__

    def visit(self, _api: httpx.Client) -> None:
        """Somebody clicks, once or like a flood; or a machine does."""
        mails = self.mailbox.mails()
        if not mails:
            return
        links = links_in(self.rng.choice(mails)[1])
        if not links:
            return
        link = self.rng.choice(links)
        for _ in range(self.rng.choice([1, 1, 1, 2, 30])):
            try:
                answer = click(link, agent=self.rng.choice([BROWSER, BROWSER, _BOT]))
            except httpx.HTTPError:
                self.unsure[link] += 1
                continue
            if answer.status_code == httpx.codes.FOUND:
                self.answered[link] += 1
            else:
                self.unsure[link] += 1

    def tell(self, api: httpx.Client) -> None:
        """A conversion, four times at once under one id; now and then an old one again."""
        number = len(self.told) if self.rng.random() < 0.8 else self.rng.randrange(60)
        body = self.told.get(f"c{number}") or {
            "id": f"c{number}",
            "event": EVENT,
            "email": f"p{self.rng.randint(1, self.people)}@bakery.example",
            "value": float(self.rng.randint(1, 9)),
        }
        self.told[body["id"]] = body
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: _until_taken(api, body), range(4)))

    def pause(self, api: httpx.Client) -> None:
        api.post(f"/experiments/{self._any()}/pause")

    def resume(self, api: httpx.Client) -> None:
        api.post(f"/experiments/{self._any()}/resume")

    def decide(self, api: httpx.Client) -> None:
        if self.rng.random() < 0.1:
            said = {"decision": "stop", "learning": "Enough."}
            api.post(f"/experiments/{self._any()}/decision", json=said)

    def import_again(self, api: httpx.Client) -> None:
        path = f"/audiences/{self.audience}/imports"
        api.post(path, content=csv_of(self.people), headers={"Content-Type": "text/csv"})

    def unsubscribe(self, _api: httpx.Client) -> None:
        mails = self.mailbox.mails()
        if mails and self.rng.random() < 0.3:
            way_out = self.rng.choice(mails)[1]["List-Unsubscribe"].strip("<>")
            httpx.post(way_out, data={"List-Unsubscribe": "One-Click"}, timeout=30)

    def kill_one(self) -> None:
        """`kill -9` of one process; the supervisor starts it again, or all of it is started."""
        assert self.service.process is not None
        with suppress(ProcessLookupError):
            os.kill(self.rng.choice(children_of(self.service.process.pid)), signal.SIGKILL)

    def kill_all(self) -> None:
        self.service.kill()
        self._start()

    def jump(self) -> None:
        """The clock goes some hours on, or one back."""
        self.service.stop()
        self.ahead += timedelta(hours=self.rng.choice([1, 3, 7, -1]))
        self._start()

    def judge_again(self) -> None:
        done = self.service.command("reclassify")
        assert done.returncode == 0, done.stderr

    def settle(self, api: httpx.Client) -> None:
        """From now on every mail is taken; whoever was put off has waited long enough."""
        self.mailbox.rule = lambda _address, _envelope: None
        for experiment in self.experiments:
            api.post(f"/experiments/{experiment}/resume")
        self.service.stop()
        self.ahead += timedelta(hours=30)
        self._start()

    def _start(self) -> None:
        self.service.at = clock.now() + self.ahead
        self.service.start()

    def _any(self) -> str:
        return self.rng.choice(sorted(self.experiments))

    def _reply(self, address: str, envelope: Envelope) -> str | None:
        assert isinstance(envelope.content, bytes)
        key = f"{address} {'Orders' if b'Subject: Orders' in envelope.content else 'Clicks'}"
        mine = random.Random(key)
        self.tries[key] += 1
        if self.tries[key] <= mine.choice([0, 0, 0, 1, 2]):
            return mine.choice(_FOR_NOW)
        return mine.choice(_AT_LAST)


def _until_taken(api: httpx.Client, body: dict[str, Any]) -> bool:
    """Tell a conversion as a careful system does: again until it is taken."""

    def taken() -> bool:
        try:
            return api.post("/conversions", json=body).status_code in {200, 201}
        except httpx.TransportError:
            return False

    return wait_until(taken, seconds=60, what=f"an answer about {body['id']}")
