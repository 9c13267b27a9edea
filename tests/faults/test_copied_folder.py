"""A data folder is copied to a second machine, and both run: both say so, until one is mended."""

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.faults.test_nothing_final_unread import mailed
from tests.postgres import Server
from tests.serve import Installation, Mailbox, click, wait_until

SAID = "Two machines run on copies of one data folder"


@pytest.fixture
def machine(
    postgres_server: Server, tmp_path: Path, mailbox_and_setting: tuple[Mailbox, str]
) -> Iterator[Installation]:
    url, mail = postgres_server.empty(), mailbox_and_setting[1]
    first = Installation(tmp_path / "first", url, mail=mail)
    first.start("--migrate")
    yield first
    first.stop()


@pytest.fixture
def copy(machine: Installation, mailbox: Mailbox, tmp_path: Path) -> Iterator[Installation]:
    """With a journal in which clicks are, as an image of a machine has it."""
    _, links = mailed(machine, mailbox)
    assert {click(link).status_code for link in links} == {302}
    copied = Installation(tmp_path / "copy", machine.database_url, mail=machine.mail)
    shutil.copytree(machine.data, copied.data)
    copied.start()
    yield copied
    copied.stop()


def has_said(machine: Installation) -> bool:
    return SAID in machine.log


def folders_of(machine: Installation) -> dict[str, str]:
    """How each is, by its path."""
    with machine.api() as api:
        return {one["path"]: one["state"] for one in api.get("/data-folders").json()["items"]}


def hits_of(machine: Installation) -> int:
    with machine.api() as api:
        (experiment,) = api.get("/experiments").json()["items"]
        found = api.get(f"/experiments/{experiment['id']}/hits", params={"limit": 200}).json()
    return sum(one["count"] for one in found["items"])


def test_both_are_told_and_the_copy_becomes_a_folder_of_its_own(
    machine: Installation, copy: Installation, mailbox: Mailbox
):
    for one in (machine, copy):
        wait_until(partial(has_said, one), what="the words in the log")
    states = set(folders_of(machine).values())
    doctor = copy.command("doctor")
    listed = [line for line in copy.command("folder", "list").stdout.splitlines() if SAID in line]
    with machine.api() as api:
        (known,) = api.get("/data-folders").json()["items"]
    copy.stop()
    (copy.data / "folder-id").unlink()
    copy.start()
    both = {str(one.data.resolve()): "read" for one in (machine, copy)}
    wait_until(lambda: folders_of(machine) == both, what="two folders, all read")
    counted = wait_until(lambda: hits_of(machine) >= 60 and hits_of(machine), what="the clicks")

    assert states == {"copied"}
    assert known["ingested_until"] is None
    assert all(str(one.data) in known["wrong"] for one in (machine, copy))
    assert SAID in doctor.stdout
    assert doctor.returncode == 1
    assert len(listed) == 1
    assert counted == 60  # what the copied journal holds is counted once
