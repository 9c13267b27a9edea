"""Hours of everything at once: whether memory, open files or the log grow, and every total stays.

`python -m tests.bench.soak [--minutes 60] [--people 4000] [--customers 4]`. Two machines answer and
two send, on one PostgreSQL. Customers click, open, order and leave; an experiment goes out for most
of the time; somebody checks in a number and reads pages (all slower in step with fewer customers,
for a machine that others use). What a process holds at the end is judged against what it held after
a fifth of the time; every number is printed beside its limit, and one above it fails.
"""

import argparse
import random
import re
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx

from app.platform import clock
from tests import postgres
from tests.bench.bench_import import _Folders
from tests.faults import balance
from tests.faults.balance import Said
from tests.faults.customers import Customers
from tests.faults.fleet import Fleet, web_and_workers
from tests.faults.scenes import logged_in
from tests.faults.test_machines_killed import launched
from tests.faults.town import Run
from tests.journeys.test_by_api import finished, given_a_key_result, given_an_audience
from tests.serve import Mailbox, family_of, most_megabytes, smtp_server, wait_until

_CUSTOMERS = 4
_SETTLED_SHARE = 0.2  # of the time: until then caches fill
_LOOK_SECONDS = 5.0
_MOST_MORE_MEMORY = 0.10  # at the end, beside what was held when it had settled
_MOST_MORE_FILES = 8  # of one process: connections of a pool come and go
_PAGES = ("/", "/experiments", "/learnings", "/features/board", "/put-off", "/data-folders")
_FAILURE = re.compile(r"\b(ERROR|CRITICAL|Traceback)\b")


@dataclass(frozen=True)
class Held:
    """What one process holds: MB of its own, and open files."""

    megabytes: float
    files: int


def held_by(machines: Fleet) -> dict[str, Held]:
    """By machine and what the process does."""
    found = {}
    for machine in machines.all:
        process = machine.at.process
        assert process is not None
        for does, pid in family_of(process.pid):
            try:
                found[f"{machine.name} {does}"] = _of_process(pid)
            except (FileNotFoundError, ProcessLookupError):
                continue  # a child that rendered something, and ended meanwhile
    return found


def _of_process(pid: int) -> Held:
    told = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
    own = sum(int(one) for one in re.findall(r"^Private_\w+: +(\d+) kB", told, re.MULTILINE))
    return Held(own / 1024, len(list(Path(f"/proc/{pid}/fd").iterdir())))


@dataclass
class Soak:
    """A fleet at work, and for how long."""

    machines: Fleet
    seconds: float
    at_once: int = _CUSTOMERS
    checked_in: int = 0
    read: int = 0

    def live(self, run: Run, customers: Customers, key_result: str) -> list[dict[str, Held]]:
        """Customers, an owner and a reader, until the time is over; what was held on the way."""
        over = threading.Event()
        with (
            _readers(self.machines) as readers,
            ThreadPoolExecutor(2) as pool,
            customers.at_work(self.at_once, seed=1),
        ):
            working = [
                pool.submit(self._check_in, over, key_result),
                pool.submit(self._look, over, readers),
            ]
            try:
                seen = list(self._seen())
            finally:
                over.set()
            for one in working:
                one.result()
            with self.machines.web[0].at.api("editor") as api:
                wait_until(partial(finished, api, run.id), seconds=600, what="the sending")
        return seen

    def _seen(self) -> Iterator[dict[str, Held]]:
        until = time.monotonic() + self.seconds
        while time.monotonic() < until:
            yield held_by(self.machines)
            time.sleep(_LOOK_SECONDS)

    def _check_in(self, over: threading.Event, key_result: str) -> None:
        """The number of today, again and again."""
        rng, today = random.Random(2), clock.now().date()
        while not over.wait(0.5 * _CUSTOMERS / self.at_once):
            with rng.choice(self.machines.web).at.api("editor") as api:
                put = {"value": rng.randrange(1_200, 1_800), "comment": "As it stands."}
                answer = api.put(f"/key-results/{key_result}/values/{today}", json=put)
                answer.raise_for_status()
                self.checked_in += 1

    def _look(self, over: threading.Event, readers: list[httpx.Client]) -> None:
        rng = random.Random(3)
        while not over.wait(0.2 * _CUSTOMERS / self.at_once):
            answer = rng.choice(readers).get(rng.choice(_PAGES))
            answer.raise_for_status()
            self.read += 1


