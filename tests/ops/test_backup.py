"""`thinslice backup` and `restore`: everything comes back, on either database, or nothing does."""

import io
import shutil
import tarfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import text
from sqlmodel import SQLModel

from app.ops import backing_up, restoring
from app.ops.backup_contents import Contents
from app.ops.installation import UNFINISHED, House, open_house
from app.platform import config, install, keys, locks, migrate
from app.platform.config import Settings
from app.platform.errors import AppError
from app.platform.sealed import Broken
from tests.commanded import said
from tests.conftest import KINDS
from tests.moments import NOW
from tests.ops import backups
from tests.postgres import Server
from tests.serve import Installation


@pytest.fixture
def full(house: House) -> House:
    """Rows in every table, and files of every kind beside them."""
    with house.database.engine.begin() as connection:
        backups.fill(connection, Random(7))
    with house.database.write() as session:
        install.ensure(session, now=NOW)
    (house.hits / "1-a.journal").write_bytes(b"some lines\n")
    (house.hits / "lost").write_bytes(b"%020d" % 3)
    (house.ranges / "lists").mkdir(parents=True)
    (house.ranges / "compiled").write_bytes(b"\0\1")
    (house.ranges / "lists" / "aws.json").write_bytes(b"{}")
    (house.imports / "i1").write_bytes(b"email\na@b.example\n")
    (house.hits / "salts").mkdir()
    (house.hits / "salts" / "20000.salt").write_bytes(b"of today alone")
    return house


@pytest.fixture
def file(full: House, tmp_path: Path) -> Path:
    path = tmp_path / "one.tar"
    backing_up.write_to(path, full)
    return path


@pytest.fixture
def elsewhere(tmp_path: Path, postgres_server: Server) -> Callable[[str], Settings]:
    """Settings of an empty folder and an empty database of some kind."""

    def of(kind: str) -> Settings:
        folder = tmp_path / f"elsewhere-{kind}"
        url = postgres_server.empty() if kind == "postgresql" else ""
        return config.load(data_dir=folder, database_url=url, public_url="http://two.example")

    return of


@pytest.mark.parametrize("kind", KINDS)
def test_every_row_of_every_table_comes_back_on_either_database(
    full: House, file: Path, elsewhere: Callable[[str], Settings], kind: str
):
    settings = elsewhere(kind)
    before = backups.rows_of(full.database)
    restored = restoring.restore(settings, Contents(file))
    other = open_house(settings)
    after = backups.rows_of(other.database)
    other.database.close()

    assert set(before) == set(SQLModel.metadata.tables) | {"learning_text"}
    assert all(before.values())
    assert restored.rows == sum(map(len, before.values()))
    (noted,) = [row for row in after["audit"] if row not in before["audit"]]
    assert dict(noted)["action"] == "restore"
    after["audit"].remove(noted)
    same = {name: rows for name, rows in before.items() if name not in backups.ANEW}
    assert {name: rows for name, rows in after.items() if name not in backups.ANEW} == same
    assert after["login_session"] == after["setup_token"] == []
    still = [[_still(dict(row)) for row in rows["agent_grant"]] for rows in (after, before)]
    assert still[0] == still[1]
    assert all(dict(row)["ended_at"] for row in after["agent_grant"])  # whom somebody let in


