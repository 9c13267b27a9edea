"""Import of a large file on SQLite: lines a second, and whether memory stays flat.

    python -m tests.bench.bench_import [--lines 1000000]

The limit is what Python's own `csv` module does with the same file in the same run, doing
nothing with what it reads. Both run in processes of their own, so that peak memory is theirs.
"""

import argparse
import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from app.audience import imports, store
from app.platform import migrate
from app.platform.db import Database

_NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
_PIECE = 1 << 20


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--part", choices=["csv", "import"])
    parser.add_argument("--file", type=Path)
    chosen = parser.parse_args()
    if chosen.part:
        print(json.dumps(_measure(chosen.part, chosen.file)))
        return
    with tempfile.TemporaryDirectory() as folder:
        small = _part("import", _file(Path(folder) / "small", chosen.lines // 10), folder)
        large = _file(Path(folder) / "large", chosen.lines)
        limit, ours = _part("csv", large, folder), _part("import", large, folder)
    _say(chosen.lines, limit, small, ours)


def _say(
    lines: int, limit: dict[str, float], small: dict[str, float], ours: dict[str, float]
) -> None:
    print(f"{lines:,} lines on SQLite")
    print(
        f"  import            {lines / ours['seconds']:>12,.0f} lines/s ({ours['seconds']:.1f} s)"
    )
    print(f"  csv module alone  {lines / limit['seconds']:>12,.0f} lines/s")
    print(f"  ratio             {limit['seconds'] / ours['seconds']:>12.3f}")
    print(f"  peak memory       {small['mb']:.0f} MB at a tenth, {ours['mb']:.0f} MB at all of it")


def _part(name: str, file: Path, folder: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.bench_import", "--part", name, "--file", file],
        capture_output=True,
        text=True,
        check=True,
        env={"TMPDIR": folder, "PATH": ""},
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _measure(part: str, file: Path) -> dict[str, float]:
    began = time.perf_counter()
    _read_only(file) if part == "csv" else _import(file)
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def _read_only(file: Path) -> None:
    with file.open(newline="", encoding="utf-8") as source:
        for _ in csv.reader(source):
            pass


def _import(file: Path) -> None:
    folder = Path(tempfile.mkdtemp())
    database = Database(f"sqlite:///{folder / 'bench.db'}")
    migrate.to_head(database)
    with database.write() as session:
        audience = store.add_audience(session, "Bakers", by="bench", now=_NOW)
    with file.open("rb") as source:
        begun = imports.begin(
            database,
            audience_id=audience.id,
            format="csv",
            folder_id="bench",
            stream=iter(lambda: source.read(_PIECE), b""),
            imports_dir=folder,
            filename=file.name,
            by="bench",
            now=_NOW,
        )
    while imports.continue_import(database, begun.id, folder / begun.id, now=_NOW):
        pass
    with database.read() as session:
        done = store.import_of(session, begun.id)
    if (done.status, done.refused, done.added) != ("done", 0, done.rows):
        raise SystemExit(f"the import went wrong: {done}")


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
