from pathlib import Path

import pytest

from app.ops import command_setup
from tests.commanded import said
from tests.serve import Installation


@pytest.fixture
def migrated(tmp_path: Path) -> Installation:
    installation = Installation(tmp_path / "data", "")
    assert said(installation, "migrate").returncode == 0
    return installation


def test_migrate_makes_a_private_data_folder_with_private_keys(tmp_path: Path):
    migrated = Installation(tmp_path / "data", "")
    assert migrated.command("migrate").returncode == 0

    assert migrated.data.stat().st_mode & 0o777 == 0o700
    assert (migrated.data / "keys").stat().st_mode & 0o777 == 0o600


def test_a_token_stands_alone_on_the_last_line(migrated: Installation):
    done = said(migrated, "token", "add", "reports", "--role", "viewer")

    assert done.returncode == 0
    assert done.stdout.splitlines()[-1].startswith("tsl_")


def test_a_user_is_added_with_a_password_from_standard_input(migrated: Installation):
    done = migrated.command(
        "user",
        "add",
        "ann@halvern.example",
        "--role",
        "editor",
        "--password-stdin",
        given="correct horse battery\n",
    )

    assert done.returncode == 0, done.stderr


def test_a_role_that_does_not_exist_is_one_line_and_exit_1(migrated: Installation):
    done = migrated.command("token", "add", "reports", "--role", "king")

    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "viewer, editor" in done.stderr


def test_wrong_usage_is_exit_2(migrated: Installation):
    assert migrated.command("token", "add").returncode == 2


def test_a_setting_that_cannot_be_used_is_named(tmp_path: Path):
    installation = Installation(tmp_path / "data", "mysql://nowhere")

    done = said(installation, "migrate")

    assert done.returncode == 1
    assert "THINSLICE_DATABASE_URL must begin with sqlite:/// or postgresql://" in done.stderr


def test_people_are_imported_from_a_file(migrated: Installation, tmp_path: Path):
    file = tmp_path / "people.csv"
    file.write_text("email,name\nann@bakery.example,Ann\nnot an address,Bo\n")

    done = said(migrated, "people", "import", str(file), "--audience", "Bakers")

    assert done.returncode == 0, done.stderr
    assert "2 lines: 1 added, 0 updated, 0 unchanged, 1 refused." in done.stdout


def test_a_file_without_addresses_fails_with_a_sentence(migrated: Installation, tmp_path: Path):
    file = tmp_path / "people.csv"
    file.write_text("name\nAnn\n")

    done = said(migrated, "people", "import", str(file), "--audience", "Bakers")

    assert done.returncode == 1
    assert "email" in done.stderr


def test_doctor_names_what_is_wrong_and_ends_with_1(migrated: Installation):
    done = said(migrated, "doctor")

    assert done.returncode == 1
    assert "ok     migrations" in done.stdout
    assert "WRONG  public address" in done.stdout


def test_a_playbook_is_taken_in_and_written_again(migrated: Installation, tmp_path: Path):
    file = tmp_path / "book.yaml"
    file.write_text("thinslice_playbook: 1\ncycle: {name: A quarter, days: 90}\n")
    take = ("playbook", "take", str(file), "--starts", "2027-01-01", "--name")

    taken = said(migrated, *take, "2027 Q1")
    again = said(migrated, *take, "2027 Q1")
    written = said(migrated, "playbook", "write", "2027 Q1")
    missing = said(migrated, "playbook", "write", "2028 Q1")

    assert taken.returncode == 0, taken.stderr
    assert "2027 Q1: 0 objectives" in taken.stdout
    assert "There is a cycle “2027 Q1” already." in again.stderr
    assert "name: 2027 Q1\n  days: 90" in written.stdout
    assert missing.stderr.strip() == "There is no cycle “2028 Q1”."


def test_a_folder_that_is_not_there_cannot_be_retired(migrated: Installation):
    done = said(migrated, "folder", "retire", "web-9")

    assert done.returncode == 1
    assert "There is no data folder “web-9”" in done.stderr
    assert said(migrated, "folder", "list").returncode == 0


