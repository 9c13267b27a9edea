"""Starts the provider, tells it what to do, and asks what it was asked."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from app.platform import clock

ROOT = Path(__file__).parents[2]
CLIENT, SECRET = "thinslice", "the client's secret"


@dataclass(frozen=True)
class Idp:
    """A provider that runs."""

    issuer: str

    def tell(self, **lies: Any) -> None:
        """From now on; what is not named is as it should be, at the time of the test."""
        told = {"shift": (clock.micros() - clock.machine_micros()) / 1e6, **lies}
        httpx.post(f"{self.issuer}/told", json=told).raise_for_status()

    def asked(self, path: str) -> int:
        """How often for this path, ever."""
        return int(httpx.get(f"{self.issuer}/told").json()["asked"].count(path))

    def back(self) -> list[int]:
        """What was answered when it told of a log-out."""
        answers: list[int] = httpx.get(f"{self.issuer}/told").json()["back"]
        return answers


@contextmanager
def running() -> Iterator[Idp]:
    """A provider, until the end of the block."""
    command = [sys.executable, "-m", "tests.provider"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Idp(process.stdout.readline().strip())
        finally:
            process.terminate()