def _still(row: backups.Row) -> dict[str, object]:
    """What stays of an agent that was let in; that it is over is anew."""
    return {name: value for name, value in row.items() if name != "ended_at"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_restored_database_has_the_schema_and_the_triggers_of_a_fresh_one(
    file: Path, elsewhere: Callable[[str], Settings], kind: str
):
    from tests.platform.test_upgrades import catalogue

    settings, fresh = elsewhere(kind), None
    restoring.restore(settings, Contents(file))
    other = open_house(settings)
    found = catalogue(other.database)
    with other.database.engine.begin() as connection:  # numbers go on behind those that are there
        connection.execute(text("DELETE FROM teller"))
    other.database.close()
    settings = elsewhere(kind) if kind == "postgresql" else config.load(data_dir=file.parent / "f")
    fresh = open_house(settings)
    migrate.to_head(fresh.database)
    told = catalogue(fresh.database)
    fresh.database.close()

    assert found == told


def test_files_come_back_and_what_ends_with_its_day_does_not(
    full: House, file: Path, elsewhere: Callable[[str], Settings]
):
    settings = elsewhere("sqlite")
    restoring.restore(settings, Contents(file))
    found = {
        str(path.relative_to(settings.data_dir)): path.read_bytes()
        for path in settings.data_dir.rglob("*")
        if path.is_file() and not path.name.startswith("thinslice.db")
    }

    assert found.pop("settings.env").startswith(b"THINSLICE_DATABASE_URL=")
    assert found == {
        "keys": (full.settings.data_dir / "keys").read_bytes(),
        "folder-id": (full.settings.data_dir / "folder-id").read_bytes(),
        "hits/1-a.journal": b"some lines\n",
        "hits/lost": b"%020d" % 3,
        "hits/ranges/compiled": b"\0\1",
        "hits/ranges/lists/aws.json": b"{}",
        "imports/i1": b"email\na@b.example\n",
    }
    assert all(
        path.stat().st_mode & 0o077 == 0 for path in settings.data_dir.rglob("*") if path.is_dir()
    )


def test_no_number_is_given_out_twice_whatever_was_launched_after_the_backup(
    house: House, tmp_path: Path, elsewhere: Callable[[str], Settings]
):
    from app.ops.installation import prepare

    prepare(house)
    with house.database.write() as session:
        install.take_send_ids(session, 100)
    backing_up.write_to(tmp_path / "one.tar", house)
    with house.database.write() as session:
        since = set(install.take_send_ids(session, 5_000))
        sets = {install.take_set_id(session) for _ in range(200)}
    settings = elsewhere("sqlite")
    restoring.restore(settings, Contents(tmp_path / "one.tar"))
    other = open_house(settings)
    with other.database.write() as session:
        ours = set(install.take_send_ids(session, 10_000))
        our_sets = {install.take_set_id(session) for _ in range(400)}
        assert install.is_held(session)
    other.database.close()

    assert not since & ours
    assert not sets & our_sets


def test_the_file_is_its_owners_alone_and_is_never_written_over(full: House, tmp_path: Path):
    path = tmp_path / "one.tar"
    backing_up.write_to(path, full)
    before = path.read_bytes()

    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(backing_up.Exists):
        backing_up.write_to(path, full)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.glob("*.part")] == []


@pytest.mark.parametrize("end", ["", ".part"])
def test_nothing_is_written_through_a_link_that_somebody_laid(
    full: House, tmp_path: Path, end: str
):
    theirs = tmp_path / "theirs"
    theirs.write_bytes(b"something else")
    (tmp_path / f"one.tar{end}").symlink_to(theirs)

    with pytest.raises((backing_up.Exists, OSError)):
        backing_up.write_to(tmp_path / "one.tar", full)
    assert theirs.read_bytes() == b"something else"


def test_nothing_is_written_into_a_file_that_somebody_else_laid(
    full: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "one.tar.part").write_bytes(b"")
    monkeypatch.setattr("os.geteuid", lambda: 4711)

    with pytest.raises(backing_up.Exists):
        backing_up.write_to(tmp_path / "one.tar", full)
    assert not (tmp_path / "one.tar").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_of_two_restores_the_second_takes_nothing_from_the_first(
    file: Path,
    elsewhere: Callable[[str], Settings],
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
):
    settings, hold = elsewhere(kind), locks.hold

    def late(path: Path) -> AbstractContextManager[None]:
        monkeypatch.setattr(locks, "hold", hold)
        shutil.rmtree(path.parent)  # it is made anew below: we had not come that far
        restoring.restore(settings, Contents(file))
        path.parent.mkdir()
        return hold(path)

    monkeypatch.setattr(locks, "hold", late)
    with pytest.raises(restoring.NotEmpty):
        restoring.restore(settings, Contents(file))
    house = open_house(settings)
    house.database.close()
    assert (settings.data_dir / "hits" / "1-a.journal").read_bytes() == b"some lines\n"
    assert not (settings.data_dir / UNFINISHED).exists()