def test_who_may_come_in_is_listed_and_let_go(migrated: Installation):
    password = "correct horse battery\n"
    for name in ("ann", "eve"):
        add = ("user", "add", f"{name}@halvern.example", "--role", "admin", "--password-stdin")
        said(migrated, *add, given=password)
    said(migrated, "token", "add", "reports", "--role", "viewer")
    listed = said(migrated, "user", "list").stdout
    tokens = said(migrated, "token", "list").stdout

    changed = said(
        migrated,
        "user",
        "password",
        "eve@halvern.example",
        "--password-stdin",
        given="another long one\n",
    )
    reset = said(migrated, "user", "reset-second-step", "eve@halvern.example")
    removed = said(migrated, "user", "remove", "eve@halvern.example")
    last = said(migrated, "user", "remove", "ann@halvern.example")
    revoked = said(migrated, "token", "revoke", "reports")

    assert "eve@halvern.example  admin  eve" in listed
    assert "viewer  last used never  reports" in tokens
    assert [one.returncode for one in (changed, reset, removed, last, revoked)] == [0, 0, 0, 1, 0]
    assert "last admin" in last.stderr
    assert said(migrated, "token", "list").stdout == ""


def test_a_customer_is_exported_erased_and_readmitted(migrated: Installation, tmp_path: Path):
    file = tmp_path / "people.csv"
    file.write_text("email,name\nann@bakery.example,Ann\n")
    take = ("people", "import", str(file), "--audience", "Bakers")
    said(migrated, *take)
    exported = said(migrated, "people", "export", "ann@bakery.example")
    erased = said(migrated, "people", "erase", "ann@bakery.example")
    again = said(migrated, *take)
    back = said(migrated, "people", "readmit", "ann@bakery.example")

    assert '"email": "ann@bakery.example"' in exported.stdout
    assert erased.stdout.startswith("Erased."), erased.stderr
    assert "0 refused, 1 of people who were erased." in again.stdout
    assert back.returncode == 0
    assert "1 added" in said(migrated, *take).stdout


def test_feedback_that_fails_in_whatever_way_tells_the_mail_server_to_come_again(
    migrated: Installation, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("app.delivery.inbox.hearing.hear", fail)
    done = said(migrated, "feedback", given="Subject: x")

    assert (done.returncode, done.stderr) == (75, "It could not be settled (ZeroDivisionError).\n")


def test_the_do_not_mail_list_goes_in_and_comes_out_as_a_file(
    migrated: Installation, tmp_path: Path
):
    file = tmp_path / "list.csv"
    file.write_text("email,kind,reason,since\nann@b.example,,asked,2026-11-01\nnobody,,,\n")
    taken = said(migrated, "suppressions", "import", str(file))
    again = said(migrated, "suppressions", "import", str(file))
    given = said(migrated, "suppressions", "export")

    assert "1 entry added. 1 line could not be taken." in taken.stdout
    assert "line 3: This address cannot be used" in taken.stderr
    assert "0 entries added. 1 was on the list already." in again.stdout
    assert given.stdout.splitlines() == [
        "email,kind,reason,since",
        "ann@b.example,,asked,2026-11-01T00:00:00Z",
    ]


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("::1", "http://[::1]:8000"),
        ("::", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
    ],
)
def test_where_no_address_is_set_it_is_where_we_listen(host: str, shown: str):
    assert command_setup.settings_at(host, 8000).public_url == shown


def test_a_file_of_another_user_is_named_with_what_helps():
    refused = PermissionError(13, "Permission denied", "/data/keys")
    told = command_setup.of_the_system_in_words(refused)

    assert told.startswith("Permission denied: /data/keys. This runs as user ")
    assert "THINSLICE_DATA_DIR" in told
    assert command_setup.of_the_system_in_words(OSError(28, "No space left")) == "No space left"
