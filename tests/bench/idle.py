"""What an installation costs while nobody does anything: CPU of `serve` and all its processes.

    python -m tests.bench.idle [--seconds 30] [--kind sqlite]

Once empty, once with 1,000 experiments that are finished. Aim: half a percent of a core.
PostgreSQL's own processes are not in it. Processor time grows where others use the same caches; how
often the processes wake does not.
"""

import argparse
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from app.ops.installation import open_house, prepare
from app.platform import clock, config
from tests.bench import estate
from tests.bench.estate import Size
from tests.bench.pages import database_of
from tests.ports import free_port
from tests.serve import wait_until

_WARM_SECONDS = 10  # after the first answer, until everything was looked at once
_MOST = 0.005  # of a core
_FINISHED = Size(
    people=1_000, decided=1_000, running=0, measuring=0, drafts=0, cancelled=0, weeks=13
)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--kind", choices=["sqlite", "postgresql"])
    chosen = parser.parse_args()
    for kind in [chosen.kind] if chosen.kind else ["sqlite", "postgresql"]:
        for size in (None, replace(_FINISHED, sends=20)):
            with TemporaryDirectory() as folder, database_of(kind, Path(folder)) as url:
                share, wakes = _measure(url, Path(folder), size, chosen.seconds)
            what = f"{size.decided:,} finished experiments" if size else "empty"
            mark = " " if share < _MOST else "!"
            told = f"{100 * share:.2f} % of a core, {wakes:.0f} wakes a second"
            print(f"{mark} {kind:<10} {what:<28} {told}")


def _measure(url: str, folder: Path, size: Size | None, seconds: int) -> tuple[float, float]:
    house = open_house(config.load(data_dir=folder / "data", database_url=url))
    prepare(house)
    if size:
        estate.fill(house.database, size, now=clock.now())
    house.database.close()
    port = free_port()
    served = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "serve", "--port", str(port)],
        env=os.environ
        | {"THINSLICE_DATA_DIR": str(folder / "data"), "THINSLICE_DATABASE_URL": url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: _answers(port), what="an answer")
        time.sleep(_WARM_SECONDS)
        before = cost(served.pid)
        time.sleep(seconds)
        after = cost(served.pid)
        return (after[0] - before[0]) / seconds, (after[1] - before[1]) / seconds
    finally:
        served.terminate()
        served.wait(30)


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health").is_success
    except httpx.TransportError:
        return False


def cost(pid: int) -> tuple[float, int]:
    """Processor seconds of a process and of those that it started, and how often they woke."""
    nanoseconds = wakes = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        nanoseconds += int((task / "schedstat").read_text(encoding="ascii").split()[0])
        told = (task / "status").read_text(encoding="utf-8")
        wakes += int(told.partition("\nvoluntary_ctxt_switches:")[2].split()[0])
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    costs = [cost(int(child)) for child in children]
    return (
        nanoseconds / 1e9 + sum(seconds for seconds, _ in costs),
        wakes + sum(number for _, number in costs),
    )


if __name__ == "__main__":
    main()
