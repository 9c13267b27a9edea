"""What several faults need: an experiment under way, a disk of its own, and times of arrival."""

import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiosmtpd.smtp import Envelope

from tests.cast import DESIGN, made
from tests.journeys.test_demo import csrf_of
from tests.serve import Installation, Mailbox

_WHO, PASSWORD = "bo@halvern.example", "a long word and another one"


def launched(api: httpx.Client, audience: str, **changes: Any) -> str:
    """An experiment of everybody in an audience, on its way."""
    draft = DESIGN | {"audience_id": audience} | changes
    experiment = str(made(api.post("/experiments", json=draft))["id"])
    assert api.post(f"/experiments/{experiment}/launch", json={}).status_code < 300
    return experiment


def received(mailbox: Mailbox) -> Counter[str]:
    """How many mails each address got."""
    return Counter(address for address, _ in mailbox.taken)


@contextmanager
def logged_in(service: Installation) -> Iterator[httpx.Client]:
    """A person at the pages."""
    flags = ("--role", "admin", "--password-stdin")
    done = service.command("user", "add", _WHO, *flags, given=PASSWORD + "\n")
    assert done.returncode == 0 or "already" in done.stderr, done.stderr
    with httpx.Client(base_url=service.url, follow_redirects=True, timeout=30) as client:
        form = {"email": _WHO, "password": PASSWORD, "csrf": csrf_of(client.get("/login"))}
        assert client.post("/login", data=form).url.path == "/"
        yield client


class Slowly:
    """A rule of a mailbox: each mail takes a while, and its moment is kept."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.arrived: dict[str, float] = {}

    def __call__(self, address: str, _envelope: Envelope) -> None:
        self.arrived[address] = time.monotonic()
        time.sleep(self.seconds)


@contextmanager
def small_disk(folder: Path, *, megabytes: int) -> Iterator[None]:
    """A file system of its own in a folder; who may not mount one skips the test."""
    folder.mkdir()
    size = f"size={megabytes}m"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a disk that fills up needs the right to mount one: run it as root")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(folder: Path) -> Path:
    """Take all the room that is left; the file to delete for having it back."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for piece in (1 << 20, 1 << 12):
            try:
                while file.write(bytes(piece)) == piece:
                    pass
            except OSError:
                continue  # not so much any more
    return ballast