def test_two_backups_to_one_name_at_once_are_refused(full: House, tmp_path: Path):
    with locks.hold(tmp_path / "one.tar.part"), pytest.raises(locks.Busy):
        backing_up.write_to(tmp_path / "one.tar", full)

    assert not (tmp_path / "one.tar").exists()


def test_a_byte_that_is_changed_anywhere_is_noticed(file: Path, tmp_path: Path):
    rng, whole, harmed = Random(5), file.read_bytes(), tmp_path / "harmed.tar"
    for block in range(0, len(whole), 512):
        at = rng.randrange(block, min(block + 512, len(whole)))
        harmed.write_bytes(
            whole[:at] + bytes([whole[at] ^ (1 << rng.randrange(8))]) + whole[at + 1 :]
        )
        with pytest.raises(Broken):
            Contents(harmed)


def test_a_file_that_is_cut_or_continued_is_noticed(file: Path, tmp_path: Path):
    whole, harmed = file.read_bytes(), tmp_path / "harmed.tar"
    cut = [whole[:end] for end in range(0, len(whole) - 10240, 512)] + [whole[:-10000], whole[:700]]
    for some in (*cut, whole + b"x", whole + whole, b"\0" * 2048, b"PK\3\4" + whole, b""):
        harmed.write_bytes(some)
        with pytest.raises(Broken, match=r"(?i)nothing was written"):
            Contents(harmed)


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/evil", "hits/../../evil", "other", "rows/x/1.gz"]
)
def test_a_file_of_somebody_elses_making_puts_nothing_anywhere(
    file: Path, tmp_path: Path, elsewhere: Callable[[str], Settings], name: str
):
    from app.platform.sealed import Sealed, Sealing

    known, out = Sealed(file), io.BytesIO()
    sealing = Sealing(out, micros=0)
    for part in known.names[1:]:
        sealing.add(part, known.content(part))
    sealing.add(name, b"evil")
    sealing.seal(known.about)
    (tmp_path / "evil.tar").write_bytes(out.getvalue())

    with pytest.raises(Broken):
        Contents(tmp_path / "evil.tar")


def test_a_tar_with_a_link_in_it_is_refused(tmp_path: Path):
    with tarfile.open(tmp_path / "evil.tar", "w") as tar:
        head = tarfile.TarInfo("thinslice-backup")
        head.type, head.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(head)

    with pytest.raises(Broken):
        Contents(tmp_path / "evil.tar")


def test_what_a_later_version_made_is_refused_in_words(
    full: House, tmp_path: Path, elsewhere: Callable[[str], Settings]
):
    with full.database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    backing_up.write_to(tmp_path / "one.tar", full)

    with pytest.raises(AppError, match="Install that version"):
        Contents(tmp_path / "one.tar")


def test_only_an_empty_folder_and_an_empty_database_are_filled(
    full: House, file: Path, elsewhere: Callable[[str], Settings], tmp_path: Path
):
    taken = elsewhere("sqlite")
    keys.make_folder(taken.data_dir)
    (taken.data_dir / "note.txt").write_text("mine")
    with pytest.raises(restoring.NotEmpty, match=r"note\.txt"):
        restoring.restore(taken, Contents(file))
    there = config.load(data_dir=tmp_path / "new", database_url=full.settings.database_url)
    with pytest.raises(restoring.NotEmpty, match="database is not empty"):
        restoring.restore(there, Contents(file))

    assert [path.name for path in taken.data_dir.iterdir()] == ["note.txt"]
    assert not there.data_dir.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_where_a_row_does_not_fit_nothing_is_left(
    file: Path, elsewhere: Callable[[str], Settings], kind: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Contents, "check_rows", _refuse)
    settings = elsewhere(kind)
    with pytest.raises(Broken):
        restoring.restore(settings, Contents(file))
    monkeypatch.undo()

    assert list(settings.data_dir.iterdir()) == []
    restoring.restore(settings, Contents(file))


