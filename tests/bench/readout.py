"""How pages of one experiment grow with its people: a table from 10,000 to 1,000,000.

    python -m tests.bench.readout [--most 1000000] [--kind sqlite]

Three hits of everybody. Aim: readout, sends, hits and the experiment under 50 ms in the server, at
most 1.5 times what they take for the smallest; checklist and plan within a second. What is told is
CPU, PostgreSQL's own processes among it: others on the machine change it little.
"""

import argparse
import asyncio
import os
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from app.experiments.models import Experiment
from app.main import Tracking, _pages_and_api
from app.ops.installation import House, open_house, prepare
from app.platform import clock, config, garbage
from tests.bench import estate
from tests.bench.estate import Size
from tests.bench.mailing import Mailing
from tests.bench.pages import database_of, key_of

_MOST_MS, _MOST_GROWTH, _MOST_CHECK_MS = 50, 1.5, 1_000
_TIMES = 9
_SMALLEST = 10_000
_OF_ONE = (
    "/experiments/{}",
    "/experiments/{}/readout",
    "/experiments/{}/progress",
    "/experiments/{}/sends",
    "/experiments/{}/hits",
    "/api/v1/experiments/{}/readout",
    "/api/v1/experiments/{}/progress",
    "/api/v1/experiments/{}/sends",
    "/api/v1/experiments/{}/hits",
)
_OF_A_DRAFT = (
    "/experiments/{}/checklist",
    "/experiments/{}/launch",
    "/api/v1/experiments/{}/plan",
)
Took = dict[str, dict[int, float]]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--most", type=int, default=1_000_000)
    parser.add_argument("--kind", choices=["sqlite", "postgresql"])
    chosen = parser.parse_args()
    sizes = [size for size in (_SMALLEST, 100_000, 1_000_000) if size <= chosen.most]
    for kind in [chosen.kind] if chosen.kind else ["sqlite", "postgresql"]:
        with TemporaryDirectory() as folder, database_of(kind, Path(folder)) as url:
            _say(kind, sizes, _measure(url, Path(folder), sizes))


def _measure(url: str, folder: Path, sizes: list[int]) -> Took:
    house = open_house(config.load(data_dir=folder / "data", database_url=url))
    prepare(house)
    estate.fill(house.database, replace(Size.of(3), people=sizes[-1]), now=clock.now())
    began = time.perf_counter()
    names = {size: _mailed(house, place, size, sizes[-1]) for place, size in enumerate(sizes)}
    estate.analyze(house.database)
    print(f"filled in {time.perf_counter() - began:.0f} s")
    garbage.look_seldom()
    took = asyncio.run(_ask_all(house, names))
    house.database.close()
    return took


def _mailed(house: House, place: int, size: int, people: int) -> str:
    """An experiment of so many people: mails left over a day, the last ones two days ago."""
    with house.database.write() as session:
        like = session.get_one(Experiment, estate.experiment_id(9 + place % 3)).model_dump()
        name, at = f"big{size:09}", clock.now() - timedelta(days=3)
        like |= {"id": name, "status": "running", "enrolled": size, "started_at": at}
        session.add(Experiment(**like))
        session.flush()
        arms = tuple(arm["key"] for arm in like["design"]["arms"])
        mailing = Mailing(name, arms, first=(1_000 + place) << 24, at=at, hours=24)
        mailing.add(session, size, of=people, hits=3)
        mailing.leave_out(session, size)
    return name


async def _ask_all(house: House, names: dict[int, str]) -> Took:
    application = _pages_and_api(house, Tracking(house))
    headers = key_of(house)
    transport = httpx.ASGITransport(app=application)
    took: Took = {}
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        for address in _OF_ONE:
            took[address] = {
                size: await _ask(client, address.format(name), headers)
                for size, name in names.items()
            }
        draft = estate.examples(Size.of(3))[-1]
        for address in _OF_A_DRAFT:
            took[address] = {max(names): await _ask(client, address.format(draft), headers)}
    return took


async def _ask(client: httpx.AsyncClient, address: str, headers: dict[str, str]) -> float:
    """The median, in milliseconds; the first one reads templates."""
    found = []
    for _ in range(_TIMES + 1):
        began = _cpu()
        answer = await client.get(address, headers=headers)
        found.append(1000 * (_cpu() - began))
        answer.raise_for_status()
    return statistics.median(found[1:])


def _cpu() -> float:
    """Seconds of this process and of PostgreSQL's that it started."""
    return time.process_time() + sum(map(_of_process, _children(os.getpid())))


def _children(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text(encoding="ascii").split():
            yield int(child)
            yield from _children(int(child))


def _of_process(pid: int) -> float:
    try:
        ran = Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]
    except OSError:  # it ended meanwhile
        return 0.0
    return int(ran) / 1e9


def _say(kind: str, sizes: list[int], took: Took) -> None:
    print(f"{kind:<40} {'  '.join(f'{size:>10,}' for size in sizes)}      growth")
    for address, by_size in took.items():
        is_of_one = len(by_size) > 1
        growth = by_size[max(by_size)] / by_size[min(by_size)]
        most = _MOST_MS if is_of_one else _MOST_CHECK_MS
        is_well = max(by_size.values()) < most and (growth <= _MOST_GROWTH or not is_of_one)
        cells = "  ".join(f"{by_size[s]:>7.1f} ms" if s in by_size else " " * 10 for s in sizes)
        said = f"{growth:6.2f}" if is_of_one else ""
        print(f"{' ' if is_well else '!'} {address:<38} {cells}    {said}")


if __name__ == "__main__":
    main()
