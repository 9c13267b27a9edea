"""How fast hits become rows, outcomes and counters, beside a bare INSERT of the same rows.

`python -m tests.bench.ingest [--people 20000] [--hits 60000] [--kind wide|hot]`. `wide`: each hit
on a link of its own, two a mail; `hot`: all of them on one link. Both databases, one process; the
limit is the driver's `executemany` into a table with the same columns and indexes, in the same run.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import text, update
from sqlmodel import col, func, select

from app.delivery import planning
from app.delivery.facts import DeliveryFacts
from app.delivery.models import Send
from app.links.token import TrackedLink
from app.platform import clock, garbage, migrate
from app.platform.config import Durability, Privacy
from app.platform.db import Database
from app.platform.journal import Journal
from app.tally.models import Outcome
from app.tracking import hit_line, ingest
from app.tracking.callers import Caller
from app.tracking.hit_line import HitKind
from app.tracking.models import Hit, HitCount
from app.tracking.ranges import AddressClass
from tests import outcomes, postgres
from tests.bench.bench_import import _Folders
from tests.delivery import scenes

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
HEADERS = {b"user-agent": BROWSER.encode(), b"accept-language": b"en"}
COLUMNS = (
    "segment_id, segment_offset, send_id, experiment_id, arm, kind, link, at, method, user_agent,"
    " flags, address_class, address_key, verdict, rule, rule_version, reason, via_proxy, count"
)


@dataclass(slots=True)
class Figures:
    """Of one measured stretch of work."""

    hits: int = 0
    seconds: float = 0.0
    cpu: float = 0.0

    def __str__(self) -> str:
        speed, cpu = self.hits / self.seconds, 1e6 * self.cpu / self.hits
        return f"{speed:>9,.0f} hits/s, {cpu:.0f} µs of CPU a hit"


@contextmanager
def timed(hits: int) -> Iterator[Figures]:
    """Time and CPU of this process."""
    found = Figures(hits)
    began, cpu = time.perf_counter(), time.process_time()
    yield found
    found.seconds, found.cpu = time.perf_counter() - began, time.process_time() - cpu


def sent(database: Database, people: int) -> list[int]:
    """An experiment whose mails were all taken; the ids of its sends."""
    now = clock.now()
    with database.write() as session:
        experiment_id = scenes.enrolled(session, people=people).id
    planning.plan(database, experiment_id, now=now)
    with database.write() as session:
        told = {"state": "sent", "released_at": now, "accepted_at": now, "settled_at": now}
        session.execute(update(Send).values(**told))
        sends = session.exec(select(Send).order_by(col(Send.id))).all()
        for start in range(0, len(sends), 5_000):
            outcomes.keep(session, [_released(one, now) for one in sends[start : start + 5_000]])
    return [one.id for one in sends]


def _released(send: Send, now: datetime) -> Outcome:
    return Outcome(
        send_id=send.id,
        experiment_id=send.experiment_id,
        arm=send.arm,
        released_at=now,
        closes_at=now + timedelta(hours=72),
        sent=True,
    )


def clicked(folder: Path, sends: list[int], hits: int, *, is_hot: bool) -> None:
    """A backlog, as web processes leave it: a minute of clicks."""
    journal = Journal.open(folder, durability=Durability.PROCESS, limit=10**10)
    began = clock.micros() + 60_000_000
    for number in range(hits):
        place = 0 if is_hot else number % len(sends)
        journal.keep(
            hit_line.write(
                HitKind.CLICK,
                TrackedLink(1, sends[place], 0 if is_hot else number // len(sends)),
                method="GET",
                told=hit_line.told_by(HEADERS),
                caller=Caller(AddressClass.RESIDENTIAL, f"{place:08x}"),
                micros=began + 60_000_000 * number // hits,
            )
        )
    journal.close()


def bare(database: Database, hits: int) -> Figures:
    """The limit: the same rows again, by the driver, into a table of the same shape."""
    numbered = "?" if database.is_sqlite else "%s"
    marks = ", ".join(numbered for _ in COLUMNS.split(", "))
    with database.write() as session:
        kept = session.execute(text(f"SELECT {COLUMNS} FROM hit LIMIT 1")).one()
        rows = [(f"b{number}", number, *kept[2:]) for number in range(hits)]
        if not database.is_sqlite:
            flags = COLUMNS.split(", ").index("flags")
            rows = [(*row[:flags], '{"signs": "l"}', *row[flags + 1 :]) for row in rows]
        driver = session.connection().connection.cursor()
        with timed(hits) as found:
            driver.executemany(f"INSERT INTO hit ({COLUMNS}) VALUES ({marks})", rows)
        session.execute(text("DELETE FROM hit WHERE segment_id LIKE 'b%'"))
    return found


def measure(name: str, database: Database, folder: Path, arguments: argparse.Namespace) -> None:
    """One database."""
    migrate.to_head(database)
    facts = DeliveryFacts(Privacy.STANDARD)
    sends = sent(database, arguments.people)
    for kind in arguments.kind or ("wide", "hot"):
        spool = folder / f"{name} {kind}"
        clicked(spool, sends, arguments.hits, is_hot=kind == "hot")
        before = counted(database)
        garbage.look_seldom()  # as the ingester does
        with timed(arguments.hits) as ours:
            ingest.ingest_once(database, spool, facts, now=clock.now() + timedelta(minutes=5))
        if counted(database) - before != arguments.hits:
            raise SystemExit(f"{counted(database) - before} of {arguments.hits} hits are there")
        limit = bare(database, arguments.hits)
        print(f"{name:<11} {kind:<5} ingest {ours}")
        print(f"{'':<17} limit  {limit}; ratio {limit.seconds / ours.seconds:.2f}")
    database.close()


def counted(database: Database) -> int:
    """All hits that are there, one way or the other."""
    with database.read() as session:
        kept = session.exec(select(func.coalesce(func.sum(Hit.count), 0))).one()
        return kept + session.exec(select(func.coalesce(func.sum(HitCount.count), 0))).one()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--hits", type=int, default=60_000)
    parser.add_argument("--kind", action="append", choices=("wide", "hot"))
    parser.add_argument("--database", choices=("sqlite", "postgresql"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if arguments.database != "postgresql":
            measure("SQLite", Database(f"sqlite:///{folder / 'b.db'}"), folder, arguments)
        if arguments.database != "sqlite":
            with postgres.server(_Folders(folder)) as server, server.fresh() as url:  # type: ignore[arg-type]  # not pytest's
                driver = url.replace("postgresql://", "postgresql+psycopg://")
                measure("PostgreSQL", Database(driver), folder, arguments)


if __name__ == "__main__":
    main()
