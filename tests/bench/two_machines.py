"""What a second machine is worth: one `serve`, then two, on one PostgreSQL, to a slow mail server.

`python -m tests.bench.two_machines [--people 600] [--millis 100]`. Each machine has a data folder
of its own. The mail server takes `millis` over each mail, so that senders wait for it, not for the
processors that both machines, the database and the mail server share here. It counts by itself who
got how many.
"""

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests import postgres
from tests.bench.bench_import import _Folders
from tests.cast import DESIGN, made
from tests.journeys.test_by_api import finished, given_an_audience
from tests.ports import free_port
from tests.serve import Installation, wait_until


class SlowMailbox:
    """Takes its time over each mail, several at once, and writes down who got it when."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.taken: list[tuple[float, str]] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        await asyncio.sleep(self._seconds)
        self.taken += [(time.monotonic(), address) for address in envelope.rcpt_tos]
        return "250 OK"


@dataclass(frozen=True, slots=True)
class Sending:
    """How one experiment went out."""

    mails: int
    people: int
    per_second: float  # from the first mail to the last

    @classmethod
    def of(cls, taken: list[tuple[float, str]]) -> "Sending":
        moments = [moment for moment, _ in taken]
        spent = max(moments) - min(moments)
        people = Counter(address for _, address in taken)
        return cls(len(taken), len(people), (len(taken) - 1) / spent)


@contextmanager
def mailbox(seconds: float) -> Iterator[tuple[SlowMailbox, str]]:
    """The mail server, and the MAIL setting that reaches it."""
    box, port = SlowMailbox(seconds), free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield box, f"smtp://127.0.0.1:{port}?tls=none"
    finally:
        controller.stop()


@contextmanager
def machines(number: int, url: str, folder: Path, mail: str) -> Iterator[list[Installation]]:
    """So many that share a database and keys."""
    first = Installation(folder / f"{number}-0", url, mail=mail)
    started = [first]
    try:
        first.start("--migrate")
        keys = {"THINSLICE_SECRET_KEYS": (first.data / "keys").read_text().strip()}
        for other in range(1, number):
            one = Installation(folder / f"{number}-{other}", url, mail=mail, settings=keys)
            started.append(one)
            one.start()
        yield started
    finally:
        for one in reversed(started):
            one.stop()


def sending(number: int, *, url: str, folder: Path, people: int, seconds: float) -> Sending:
    """Mail everybody of a new experiment with so many machines."""
    with mailbox(seconds) as (box, mail), machines(number, url, folder, mail) as [first, *_]:
        with first.api("editor") as api:
            draft = DESIGN | {"audience_id": given_an_audience(api, people=people)}
            experiment = made(api.post("/experiments", json=draft))["id"]
            api.post(f"/experiments/{experiment}/launch", json={})
            wait_until(partial(finished, api, experiment), seconds=600, what="the sending")
        return Sending.of(box.taken)


def _postgres(folder: Path) -> AbstractContextManager[postgres.Server]:
    return postgres.server(_Folders(folder))  # type: ignore[arg-type]  # not pytest's


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=600)
    parser.add_argument("--millis", type=float, default=100)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, _postgres(Path(name)) as server:
        found = {
            number: sending(
                number,
                url=server.empty(),
                folder=Path(name),
                people=chosen.people,
                seconds=chosen.millis / 1000,
            )
            for number in (1, 2)
        }
    for number, one in found.items():
        print(
            f"{number} machine{'s' if number > 1 else ' '}  {one.per_second:6.1f} mails/s"
            f"  {one.mails} mails to {one.people} people, {one.mails - one.people} twice"
        )
    print(f"ratio       {found[2].per_second / found[1].per_second:6.2f}")


if __name__ == "__main__":
    main()
