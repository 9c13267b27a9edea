"""Links on a host of their own: `thinslice edge` beside a `serve`, on one database."""

import re
import signal
from collections.abc import Iterator
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cast import DESIGN, made
from tests.faults.test_killed_under_clicks import counted_hits
from tests.journeys.test_by_api import finished, given_an_audience
from tests.ports import free_port
from tests.serve import (
    Installation,
    Mailbox,
    children_of,
    click,
    links_in,
    smtp_server,
    wait_until,
)

_PEOPLE = 3


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Installation, Installation, Mailbox]]:
    """A `serve`, an `edge` whose address its mails carry, and who got them."""
    database, port = f"sqlite:///{tmp_path / 'shared.db'}", free_port()
    tracking = {"THINSLICE_TRACKING_URL": f"http://127.0.0.1:{port}"}
    with smtp_server() as (mailbox, mail):
        pages = Installation(tmp_path / "pages", database, mail=mail, settings=tracking)
        pages.start("--migrate")
        keys = {"THINSLICE_SECRET_KEYS": (pages.data / "keys").read_text().strip()}
        edge = Installation(tmp_path / "edge", database, port=port, settings=tracking | keys)
        edge.start("--workers", "2", command="edge")
        yield pages, edge, mailbox
        edge.stop()
        pages.stop()


def test_an_edge_answers_what_mails_carry_and_nothing_else(
    served: tuple[Installation, Installation, Mailbox],
):
    pages, edge, mailbox = served
    with pages.api("editor") as api:
        audience = given_an_audience(api, people=_PEOPLE)
        drawing = {"audience_id": audience, "arms": [_drawing(DESIGN["arms"][0])]}
        experiment = made(api.post("/experiments", json=DESIGN | drawing))["id"]
        api.post(f"/experiments/{experiment}/launch", json={})
        wait_until(partial(finished, api, experiment), what="the sending")
        links = [links_in(mail)[0] for _, mail in mailbox.mails()]
        clicked = [click(link).status_code for link in links * 10]
        headed = httpx.head(links[0]).status_code
        drawn = [httpx.get(_chart_in(mail)) for _, mail in mailbox.mails()]
        ways_out = _ways_out(mailbox, edge)
        left = [
            httpx.post(ways_out[0], data={"List-Unsubscribe": "One-Click"}),
            httpx.post(ways_out[1], files={"List-Unsubscribe": (None, "One-Click")}),
            httpx.head(ways_out[2]),
            httpx.get(ways_out[2]),
        ]
        gone = [row["email"] for row in api.get("/suppressions").json()["items"]]
        elsewhere = [httpx.get(f"{edge.url}{path}").status_code for path in ("/", "/api/v1/users")]
        processes = _stopped(edge)
        asked = 10 * _PEOPLE + 1
        counted = wait_until(lambda: counted_hits(api, experiment, at_least=asked), what="clicks")

    assert all(link.startswith(edge.url) for link in links)
    assert (set(clicked), headed, counted) == ({302}, 302, asked)
    assert all(one.content.startswith(b"\x89PNG") for one in drawn)
    assert [answer.status_code for answer in left] == [200] * 4
    assert sorted(gone) == sorted(address for address, _ in mailbox.mails()[:2])
    assert set(elsewhere) == {404}
    assert "/setup" not in edge.log  # there is no log-in here
    assert processes == 3  # two that answer, one that ingests


def _drawing(arm: dict[str, Any]) -> dict[str, Any]:
    return arm | {"body": f'{arm["body"]}\n\n{{% chart bar "Euros" euros %}}'}


def _chart_in(mail: EmailMessage) -> str:
    body = mail.get_body(("html",))
    assert body is not None
    found = re.search(r'src="([^"]*/d/[^"]*)"', body.get_content())
    assert found
    return found[1]


def _stopped(edge: Installation) -> int:
    """How many processes there were; what they journalled is read as they stop."""
    assert edge.process is not None
    processes = len(children_of(edge.process.pid))
    edge.process.send_signal(signal.SIGTERM)
    assert edge.process.wait(40) == 0
    return processes


def _ways_out(mailbox: Mailbox, edge: Installation) -> list[str]:
    """Each mail's address for one click out, as the edge's host has it, too."""
    found = [str(mail["List-Unsubscribe"]).strip("<>") for _, mail in mailbox.mails()]
    return [edge.url + httpx.URL(one).path for one in found]
