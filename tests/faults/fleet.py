"""Two machines for the web and two that send: own data folders, one database, one address."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.serve import Installation

WEB, WORKER = ("--no-worker",), ()


@dataclass(frozen=True)
class Machine:
    """An installation, and how it is started."""

    at: Installation
    command: str
    flags: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.at.data.name

    def start(self) -> None:
        self.at.start(*self.flags, command=self.command)


@dataclass(frozen=True)
class Fleet:
    """The machines, by what they do."""

    web: list[Machine]
    workers: list[Machine]

    @property
    def all(self) -> list[Machine]:
        return [*self.web, *self.workers]

    @property
    def addresses(self) -> list[str]:
        """Where clicks may go; links in mails name the first of them."""
        return [one.at.url for one in self.web]

    @property
    def log(self) -> str:
        return "".join(one.at.log for one in self.all)


@contextmanager
def fleet(folder: Path, url: str, *, mail: str, code: Path | None = None) -> Iterator[Fleet]:
    """All four, started on a database that is migrated by the first; stopped in the end."""
    names = [("web-1", WEB), ("web-2", WEB), ("worker-1", WORKER), ("worker-2", WORKER)]
    made = [
        Machine(Installation(folder / name, url, mail=mail), _command(flags), flags)
        for name, flags in names
    ]
    first, *others = made
    if code:
        for one in made:
            one.at.code = code
    try:
        first.at.start("--migrate", *first.flags)
        for one in others:
            one.at.settings |= {
                "THINSLICE_SECRET_KEYS": (first.at.data / "keys").read_text().strip(),
                "THINSLICE_PUBLIC_URL": first.at.url,
            }
        with ThreadPoolExecutor(len(others)) as pool:
            list(pool.map(Machine.start, others))
        yield Fleet(made[:2], made[2:])
    finally:
        for one in reversed(made):
            one.at.stop()


def _command(flags: tuple[str, ...]) -> str:
    return "serve" if flags == WEB else "worker"
