"""A relay that says nothing about one domain's people (F11): the others get theirs meanwhile."""

import asyncio
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.cast import csv_of, made
from tests.conftest import KINDS
from tests.faults.scenes import launched, received
from tests.journeys.conftest import started
from tests.journeys.test_by_api import finished, imported
from tests.ports import free_port
from tests.serve import Installation, Mailbox, wait_until

_SLOW, _OTHERS = 4, 40  # fewer slow ones than conversations, and all of them in one batch


class Holding(Mailbox):
    """Answers nothing to the name of a slow recipient, until it is let go on."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()
        self.held = 0
        self.port = free_port()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if address.endswith("slow.example") and not self.go_on.is_set():
            self.held += 1
            await asyncio.to_thread(self.go_on.wait, 600)
        envelope.rcpt_tos.append(address)
        return "250 OK"


@pytest.fixture
def relay() -> Iterator[Holding]:
    mailbox = Holding()
    controller = Controller(mailbox, hostname="127.0.0.1", port=mailbox.port)
    controller.start()
    yield mailbox
    mailbox.go_on.set()
    controller.stop()
    assert mailbox.mailed_twice() == []


@pytest.fixture(params=KINDS)
def service(
    request: pytest.FixtureRequest, tmp_path: Path, relay: Holding
) -> Iterator[Installation]:
    mail = f"smtp://127.0.0.1:{relay.port}?tls=none"
    with started(request, tmp_path, mail=mail) as installation:
        yield installation


def given_bakers(api: httpx.Client) -> str:
    file = csv_of(_SLOW + _OTHERS).replace(b"@bakery", b"@slow", _SLOW)
    audience = str(made(api.post("/audiences", json={"name": "Bakers"}))["id"])
    kind = {"Content-Type": "text/csv"}
    begun = made(api.post(f"/audiences/{audience}/imports", content=file, headers=kind))["id"]
    wait_until(partial(imported, api, begun), what="the import")
    return audience


def test_whoever_is_not_answered_about_keeps_no_other_waiting(
    service: Installation, relay: Holding
):
    with service.api("editor") as api:
        experiment = launched(api, given_bakers(api))
        wait_until(lambda: len(relay.taken) >= _OTHERS, what="the others' mails")
        held, meanwhile = relay.held, received(relay)
        relay.go_on.set()
        progress = wait_until(partial(finished, api, experiment), seconds=300, what="the sending")
    print(f"F11 mail: {meanwhile.total()} of {_OTHERS} others got theirs while {held} waited")

    assert held == _SLOW
    assert not [address for address in meanwhile if address.endswith("slow.example")]
    assert (progress["sent"], progress["uncertain"]) == (_SLOW + _OTHERS, 0)
    assert set(received(relay).values()) == {1}
