"""A file as a page takes it: upload, mapping, done. Seconds and memory on both databases.

    python -m tests.bench.bench_mapping [--lines 100000]

The limit is what Python's own `csv` module does with the same file in the same run, doing
nothing with what it reads. Each part runs in a process of its own, so that peak memory is its own:
`csv`, then a tenth of the lines and all of them on each database.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from app.audience import confirming, imports, store
from app.audience.models import Import
from app.audience.previewing import Looks
from app.audience.schemas import FileColumn, FileWords
from app.platform import migrate
from app.platform.db import Database
from tests import postgres
from tests.bench.bench_import import Figures, _file, _Folders, _read_only, _timed
from tests.bench.memory import peak_megabytes
from tests.cast import MARKS

_NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
_PIECE = 1 << 20
_STEPS = ("upload", "mapping", "page", "done")
# Somebody says on the mapping page what two columns become.
_WORDS = FileWords(
    columns={"bakery": FileColumn(becomes="shop"), "share": FileColumn(left_out=True)}
)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--part", choices=["csv", "mapped"])
    parser.add_argument("--file", type=Path)
    parser.add_argument("--url")
    chosen = parser.parse_args()
    if chosen.part:
        found = (
            _read_only(chosen.file) if chosen.part == "csv" else _mapped(chosen.file, chosen.url)
        )
        print(json.dumps(found | {"mb": peak_megabytes()}))
        return
    with tempfile.TemporaryDirectory() as name:
        _compare(chosen.lines, Path(name))


def _compare(lines: int, folder: Path) -> None:
    small, large = _file(folder / "small", lines // 10), _file(folder / "large", lines)
    limit = _part("csv", large, "")
    print(f"{lines:,} lines; csv module alone {limit['seconds']:.2f} s, {limit['mb']:.0f} MB")
    urls = {small: f"sqlite:///{folder / 'small.db'}", large: f"sqlite:///{folder / 'large.db'}"}
    _say("SQLite", limit, [_part("mapped", file, url) for file, url in urls.items()])
    with postgres.server(_Folders(folder)) as server:  # type: ignore[arg-type]  # not pytest's
        found = []
        for file in (small, large):
            with server.fresh() as url:
                found.append(_part("mapped", file, url))
    _say("PostgreSQL", limit, found)


def _say(name: str, limit: Figures, found: list[Figures]) -> None:
    small, large = found
    whole = sum(large[step] for step in _STEPS)
    print(name)
    for step in _STEPS:
        print(f"  {step:<8} {large[step]:>7.2f} s at all lines, {small[step]:.2f} s at a tenth")
    print(f"  whole    {whole:>7.2f} s, {whole / limit['seconds']:.0f} times the limit")
    print(f"  peak memory {small['mb']:.0f} MB at a tenth, {large['mb']:.0f} MB at all of it")


def _part(name: str, file: Path, url: str) -> Figures:
    command = [sys.executable, "-m", "tests.bench.bench_mapping", "--part", name, "--url", url]
    done = subprocess.run(
        [*command, "--file", str(file)], stdout=subprocess.PIPE, text=True, check=True
    )
    found: Figures = json.loads(done.stdout)
    return found


def _mapped(file: Path, url: str) -> Figures:
    database = Database(url.replace("postgresql://", "postgresql+psycopg://"))
    migrate.to_head(database)
    with tempfile.TemporaryDirectory() as name:
        found = _steps(database, file, Path(name))
    database.close()
    return found


def _steps(database: Database, file: Path, folder: Path) -> Figures:
    with database.write() as session:
        audience_id = store.add_audience(session, "Bakers", by="bench", now=_NOW).id
    with _timed() as upload:
        look = _upload(database, audience_id, file, folder)
    with _timed() as mapping:
        looks = Looks(database, folder, marker=MARKS)
        while _row(database, look).status == "running":
            looks.go_on(look, now=_NOW)
    with _timed() as page, database.read() as session:
        row = store.import_of(session, look)
        shown = confirming.first_people(session, row, folder / look, marker=MARKS)
        store.refusals(session, look, limit=50)
    with _timed() as done:
        with database.write() as session:
            begun = confirming.confirm(
                session, look, words=_WORDS, folder=folder, by="bench", now=_NOW
            )
            made, path = begun.id, folder / begun.file
        while imports.continue_import(database, made, path, marker=MARKS, now=_NOW):
            pass
    _refuse_wrong(database, made, len(shown))
    return {"upload": upload.seconds, "mapping": mapping.seconds, "page": page.seconds,
            "done": done.seconds}  # fmt: skip


def _upload(database: Database, audience_id: str, file: Path, folder: Path) -> str:
    with file.open("rb") as source:
        return imports.begin(
            database,
            audience_id=audience_id,
            format="csv",
            folder_id="bench",
            stream=iter(lambda: source.read(_PIECE), b""),
            imports_dir=folder,
            filename=file.name,
            by="bench",
            now=_NOW,
            is_look=True,
        ).id


def _row(database: Database, import_id: str) -> Import:
    with database.read() as session:
        return store.import_of(session, import_id)


def _refuse_wrong(database: Database, made: str, shown: int) -> None:
    """A bench of something that did not happen says nothing."""
    row = _row(database, made)
    if row.status != "done" or row.added != row.rows or shown == 0:
        raise SystemExit(f"the import went wrong: {row}, {shown} people shown")


if __name__ == "__main__":
    main()