@contextmanager
def _readers(machines: Fleet) -> Iterator[list[httpx.Client]]:
    """Somebody who is logged in, at each machine."""
    with logged_in(machines.web[0].at) as first, logged_in(machines.web[1].at) as second:
        yield [first, second]


@dataclass(frozen=True)
class Measured:
    """A number beside its limit."""

    name: str
    value: float
    limit: float

    @property
    def holds(self) -> bool:
        return self.value <= self.limit

    def __str__(self) -> str:
        mark = "ok" if self.holds else "TOO MUCH"
        return f"{self.name:<44} {self.value:10.2f}  at most {self.limit:8.2f}  {mark}"


def grown(seen: list[dict[str, Held]]) -> Iterator[Measured]:
    """Of each process, how much more it holds at the end than when it had settled."""
    settled, last = (
        {name: held for name, held in one.items() if not name.endswith(" child")}
        for one in (seen[int(len(seen) * _SETTLED_SHARE)], seen[-1])
    )
    yield Measured("processes that came or went", len(settled.keys() ^ last.keys()), 0)
    for name in sorted(settled.keys() & last.keys()):
        before, after = settled[name], last[name]
        share = after.megabytes / before.megabytes - 1
        yield Measured(f"{name}: more memory ({after.megabytes:.0f} MB)", share, _MOST_MORE_MEMORY)
        files = after.files - before.files
        yield Measured(f"{name}: more files ({after.files})", files, _MOST_MORE_FILES)


def totals(said: Said, customers: Customers, mailbox: Mailbox, people: int) -> None:
    """Every total is the ledger's; raises AssertionError where one is not."""
    balance.mails_agree(said, mailbox, people)
    balance.hits_agree(said, customers.ledger)
    balance.orders_agree(said, customers.ledger)
    balance.leaving_agrees(said, customers.ledger)
    balance.readout_agrees(said)
    assert customers.ledger.refused == [], customers.ledger.refused[:5]


def soaked(
    machines: Fleet, mailbox: Mailbox, *, minutes: float, people: int, customers_at_once: int
) -> list[Measured]:
    """Live through it, and what was measured."""
    with machines.web[0].at.api("editor") as api:
        key_result = given_a_key_result(api)
        audience = given_an_audience(api, people=people)
        per_minute = max(60, round(people / max(minutes * 0.8, 0.5)))
        run = launched(api, audience, rate_per_minute=per_minute)
    customers = Customers(mailbox, machines.addresses, machines.web[0].at.token("editor"))
    soak = Soak(machines, 60 * minutes, customers_at_once)
    seen = soak.live(run, customers, key_result)
    for machine in machines.web:
        with machine.at.api("editor") as api:
            wait_until(partial(balance.is_read, api, run.id, customers.ledger), what="all clicks")
            totals(Said.by(api, run.id), customers, mailbox, people)
    print(f"{len(mailbox.taken)} mails, {soak.checked_in} check-ins, {soak.read} pages")
    print(f"{customers.ledger}; every total equal")
    for machine in machines.all:
        assert machine.at.process is not None
        held = most_megabytes(machine.at.process.pid)
        told = ", ".join(f"{does} {megabytes} MB" for does, megabytes in sorted(held.items()))
        print(f"{machine.name}: at most {told}; {held.total()} MB in all")
    failures = sum(len(_FAILURE.findall(one.at.log)) for one in machines.all)
    return [*grown(seen), Measured("failures in the logs", failures, 0)]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--people", type=int, default=4_000)
    parser.add_argument("--customers", type=int, default=_CUSTOMERS)
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as name,
        postgres.server(_Folders(Path(name))) as server,  # type: ignore[arg-type]  # not pytest's
        smtp_server() as (mailbox, mail),
        web_and_workers(Path(name), server.empty(), mail=mail) as machines,
    ):
        found = soaked(
            machines,
            mailbox,
            minutes=chosen.minutes,
            people=chosen.people,
            customers_at_once=chosen.customers,
        )
    for one in found:
        print(one)
    return int(not all(one.holds for one in found))


if __name__ == "__main__":
    raise SystemExit(main())
