"""A running service per test, on each kind of database, mailing through a real SMTP server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import Server
from tests.serve import Installation, Mailbox, smtp_server


@pytest.fixture
def mailbox_and_setting() -> Iterator[tuple[Mailbox, str]]:
    with smtp_server() as server:
        yield server


@pytest.fixture
def mailbox(mailbox_and_setting: tuple[Mailbox, str]) -> Mailbox:
    return mailbox_and_setting[0]


@pytest.fixture(params=["sqlite", "postgresql"])
def service(
    request: pytest.FixtureRequest, tmp_path: Path, mailbox_and_setting: tuple[Mailbox, str]
) -> Iterator[Installation]:
    url = ""
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgres_server")
        url = server.empty()
    installation = Installation(tmp_path / "data", url, mail=mailbox_and_setting[1])
    installation.start("--migrate")
    yield installation
    installation.stop()
