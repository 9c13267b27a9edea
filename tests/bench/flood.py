"""How pages answer, and ingest keeps up, while customers click as fast as one client can.

`python -m tests.bench.flood [--seconds 10] [--people 1000] [--kind wide|hot] [--database NAME]`. A
real `serve`, clicked by a process of its own: `wide` follows all links of all mails, `hot` one. An
editor saves a feature and reads the list, ten times a second, until every click is counted. Ends
with 1 where a request of the editor's failed, or its p99 was above a second, or what sends or what
answers came to more memory than the manifest for Kubernetes gives to a container, or the ingester
to more than a quarter of that. Memory is the most that each process held (`VmHWM`); what they share
is counted with each.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests import postgres
from tests.bench.bench_import import _Folders
from tests.cast import DESIGN, made
from tests.clicking import Clicks, Editor
from tests.journeys.test_by_api import finished, given_an_audience
from tests.serve import (
    Installation,
    Mailbox,
    links_in,
    most_megabytes,
    smtp_server,
    wait_until,
)

_MOST_MEGABYTES = 1024  # of a container in deploy/kubernetes/thinslice.yaml
_INGESTER_MEGABYTES = 256  # however many clicks wait
DATABASES = ("sqlite", "postgresql")
KINDS = ("wide", "hot")


@contextmanager
def served(database: str, folder: Path, mail: str) -> Iterator[Installation]:
    """A running installation of its own."""
    if database == "sqlite":
        service = Installation(folder / "data", "", mail=mail)
        service.start("--migrate")
        yield service
        service.stop()
        return
    with postgres.server(_Folders(folder)) as server:  # type: ignore[arg-type]  # not pytest's
        service = Installation(folder / "data", server.empty(), mail=mail)
        service.start("--migrate")
        yield service
        service.stop()


def mailed(api: httpx.Client, people: int) -> str:
    """An experiment whose mails were all taken."""
    audience = given_an_audience(api, people=people)
    experiment = str(made(api.post("/experiments", json=DESIGN | {"audience_id": audience}))["id"])
    api.post(f"/experiments/{experiment}/launch", json={})
    wait_until(lambda: finished(api, experiment), what="the sending", seconds=300)
    return experiment


def counted(api: httpx.Client, experiment: str) -> int:
    """Raw clicks."""
    told = api.get(f"/experiments/{experiment}/readout").json()
    return sum(int(arm["clicks"]) for arm in told["arms"])


def measure(name: str, service: Installation, mailbox: Mailbox, asked: argparse.Namespace) -> bool:
    """One flood; whether the editor could work."""
    with service.api("editor") as api:
        experiment = mailed(api, asked.people)
        links = [link for _, mail in mailbox.mails() for link in links_in(mail)]
        editor, began = Editor(), time.monotonic()
        with Clicks(links[:1] if asked.kind == "hot" else links, seconds=asked.seconds) as clicks:
            while clicks.goes_on:
                editor.work(api)
                time.sleep(0.1)
            answered = clicks.answered()
        while counted(api, experiment) < answered:
            editor.work(api)
            time.sleep(0.1)
        seconds = time.monotonic() - began
    print(
        f"{name:<11}{asked.kind:<5} {answered:,} clicks answered in {asked.seconds:.0f} s;"
        f" ingested {answered / seconds:,.0f}/s, all after {seconds:.0f} s; {editor}"
    )
    assert service.process is not None
    held = most_megabytes(service.process.pid)
    told = ", ".join(f"{does} {megabytes} MB" for does, megabytes in sorted(held.items()))
    sending = held["sender"] + held["sender beside"]  # in a pod of their own
    answering, ingester = held.total() - sending, held["ingester"]
    print(
        f"{'':<16} most memory: {told}; {sending} MB to send and {answering} MB to answer, each of"
        f" {_MOST_MEGABYTES} MB, the ingester's of {_INGESTER_MEGABYTES} MB"
    )
    is_small = max(sending, answering) <= _MOST_MEGABYTES and ingester <= _INGESTER_MEGABYTES
    return not editor.failed and editor.p99 < 1 and is_small


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--kind", choices=KINDS)
    parser.add_argument("--database", choices=DATABASES)
    asked = parser.parse_args()
    kinds = [asked.kind] if asked.kind else KINDS
    well = True
    for database in [asked.database] if asked.database else DATABASES:
        for kind in kinds:
            asked.kind = kind
            with (
                tempfile.TemporaryDirectory() as name,
                smtp_server() as (mailbox, mail),
                served(database, Path(name), mail) as service,
            ):
                well &= measure(database, service, mailbox, asked)
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