def _refuse(_contents: Contents, table: object, _found: int) -> None:
    if getattr(table, "name", "") == "value_source":
        raise Broken("The last table of all.")


def test_a_folder_that_a_killed_restore_left_starts_nothing_and_is_filled_again(
    file: Path, elsewhere: Callable[[str], Settings]
):
    settings = elsewhere("sqlite")
    keys.make_folder(settings.data_dir)
    (settings.data_dir / UNFINISHED / "hits").mkdir(parents=True)
    (settings.data_dir / UNFINISHED / "hits" / "1-a.journal").write_bytes(b"half")
    (settings.data_dir / "keys").write_text("of the killed one\n")
    for end in (".restoring", ".restoring-wal", ".restoring-shm", ".migrate-lock"):
        (settings.data_dir / f"thinslice.db{end}").write_bytes(b"half")
    with pytest.raises(AppError, match="restore"):
        open_house(settings)

    restoring.restore(settings, Contents(file))

    assert not (settings.data_dir / UNFINISHED).exists()
    assert (settings.data_dir / "hits" / "1-a.journal").read_bytes() == b"some lines\n"
    assert not (settings.data_dir / "thinslice.db.restoring").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_who_was_killed_when_all_was_done_only_tidies_up(
    file: Path, elsewhere: Callable[[str], Settings], kind: str
):
    settings = elsewhere(kind)
    restoring.restore(settings, Contents(file))
    (settings.data_dir / UNFINISHED).mkdir()
    (settings.data_dir / UNFINISHED / "lock").touch()
    before = (settings.data_dir / "keys").read_bytes()
    restoring.restore(settings, Contents(file))

    assert not (settings.data_dir / UNFINISHED).exists()
    assert (settings.data_dir / "keys").read_bytes() == before
    open_house(settings).database.close()


def test_commands_say_what_they_did(database_url: str, tmp_path: Path):
    first = Installation(tmp_path / "data", database_url)
    assert said(first, "migrate").returncode == 0
    path = tmp_path / "one.tar"
    taken = said(first, "backup", str(path))
    again = said(first, "backup", str(path))
    checked = said(first, "backup", "--check", str(path))
    path.write_bytes(path.read_bytes()[:5000])
    broken = said(first, "backup", "--check", str(path))
    missing = said(first, "restore", str(tmp_path / "none.tar"))

    assert (taken.returncode, again.returncode) == (0, 1)
    assert "secrets" in taken.stdout
    assert "is sound" in checked.stdout
    assert (broken.returncode, missing.returncode) == (1, 1)
    assert len(broken.stderr.strip().splitlines()) == len(missing.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("release", ["0026", "0034"])
def test_a_backup_of_an_earlier_schema_is_migrated_up(
    house: House, tmp_path: Path, elsewhere: Callable[[str], Settings], kind: str, release: str
):
    """As a new version takes one before it migrates."""
    from tests.anew import back_to
    from tests.platform.test_upgrades import given_rows, reflected

    back_to(house.database, release)
    with house.database.engine.begin() as connection:
        given_rows(connection, reflected(connection))
        connection.execute(text("DELETE FROM install"))
    with house.database.write() as session:
        install.ensure(session, now=NOW)
    before = backups.rows_of(house.database)
    backing_up.write_to(tmp_path / "one.tar", house)
    settings = elsewhere(kind)
    restoring.restore(settings, Contents(tmp_path / "one.tar"))
    other = open_house(settings)
    migrate.check(other.database)
    after = backups.rows_of(other.database)
    other.database.close()

    assert {name: len(after[name]) for name in before if name not in _CHANGED} == {
        name: len(rows) for name, rows in before.items() if name not in _CHANGED
    }


_CHANGED = {*backups.ANEW, "audit", "rehearsal", "day_counter", "people_count", "send_count"}
