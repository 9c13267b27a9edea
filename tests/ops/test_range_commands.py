"""`thinslice ranges`: what changes who counts as a machine stands in the audit, as by page."""

from pathlib import Path

import pytest
from sqlmodel import col, select

from app.identity.models import AuditRow
from app.platform.db import Database
from tests.commanded import said
from tests.serve import Installation


@pytest.fixture
def installation(database_url: str, tmp_path: Path) -> Installation:
    found = Installation(tmp_path / "data", database_url)
    assert said(found, "migrate").returncode == 0
    return found


def test_every_change_of_the_lists_is_audited(
    installation: Installation, database: Database, tmp_path: Path
):
    file = tmp_path / "own.txt"
    file.write_text("198.51.100.0/24 vendor\n")
    done = [
        installation.command("ranges", "update", str(file)),
        said(installation, "ranges", "update", str(file), "--name", "other"),
        said(installation, "ranges", "remove", "own.txt"),
        said(installation, "ranges", "remove", "own.txt"),  # there is none any more
        said(installation, "ranges", "reset"),
    ]
    with database.read() as session:
        rows = session.exec(select(AuditRow).order_by(col(AuditRow.id))).all()

    assert [one.returncode for one in done] == [0, 0, 0, 1, 0]
    assert [(row.actor, row.action, row.subject) for row in rows] == [
        ("command line", "ranges update", "own.txt"),
        ("command line", "ranges update", "other"),
        ("command line", "ranges remove", "own.txt"),
        ("command line", "ranges reset", ""),
    ]
    assert len(rows[0].details["sha256"]) == 64
    assert rows[-1].details == {"lists": "other"}
