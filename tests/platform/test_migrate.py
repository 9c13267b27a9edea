import json
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlmodel import SQLModel, select

from app.platform import migrate
from app.platform.db import Database
from app.platform.migrate import WrongSchema
from app.platform.once import OnceKey
from tests.anew import back_to
from tests.moments import NOW
from tests.postgres import Server
from tests.serve import Installation


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """The words of learnings are no rows of ours: an FTS5 table with its shadows, or a tsvector."""
    return kind != "table" or not (name or "").startswith("learning_text")


def test_the_migrated_database_is_what_the_rows_say(database: Database):
    with database.engine.connect() as connection:
        opts = {"compare_type": False, "include_name": _is_ours}
        context = MigrationContext.configure(connection, opts=opts)
        differences = compare_metadata(context, SQLModel.metadata)

    assert differences == []


def test_down_to_nothing_and_up_again(database: Database):
    back_to(database, "base")
    left = set(inspect(database.engine).get_table_names()) - {"alembic_version"}
    migrate.to_head(database)

    assert left == set()
    migrate.check(database)


def test_answers_kept_by_earlier_versions_lose_their_secret(database: Database):
    back_to(database, "0025")
    with database.write() as session:
        for key, answer in (
            ("hook", '{"id": "w1", "secret": "whsec_x"}'),
            ("else", '{"id": "f1"}'),
        ):
            session.add(OnceKey(caller="c", key=key, asked="h", status=201, answer=answer, at=NOW))
    migrate.to_head(database)

    with database.read() as session:
        kept = {row.key: json.loads(row.answer or "") for row in session.exec(select(OnceKey))}
    assert kept == {"hook": {"id": "w1", "secret": None}, "else": {"id": "f1"}}


def test_a_database_that_is_behind_names_the_command(database: Database):
    back_to(database, "base")

    with pytest.raises(WrongSchema, match="thinslice migrate"):
        migrate.check(database)


def test_a_database_that_is_ahead_names_what_helps(database: Database):
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'from_the_future'"))

    with pytest.raises(WrongSchema, match="Install the version"):
        migrate.check(database)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_two_migrations_at_once_are_safe(kind: str, tmp_path: Path, postgres_server: Server):
    url = postgres_server.empty() if kind == "postgresql" else f"sqlite:///{tmp_path / 'two.db'}"
    installation = Installation(tmp_path / "data", url)

    both = [
        subprocess.Popen(
            [sys.executable, "-m", "app.cli", "migrate"],
            env=installation.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        for _ in range(2)
    ]
    ends = [(process.communicate()[1], process.returncode) for process in both]

    assert [code for _, code in ends] == [0, 0], ends


def test_serve_on_a_database_that_is_behind_says_so_and_ends(tmp_path: Path):
    installation = Installation(tmp_path / "data", "")
    installation.data.mkdir(mode=0o700)
    behind = Database(f"sqlite:///{installation.data / 'thinslice.db'}")
    migrate.to(behind, "0039")
    behind.close()

    done = installation.command("serve", "--port", str(installation.port))

    assert done.returncode == 1
    assert done.stderr.strip().endswith("Run `thinslice migrate` and start again.")
