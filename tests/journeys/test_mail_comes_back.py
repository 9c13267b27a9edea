"""A real mail server takes everything, and returns most of it later: then it was not delivered."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import postfix
from tests.cast import DESIGN, made
from tests.journeys.conftest import migrated
from tests.journeys.test_by_api import imported
from tests.ports import free_port
from tests.serve import Installation, wait_until

_KNOWN, _GONE = 8, 4  # of one in three that do not exist it would pause, were they a hundred
_PEOPLE = "email,name,euros\n" + "".join(
    [f"known{n}@bakery.example,Known {n},{40 + n}\n" for n in range(_KNOWN)]
    + [f"gone{n}@bakery.example,Gone {n},{40 + n}\n" for n in range(_GONE)]
)


@pytest.fixture(params=["sqlite", "postgresql"])
def returning(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """`serve`, `inbox` and postfix between them."""
    inbox = free_port()
    with postfix.running(inbox) as mail, migrated(request, tmp_path / "data") as url:
        installation = Installation(tmp_path / "data", url, mail=mail)
        installation.settings["THINSLICE_BOUNCE_ADDRESS"] = f"bounces@{postfix.BOUNCES_AT}"
        installation.start("--migrate")
        try:
            with taking(installation, inbox):
                yield installation
        finally:
            installation.stop()


@contextmanager
def taking(of: Installation, port: int) -> Iterator[None]:
    asked = [sys.executable, "-m", "app.cli", "inbox", "--port", str(port)]
    process = subprocess.Popen(asked, env=of.environment(), cwd=Path(__file__).parents[2])
    try:
        wait_until(lambda: _listens(port), what="the inbox")
        yield
    finally:
        process.terminate()
        assert process.wait(30) == 0


def _listens(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


def test_what_the_server_took_and_returned_was_not_delivered(returning: Installation):
    with returning.api("editor") as api:
        experiment = launched(api)
        wait_until(lambda: _count(api, experiment, "bounced") == _GONE, what="the reports")
        progress = api.get(f"/experiments/{experiment}/progress").json()
        [arm] = api.get(f"/experiments/{experiment}/readout").json()["arms"]
        sends = api.get(f"/experiments/{experiment}/sends", params={"state": "bounced"}).json()
        suppressed = api.get("/suppressions").json()["items"]

    assert (progress["sent"], progress["bounced"]) == (_KNOWN, _GONE)
    assert (arm["sent"], arm["delivered"], arm["bounced"]) == (_KNOWN + _GONE, _KNOWN, _GONE)
    assert all("5.1.1" in send["last_reply"] for send in sends["items"])
    assert all("@" not in send["last_reply"] for send in sends["items"])
    assert [row["reason"] for row in suppressed] == ["bounced"] * _GONE


def launched(api, **changes: object) -> str:
    audience = made(api.post("/audiences", json={"name": "Bakers"}))["id"]
    started = made(
        api.post(
            f"/audiences/{audience}/imports",
            content=_PEOPLE,
            headers={"Content-Type": "text/csv"},
        )
    )
    wait_until(lambda: imported(api, started["id"]), what="the import")
    experiment = made(api.post("/experiments", json=DESIGN | {"audience_id": audience} | changes))[
        "id"
    ]
    made_so = api.post(f"/experiments/{experiment}/launch", json={})
    assert made_so.status_code < 300, made_so.text
    return str(experiment)


def _count(api, experiment: str, state: str) -> int:
    return int(api.get(f"/experiments/{experiment}/progress").json()[state])
