"""Every page and list on an installation of size: queries, and milliseconds in the server.

    python -m tests.bench.pages [--scale 1.0] [--only /experiments] [--kind sqlite]

1,000 experiments, 60 key results of 157 weeks, 100,000 people. Aim: at most 12 queries, and under
100 ms (p95). Garbage is kept from being looked through as in a served process. Beside the time
from asking to the answer stands what the processor worked on it in this process: a machine that is
busy with something else makes the first long, and the second hardly.
"""

import argparse
import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from fastapi import FastAPI

from app.identity import sessions, tokens
from app.identity.models import User
from app.main import Tracking, _pages_and_api
from app.ops.installation import House, open_house, prepare
from app.platform import clock, config, garbage
from tests import postgres
from tests.bench import estate
from tests.bench.bench_import import _Folders
from tests.bench.estate import Size
from tests.identity.scenes import hashed_password
from tests.routes import Counting, addresses, counting

_MOST_QUERIES, _MOST_MS = 12, 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is measured: on how much, at which addresses, how often each."""

    size: Size
    only: str
    times: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What one address took: milliseconds until its answer, and of the processor."""

    address: str
    status: int
    queries: int
    p50: float
    p95: float
    cpu_p50: float
    cpu_p95: float

    @property
    def is_well(self) -> bool:
        """Within the aim."""
        return self.queries <= _MOST_QUERIES and self.p95 < _MOST_MS


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--only", default="")
    parser.add_argument("--kind", choices=["sqlite", "postgresql"])
    parser.add_argument("--times", type=int, default=9)
    chosen = parser.parse_args()
    size = _scaled(chosen.scale)
    for kind in [chosen.kind] if chosen.kind else ["sqlite", "postgresql"]:
        with TemporaryDirectory() as folder, database_of(kind, Path(folder)) as url:
            _report(kind, url, Path(folder), Wanted(size, chosen.only, chosen.times))


def _scaled(scale: float) -> Size:
    whole = Size()
    return replace(whole, people=int(whole.people * scale), decided=int(whole.decided * scale))


@contextmanager
def database_of(kind: str, folder: Path) -> Iterator[str]:
    """The address of an empty database of this kind."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'bench.db'}"
        return
    with postgres.server(_Folders(folder)) as server, server.fresh() as url:  # type: ignore[arg-type]  # not pytest's
        yield url


def _report(kind: str, url: str, folder: Path, wanted: Wanted) -> None:
    size = wanted.size
    settings = config.load(data_dir=folder / "data", database_url=url)
    house = open_house(settings)
    prepare(house)
    began = time.perf_counter()
    estate.fill(house.database, size, now=clock.now())
    print(f"{kind}: {len(size.statuses):,} experiments, {size.people:,} people")
    print(f"  filled in {time.perf_counter() - began:.0f} s")
    application = _pages_and_api(house, Tracking(house))
    garbage.look_briefly()
    seen = asyncio.run(_ask_all(application, house, wanted))
    for one in sorted(seen, key=lambda one: -one.p95):
        mark = " " if one.is_well else "!"
        print(
            f" {mark} {one.p50:7.1f} {one.p95:7.1f} ms"
            f" {one.cpu_p50:7.1f} {one.cpu_p95:7.1f} ms CPU {one.queries:5} queries"
            f" {one.status} {one.address}"
        )
    house.database.close()


async def _ask_all(application: FastAPI, house: House, wanted: Wanted) -> list[Seen]:
    headers = key_of(house)
    transport = httpx.ASGITransport(app=application, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        with counting(house.database.engine) as counted:
            return [
                await _ask(client, address, headers, counted, wanted.times)
                for address in addresses(application, estate.examples(wanted.size))
                if wanted.only in address
            ]


def key_of(house: House) -> dict[str, str]:
    """What an admin's browser and a system send along."""
    now = clock.now()
    with house.database.write() as session:
        user = User(
            email="a@b.example", role="admin", password_hash=hashed_password(), created_at=now
        )
        session.add(user)
        session.flush()
        cookie = sessions.begin(session, user, now=now).secret
        token = tokens.add(session, name="x", role="admin", by="x", now=now).secret
    return {"Cookie": f"thinslice={cookie}", "Authorization": f"Bearer {token}"}


async def _ask(
    client: httpx.AsyncClient,
    address: str,
    headers: dict[str, str],
    counted: Counting,
    times: int,
) -> Seen:
    took: list[float] = []
    worked: list[float] = []
    queries = 0
    for _ in range(times + 1):  # the first one reads templates
        counted.clear()
        began, work_began = time.perf_counter(), time.process_time()
        answer = await client.get(address, headers=headers)
        worked.append(1000 * (time.process_time() - work_began))
        took.append(1000 * (time.perf_counter() - began))
        queries = len(counted)
        if took[-1] > 3_000:
            break
    return Seen(
        address, answer.status_code, queries, *_middle_and_end(took), *_middle_and_end(worked)
    )


def _middle_and_end(took: list[float]) -> tuple[float, float]:
    """p50 and p95, without the first."""
    found = sorted(took[1:] or took)
    return found[len(found) // 2], found[int(0.95 * len(found))]


if __name__ == "__main__":
    main()
