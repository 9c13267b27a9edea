"""Versions of ours that were released, as they were: taken from git's history."""

import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.serve import OURS


def older_than_ours(folder: Path) -> tuple[str, Path]:
    """The newest release whose database is older than ours, unpacked: its name and its code."""
    for commit in _releases():
        if _newest_migration(commit) != max(_names_of_ours()):
            return _said(commit), _unpacked(commit, folder)
    pytest.skip("an earlier release is had from git's history, and there is none here")


def _releases() -> list[str]:
    """The commits that changed our version, newest first; none where this is no clone."""
    changed = ["log", "--format=%H", "-G^version = ", "--", "pyproject.toml"]
    done = _git(*changed)
    return done.stdout.decode().split() if done.returncode == 0 else []


def _newest_migration(commit: str) -> str:
    listed = _git("ls-tree", "--name-only", commit, "migrations/versions/").stdout.decode()
    return max(Path(line).name for line in listed.splitlines() if line.endswith(".py"))


def _names_of_ours() -> list[str]:
    return [path.name for path in (OURS / "migrations" / "versions").glob("*.py")]


def _said(commit: str) -> str:
    text = _git("show", f"{commit}:pyproject.toml").stdout.decode()
    return next(line.split('"')[1] for line in text.splitlines() if line.startswith("version = "))


def _unpacked(commit: str, folder: Path) -> Path:
    archive = _git("archive", commit).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return folder


def _git(*arguments: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(["git", "-C", OURS, *arguments], capture_output=True, check=False)
