"""Nobody finds who was erased: not in the database's files, journals, outbox, logs or exports.

Twenty people beside every change, a thousand by `--full`.
"""

import io
import logging
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import SQLModel

from app.analysis import export
from app.ops.installation import House
from tests.moments import NOW
from tests.privacy.town import HOUR, SIGNS, Town, signs_in


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Whatever anybody logs, at any level."""
    text, root = io.StringIO(), logging.getLogger()
    handler, before = logging.StreamHandler(text), root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield text
    root.removeHandler(handler)
    root.setLevel(before)


def test_a_search_for_whoever_was_erased_finds_nothing(
    house: House,
    monkeypatch: pytest.MonkeyPatch,
    logged: io.StringIO,
    full: bool,
):
    folder = house.settings.data_dir.parent
    town = Town(house, monkeypatch, leaving=1_000 if full else 20, staying=50)
    town.settle()
    town.live()
    before, held = town.numbers(), signs_in(folder)
    began = time.monotonic()
    erased = town.erase()
    took = time.monotonic() - began
    town.finish(NOW + 2 * HOUR)
    swept = time.monotonic() - began - took
    after = town.numbers()
    town.turn_journals()
    with house.database.read() as session:
        (folder / "export.csv").write_text("".join(export.csv_lines(session, town.experiment_id)))

    counted = f"{len(erased)} erased in {took:.1f} s, ended in {swept:.1f} s; before in {held}"
    print(counted)
    cells = [cell.lower() for _, _, cell in town.rows()]
    assert len(erased) == town.leaving
    assert held or not house.database.is_sqlite
    assert [cell for cell in cells if any(sign in cell for sign in SIGNS)] == []
    assert signs_in(folder) == []
    assert [sign for sign in SIGNS if sign in logged.getvalue().lower()] == []
    assert after == before


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_postgresql_itself_keeps_of_whoever_was_erased(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    town = Town(house, monkeypatch, leaving=50, staying=50)
    town.settle()
    town.live()
    statement(house, "ANALYZE")  # as it does by itself, whenever enough has changed
    before, known = kept_by_postgresql(house), remembered(house)
    town.erase()
    town.finish(NOW + 2 * HOUR)
    vacuumed, still = kept_by_postgresql(house), remembered(house)
    statement(house, "VACUUM FULL")
    rewritten = kept_by_postgresql(house)

    print(f"50 erased; files with a sign of them: {dict(before)}, once it ended {dict(vacuumed)},")
    print(f"after VACUUM FULL {dict(rewritten)}; columns in statistics: {len(known)}, {len(still)}")
    assert known
    assert still == []
    assert rewritten["base"] == 0


def statement(house: House, sql: str) -> Any:
    """One that no transaction holds; then all of it is in the files."""
    with house.database.engine.connect() as connection:
        alone = connection.execution_options(isolation_level="AUTOCOMMIT")
        alone.execute(text("SET statement_timeout = 0"))
        found = alone.execute(text(sql))
        return found.all() if found.returns_rows else None


def remembered(house: House) -> list[str]:
    """Columns of which the planner's statistics hold a value of somebody who left."""
    rows = statement(house, "SELECT tablename, attname, s::text FROM pg_stats s")
    return [
        f"{table}.{column}"
        for table, column, held in rows
        if table in SQLModel.metadata.tables and any(sign in held.lower() for sign in SIGNS)
    ]


def kept_by_postgresql(house: House) -> Counter[str]:
    """How many of its files hold a sign of somebody who left, by folder."""
    statement(house, "CHECKPOINT")
    asked = "SELECT current_setting('data_directory'), oid FROM pg_database"
    [(data, oid)] = statement(house, f"{asked} WHERE datname = current_database()")
    folders = {"base": Path(data, "base", str(oid)), "pg_wal": Path(data, "pg_wal")}
    return Counter({name: len(files_in(folder)) for name, folder in folders.items()})


def files_in(folder: Path) -> set[str]:
    """By the address; the other sign is a word of PostgreSQL, too: “Canary Islands”."""
    told = (found.split(": ") for found in signs_in(folder))
    return {name for name, sign in told if sign == SIGNS[1]}
