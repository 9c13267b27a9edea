"""How long a backup and its restore take, and how large it is: `python -m tests.bench.backing_up`.

For 100,000 people with 1,000 experiments on SQLite, restored on both databases, and backed up again
from PostgreSQL. `--people N` for fewer. A writer commits all the while; its slowest commit is told.
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from app.experiments.models import Feature
from app.ops import backing_up, restoring
from app.ops.backup_contents import Contents
from app.ops.installation import House, open_house, prepare
from app.platform import clock, config
from tests import postgres
from tests.bench import estate
from tests.bench.estate import Size


def main() -> None:
    """Print a line for each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=100_000)
    people = parser.parse_args().people
    with tempfile.TemporaryDirectory() as kept, tempfile.TemporaryDirectory() as served:
        folder, server = Path(kept), Path(served)
        with postgres._started(server) as running:
            house = open_house(config.load(data_dir=folder / "data"))
            prepare(house)
            estate.fill(house.database, replace(Size(), people=people), now=clock.now())
            _backed_up(house, folder / "sqlite.tar")
            _restored(folder / "sqlite.tar", folder / "one", "")
            other = _restored(folder / "sqlite.tar", folder / "two", running.empty())
            _backed_up(other, folder / "postgresql.tar")


def _backed_up(house: House, file: Path) -> None:
    over, slowest = threading.Event(), [0.0]
    writer = threading.Thread(target=_write, args=(house, over, slowest))
    writer.start()
    seconds = _timed(lambda: backing_up.write_to(file, house))
    over.set()
    writer.join()
    size = file.stat().st_size / 1e6
    rows = Contents(file).rows
    print(
        f"backup from {house.database.engine.dialect.name}: {seconds:.1f} s, {rows:,} rows,"
        f" {size:.1f} MB; slowest commit meanwhile {1000 * slowest[0]:.0f} ms"
    )


def _write(house: House, over: threading.Event, slowest: list[float]) -> None:
    while not over.is_set():
        began = time.monotonic()
        with house.database.write() as session:
            session.add(Feature(title="Waste", created_at=clock.now()))
        slowest[0] = max(slowest[0], time.monotonic() - began)
        time.sleep(0.01)


def _restored(file: Path, folder: Path, url: str) -> House:
    settings = config.load(data_dir=folder, database_url=url)
    checked = _timed(lambda: Contents(file))
    seconds = _timed(lambda: restoring.restore(settings, Contents(file)))
    house = open_house(settings)
    name = house.database.engine.dialect.name
    print(f"restore into {name}: {seconds:.1f} s, of which looking at every byte {checked:.1f} s")
    return house


def _timed(do: Callable[[], object]) -> float:
    began = time.monotonic()
    do()
    return time.monotonic() - began


if __name__ == "__main__":
    main()
