"""What an operator reads when the database is away, or a machine has other keys than the rest."""

import logging
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.ops import doctor, folder_findings
from app.ops.installation import House, open_house, prepare
from app.platform import config
from app.platform.db import Database
from app.platform.duties import Attempts
from app.platform.put_off import Work
from app.platform.stir import Bell
from app.platform.stopping import Stopping
from app.tracking import folders
from app.worker import Loop, whole
from tests.faults.gate import Gate
from tests.moments import NOW

OURS, THEIRS = ("kD8f2mQz7LrXw4Nb9TjVc6HsYe1GpAu3K" + end for end in ("dMf5", "Rn7q"))


def loop_on(database: Database) -> Loop:
    stopping = Stopping()
    stopping.set()  # it waits for nothing
    return Loop("a loop", database, Attempts(database), Bell(int, stopping), stopping)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_database_that_is_away_is_a_line_for_each_duty_and_no_more(
    database_url: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("app.platform.away._told", {})
    gate = Gate(database_url.replace("postgresql://", "postgresql+psycopg://"))
    gate.shut()
    database = Database(gate.url)
    for _ in range(3):
        for work in (Work.JUDGE, Work.SNAPSHOT):
            assert loop_on(database).attempt(whole(work, lambda _now: 0)) is None
    database.close()
    said = [record for record in caplog.records if record.levelno >= logging.WARNING]

    assert [record.getMessage().partition(";")[0] for record in said] == [
        "judge_again failed", "keep_snapshot failed",
    ]  # fmt: skip
    assert all("\n" not in record.getMessage() and not record.exc_info for record in said)


def test_a_fault_of_ours_is_told_with_its_place(
    database: Database, caplog: pytest.LogCaptureFixture
):
    def fail(_now: object) -> int:
        raise ZeroDivisionError("nobody thought of it")

    loop_on(database).attempt(whole(Work.JUDGE, fail))

    assert any(record.exc_info for record in caplog.records)


def test_doctor_says_that_a_key_is_missing_which_another_machine_brought(
    database_url: str, tmp_path: Path
):
    def found(name: str, keys: str) -> doctor.Finding:
        settings = config.load(
            data_dir=tmp_path / name, database_url=database_url, secret_keys=keys
        )
        (one,) = [one for one in doctor.look(settings) if one.subject == "keys"]
        return one

    first = open_house(
        config.load(data_dir=tmp_path / "a", database_url=database_url, secret_keys=OURS)
    )
    prepare(first)
    first.database.close()

    assert found("a", OURS).sentence == "1 key, none that was used is missing"
    assert found("b", f"{THEIRS} {OURS}").fine
    assert not found("b", THEIRS).fine
    assert "Copy THINSLICE_SECRET_KEYS" in found("b", THEIRS).sentence
    assert found("a", OURS).fine, "doctor only looks: the new key is not noted by it"


def test_clicks_that_were_not_kept_are_told_with_their_time_until_somebody_takes_note(
    house: House,
):
    (house.hits / "lost").write_text("0")
    with house.database.write() as session:
        folders.register(session, house.folder, is_empty=True, lost=0, now=NOW)
        folders.report(session, house.folder, until=NOW, lost=3, drained=False, now=NOW)
    found = []
    for lost in (0, 3):
        (house.hits / "lost").write_text(str(lost))
        found.append(doctor._finding("clicks", folder_findings.clicks, house))
    with house.database.write() as session:
        folders.acknowledge(session, house.folder.id)
    found.append(doctor._finding("clicks", folder_findings.clicks, house))

    assert [one.fine for one in found] == [True, False, True]
    assert "3 clicks and opens were answered and not kept between Wed" in found[1].sentence
    assert f"`thinslice folder acknowledge {house.folder.id}`" in found[1].sentence


def test_what_fails_again_and_again_for_one_reason_is_one_sentence_of_the_doctor(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    pushes = [SimpleNamespace(what="Pushing to “Ops”", reason="It did not answer.")] * 7
    others = [SimpleNamespace(what=f"Sending “{n}”", reason="No server.") for n in range(6)]
    monkeypatch.setattr("app.outreach.failing.failing", lambda _session: [*pushes, *others])
    with pytest.raises(doctor._WrongError) as said:
        doctor._put_off(house)

    assert "Pushing to “Ops”: It did not answer. (7 times) Sending “0”: No server. " in str(
        said.value
    )
    assert "“3”: No server. And 2 more. Mend it" in str(said.value)
