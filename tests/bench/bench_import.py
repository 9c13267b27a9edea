"""Import of a large file: lines a second on both databases, and whether memory stays flat.

    python -m tests.bench.bench_import [--lines 1000000]

The limit is what Python's own `csv` module does with the same file in the same run, doing
nothing with what it reads. Each part runs in a process of its own, so that peak memory is its own.
The file is imported twice: new people first, then nothing new.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.audience import imports, store
from app.audience.models import Import
from app.platform import migrate
from app.platform.db import Database
from tests import postgres
from tests.bench.memory import peak_megabytes
from tests.cast import MARKS

_NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
_PIECE = 1 << 20
Figures = dict[str, float]


@dataclass(slots=True)
class Timed:
    """Seconds by the clock, and of this process's CPU (a database server's are not in it)."""

    seconds: float = 0.0
    cpu: float = 0.0


class _Folders:
    """What tests.postgres asks pytest for: new folders."""

    def __init__(self, base: Path) -> None:
        self.base = base

    def mktemp(self, name: str) -> Path:
        return Path(tempfile.mkdtemp(prefix=name, dir=self.base))

    def getbasetemp(self) -> Path:
        return self.base / "base"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--part", choices=["csv", "import"])
    parser.add_argument("--file", type=Path)
    parser.add_argument("--url")
    chosen = parser.parse_args()
    if chosen.part:
        print(json.dumps(_measure(chosen.part, chosen.file, chosen.url)))
        return
    with tempfile.TemporaryDirectory() as name:
        _compare(chosen.lines, Path(name))


def _compare(lines: int, folder: Path) -> None:
    small, large = _file(folder / "small", lines // 10), _file(folder / "large", lines)
    limit = _part("csv", large)
    print(f"{lines:,} lines; csv module alone {lines / limit['seconds']:,.0f} lines/s")
    files = [
        (small, f"sqlite:///{folder / 'small.db'}"),
        (large, f"sqlite:///{folder / 'large.db'}"),
    ]
    _say("SQLite", lines, limit, [_part("import", *of) for of in files])
    with postgres.server(_Folders(folder)) as server:  # type: ignore[arg-type]  # not pytest's
        found = []
        for file in (small, large):
            with server.fresh() as url:
                found.append(_part("import", file, url))
    _say("PostgreSQL", lines, limit, found)


def _say(name: str, lines: int, limit: Figures, found: list[Figures]) -> None:
    small, large = found
    print(f"{name}")
    for what in ("new", "again"):
        speed, ratio = lines / large[what], limit["seconds"] / large[what]
        cpu = large[f"{what} cpu"] / lines * 1_000_000
        print(f"  {what:<6} {speed:>10,.0f} lines/s, ratio {ratio:.3f}, {cpu:.0f} µs of CPU a line")
    print(f"  peak memory {small['mb']:.0f} MB at a tenth, {large['mb']:.0f} MB at all of it")


def _part(name: str, file: Path, url: str = "") -> Figures:
    command = [sys.executable, "-m", "tests.bench.bench_import", "--part", name, "--url", url]
    done = subprocess.run(
        [*command, "--file", str(file)], stdout=subprocess.PIPE, text=True, check=True
    )
    found: Figures = json.loads(done.stdout)
    return found


def _measure(part: str, file: Path, url: str) -> Figures:
    found = _read_only(file) if part == "csv" else _import_twice(file, url)
    return found | {"mb": peak_megabytes()}


def _read_only(file: Path) -> Figures:
    with _timed() as figures, file.open(newline="", encoding="utf-8") as source:
        for _ in csv.reader(source):
            pass
    return {"seconds": figures.seconds}


def _import_twice(file: Path, url: str) -> Figures:
    database = Database(url.replace("postgresql://", "postgresql+psycopg://"))
    migrate.to_head(database)
    with database.write() as session:
        audience = store.add_audience(session, "Bakers", by="bench", now=_NOW)
    with _timed() as new:
        first = _import(database, audience.id, file)
    with _timed() as again:
        second = _import(database, audience.id, file)
    database.close()
    if (first.added, second.unchanged) != (first.rows, first.rows):
        raise SystemExit(f"the import went wrong: {first} {second}")
    return {
        "new": new.seconds,
        "new cpu": new.cpu,
        "again": again.seconds,
        "again cpu": again.cpu,
    }


def _import(database: Database, audience_id: str, file: Path) -> Import:
    with tempfile.TemporaryDirectory() as name, file.open("rb") as source:
        begun = imports.begin(
            database,
            audience_id=audience_id,
            format="csv",
            folder_id="bench",
            stream=iter(lambda: source.read(_PIECE), b""),
            imports_dir=Path(name),
            filename=file.name,
            by="bench",
            now=_NOW,
        )
        path = Path(name) / begun.id
        while imports.continue_import(database, begun.id, path, marker=MARKS, now=_NOW):
            pass
    with database.read() as session:
        return store.import_of(session, begun.id)


@contextmanager
def _timed() -> Iterator[Timed]:
    """What it took, once it has ended."""
    timed = Timed()
    began, cpu = time.perf_counter(), time.process_time()
    yield timed
    timed.seconds, timed.cpu = time.perf_counter() - began, time.process_time() - cpu


def _file(path: Path, lines: int) -> Path:
    with path.open("w", encoding="utf-8") as file:
        file.write("email,name,bakery,euros,share\n")
        file.writelines(
            f"baker{n}@bakery{n % 997}.example,Baker {n},Bakery {n % 997},{n % 90},{n % 31}\n"
            for n in range(lines)
        )
    return path


if __name__ == "__main__":
    main()
