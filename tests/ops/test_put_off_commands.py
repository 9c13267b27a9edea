"""`thinslice put-off`: what failed is listed, tried now or no more, as by page and API."""

import pytest
from sqlmodel import select

from app.experiments.models import Experiment, Status
from app.identity.models import AuditRow
from app.platform import put_off
from app.platform.db import Database
from app.platform.put_off import PutOff, Work
from tests.commanded import said
from tests.experiments import scenes
from tests.moments import NOW
from tests.serve import Installation


@pytest.fixture
def installation(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    found = Installation(tmp_path_factory.mktemp("commands") / "data", database_url)
    assert said(found, "migrate").returncode == 0
    return found


@pytest.fixture
def waiting(database: Database) -> str:
    """An experiment that cannot start."""
    with database.write() as session:
        row = Experiment(
            name="Waste", design=scenes.document(), status=Status.SCHEDULED, created_at=NOW,
            updated_at=NOW, launched_at=NOW, scheduled_at=NOW,
        )  # fmt: skip
        session.add(row)
        session.flush()
        put_off.note(session, Work.START, row.id, "“euros” is no number.", now=NOW)
        return row.id


def test_what_failed_is_listed_tried_now_or_no_more(
    installation: Installation, waiting: str, database: Database
):
    listed = said(installation, "put-off", "list").stdout
    put_off_id = listed.split()[0]
    retried = said(installation, "put-off", "retry", put_off_id).stdout
    cancelled = said(installation, "put-off", "cancel", put_off_id).stdout
    after = said(installation, "put-off", "list").stdout
    with database.read() as session:
        status = session.get_one(Experiment, waiting).status
        audited = session.exec(select(AuditRow.action).where(AuditRow.subject == put_off_id)).all()

    assert "Starting “Waste”  tried 1 time, again at 20" in listed
    assert listed.rstrip().endswith("“euros” is no number.")
    assert retried == "Starting “Waste”: a worker tries it at once.\n"
    assert cancelled == "Starting “Waste”: it is tried no more.\n"
    assert "cancelled by command line" in after
    assert (status, audited) == (Status.CANCELLED, ["put-off retry", "put-off cancel"])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_not_there_is_one_line_and_exit_1(installation: Installation):
    done = installation.command("put-off", "retry", "none")

    assert (done.returncode, installation.command("put-off", "list").stdout) == (1, "")
    assert done.stderr.startswith("There is no such piece of work any more")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_more_than_one_page_is_listed_whole(installation: Installation, database: Database):
    with database.write() as session:
        for number in range(450):
            session.add(
                PutOff(work=Work.PUSH, item=str(number), attempts=1, since=NOW, next_at=NOW)
            )

    assert len(said(installation, "put-off", "list").stdout.splitlines()) == 450
