"""Secrets: given and good, or made once, for the owner's eyes only."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.platform import config, keys
from app.platform.config import BadSettings, Settings

GOOD = "Xq4vR0c2Lw8Zt6Yk1Bn7Pd3Hs9Gj5Fm_a", "zzTOPv7Q1wErTy8Ui0Pa3Sd5Fg6Hj9Kl_b"


def settings(folder: Path, secret_keys: str = "") -> Settings:
    return config.load(data_dir=folder / "data", secret_keys=secret_keys)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_first_start_makes_a_key_that_later_starts_find(tmp_path: Path):
    made = keys.load_or_make(settings(tmp_path))

    assert len(made) == 1
    assert len(made[0]) >= 32
    assert keys.load_or_make(settings(tmp_path)) == made


def test_only_its_owner_may_look(tmp_path: Path):
    keys.load_or_make(settings(tmp_path))

    assert mode(tmp_path / "data") == 0o700
    assert mode(tmp_path / "data" / "keys") == 0o600


def test_two_folders_have_keys_and_ids_of_their_own(tmp_path: Path):
    one, other = settings(tmp_path / "a"), settings(tmp_path / "b")

    assert keys.load_or_make(one) != keys.load_or_make(other)
    for mine, others in zip(
        keys.folder_id(one.data_dir), keys.folder_id(other.data_dir), strict=True
    ):
        assert mine != others


def test_a_copy_has_the_same_id_elsewhere(tmp_path: Path):
    first = keys.folder_id(tmp_path)
    (tmp_path / "copy").mkdir()
    shutil.copy2(tmp_path / "folder-id", tmp_path / "copy")
    copied = keys.folder_id(tmp_path / "copy")

    assert keys.folder_id(tmp_path) == first
    assert copied[0] == first[0]
    assert copied[1] != first[1]


def test_those_that_start_at_the_same_moment_agree_and_leave_no_draft(tmp_path: Path):
    given = settings(tmp_path)
    with ThreadPoolExecutor(8) as several:
        found = set(several.map(lambda _: keys.load_or_make(given), range(16)))
        ids = set(several.map(lambda _: keys.folder_id(given.data_dir), range(16)))

    assert len(found) == len(ids) == 1
    assert sorted(path.name for path in given.data_dir.iterdir()) == ["folder-id", "keys"]


@pytest.mark.parametrize("between", [" ", ",", ", ", "\n"])
def test_given_keys_are_used_in_their_order_and_none_is_made(tmp_path: Path, between: str):
    given = settings(tmp_path, between.join(GOOD))

    assert keys.load_or_make(given) == tuple(key.encode() for key in GOOD)
    assert not (given.data_dir / "keys").exists()


@pytest.mark.parametrize(
    "bad",
    [
        " , ",
        "short",
        f"{GOOD[0]} short",
        "changeme" * 8,
        "0" * 64,
        "my-secret-key-" + "x1y2z3w4" * 4,
    ],
)
def test_a_short_a_known_or_no_key_is_refused(tmp_path: Path, bad: str):
    with pytest.raises(BadSettings, match="THINSLICE_SECRET_KEYS") as refused:
        keys.load_or_make(settings(tmp_path, bad))

    assert bad not in str(refused.value)


def test_an_emptied_key_file_is_said_and_not_replaced(tmp_path: Path):
    given = settings(tmp_path)
    keys.load_or_make(given)
    (given.data_dir / "keys").write_text("")

    with pytest.raises(BadSettings, match="is empty"):
        keys.load_or_make(given)


_AS_A_POD = """
import os, sys
from pathlib import Path
from app.platform import config, keys
os.setgroups([10001]); os.setgid(10001); os.setuid(10001)
folder = Path(sys.argv[1])
keys.load_or_make(config.load(data_dir=folder))
print(keys.folder_id(folder)[0])
"""


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A folder that anybody may go through; a test's own are for whoever runs it."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder of somebody else's")
def test_a_folder_of_roots_that_a_group_may_write_to_can_be_used(open_path: Path):
    volume = open_path / "volume"
    volume.mkdir()
    os.chown(volume, 0, 10001)
    volume.chmod(0o2770)  # as Kubernetes does for `fsGroup: 10001`
    command = [sys.executable, "-c", _AS_A_POD, str(volume)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert {path.stat().st_mode & 0o777 for path in volume.iterdir()} == {0o600}
    assert {path.name for path in volume.iterdir()} == {"keys", "folder-id"}
    assert volume.stat().st_mode & 0o777 == 0o770


def test_a_folder_of_somebody_else_is_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    tmp_path.chmod(0o770)
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    keys.make_folder(tmp_path)

    assert tmp_path.stat().st_mode & 0o777 == 0o770
