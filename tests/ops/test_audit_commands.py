"""`thinslice audit verify`: whole or not, by its exit status, and beside a head of before."""

import ast
from pathlib import Path

import pytest
from sqlalchemy import delete, update
from sqlmodel import col, select

from app import ops
from app.identity.models import AuditHead, AuditRow
from app.platform.db import Database
from tests.commanded import said
from tests.serve import Installation


@pytest.fixture
def installation(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    found = Installation(tmp_path_factory.mktemp("commands") / "data", database_url)
    assert said(found, "migrate").returncode == 0
    for name in ("Board", "Chart"):
        assert said(found, "token", "add", name, "--role", "viewer").returncode == 0
    return found


def test_a_whole_audit_prints_its_head(installation: Installation):
    done = said(installation, "audit", "verify")

    assert done.returncode == 0
    assert done.stdout.startswith("2 rows, as they were written. Head: 2:")


def test_a_changed_row_is_named_and_fails(installation: Installation, database: Database):
    with database.write() as session:
        session.execute(update(AuditRow).where(col(AuditRow.number) == 1).values(subject="x"))
    done = installation.command("audit", "verify")
    doctor = said(installation, "doctor")

    assert done.returncode == 1
    assert "Row 1 (token add, by command line, " in done.stderr
    assert "was changed after it was written" in done.stderr
    assert "Row 1 (token add" in doctor.stdout


def test_rows_that_were_cut_off_show_beside_a_head_of_before(
    installation: Installation, database: Database
):
    head = said(installation, "audit", "verify").stdout.split()[-1]
    with database.write() as session:
        kept = session.get_one(AuditRow, _first(database))
        session.execute(delete(AuditRow).where(col(AuditRow.number) == 2))
        end = session.get_one(AuditHead, 1)
        end.number, end.seal = 1, kept.seal or ""

    assert said(installation, "audit", "verify").returncode == 0
    done = said(installation, "audit", "verify", "--head", head)
    assert (done.returncode, done.stderr) == (
        1,
        "Row 2 was there when the head was noted; the last is row 1 now.\n",
    )
    wrong = said(installation, "audit", "verify", "--head", "two")
    assert wrong.returncode == 1
    assert "A head is a number, a colon and a seal" in wrong.stderr


def _first(database: Database) -> str:
    with database.read() as session:
        return session.exec(select(AuditRow.id).where(col(AuditRow.number) == 1)).one()


def test_every_command_that_changes_something_says_so_in_the_audit():
    """By its source: whoever opens a transaction notes something in it."""
    silent = [
        f"{path.name}: {function.name}"
        for path in sorted(Path(ops.__file__).parent.glob("*.py"))
        if path.stem.endswith("commands") or path.stem == "import_file"
        for function in ast.parse(path.read_text()).body
        if isinstance(function, ast.FunctionDef)
        and "database.write()" in ast.unparse(function)
        and "note(" not in ast.unparse(function)
    ]

    assert silent == []
