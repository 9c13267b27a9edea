"""Machines with data folders of their own on one database, reached under one address."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tests.serve import OURS, Installation


@dataclass(frozen=True)
class Machine:
    """An installation, and how it is started."""

    at: Installation
    command: str = "serve"
    flags: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.at.data.name

    def start(self) -> None:
        self.at.start(*self.flags, command=self.command)


@dataclass(frozen=True)
class Fleet:
    """The machines, in the order of their names."""

    all: Sequence[Machine]

    @property
    def web(self) -> list[Machine]:
        """Those that answer customers; links in mails name the first of them."""
        return [one for one in self.all if one.command == "serve"]

    @property
    def addresses(self) -> list[str]:
        return [one.at.url for one in self.web]


@contextmanager
def web_and_workers(
    folder: Path,
    url: str,
    *,
    mail: str,
    settings: Mapping[str, str] | None = None,
    at: datetime | None = None,
) -> Iterator[Fleet]:
    """Two that answer and send nothing, two that only send; at that moment, if one is said."""

    def installed(name: str) -> Installation:
        return Installation(folder / name, url, mail=mail, settings=dict(settings or {}), at=at)

    answering = [installed(f"web-{one}") for one in (1, 2)]
    sending = [installed(f"worker-{one}") for one in (1, 2)]
    machines = [Machine(one, flags=("--no-worker",)) for one in answering]
    machines += [Machine(one, command="worker") for one in sending]
    with _started(machines) as fleet:
        yield fleet


@contextmanager
def servers(
    number: int, folder: Path, url: str, *, mail: str, code: Path = OURS
) -> Iterator[Fleet]:
    """So many that do everything, of the version of ours that lies there."""
    names = [f"server-{one}" for one in range(1, number + 1)]
    made = [Installation(folder / name, url, mail=mail, code=code) for name in names]
    with _started([Machine(one) for one in made]) as fleet:
        yield fleet


@contextmanager
def _started(machines: Sequence[Machine]) -> Iterator[Fleet]:
    """The first one migrates; the others share its keys and address. Stopped in the end."""
    first, *others = machines
    try:
        first.at.start("--migrate", *first.flags)
        for one in others:
            one.at.settings |= {
                "THINSLICE_SECRET_KEYS": (first.at.data / "keys").read_text().strip(),
                "THINSLICE_PUBLIC_URL": first.at.url,
            }
        with ThreadPoolExecutor(len(others)) as pool:
            list(pool.map(Machine.start, others))
        yield Fleet(machines)
    finally:
        for one in reversed(machines):
            one.at.stop()
