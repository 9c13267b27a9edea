"""A running service on each kind of database, mailing through a real SMTP server.

`service` is a test's own; `standing` is shared by the tests of a module that leave it as it was.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import KINDS
from tests.postgres import Server
from tests.serve import Installation, Mailbox, smtp_server


@pytest.fixture
def mailbox_and_setting() -> Iterator[tuple[Mailbox, str]]:
    with smtp_server() as server:
        yield server


@pytest.fixture
def mailbox(mailbox_and_setting: tuple[Mailbox, str]) -> Mailbox:
    return mailbox_and_setting[0]


@pytest.fixture(params=KINDS)
def service(
    request: pytest.FixtureRequest, tmp_path: Path, mailbox_and_setting: tuple[Mailbox, str]
) -> Iterator[Installation]:
    with started(request, tmp_path, mail=mailbox_and_setting[1]) as installation:
        yield installation


@pytest.fixture(scope="module", params=KINDS)
def standing(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Installation, Mailbox]]:
    with (
        smtp_server() as (mailbox, mail),
        started(request, tmp_path_factory.mktemp("standing"), mail=mail) as installation,
    ):
        yield installation, mailbox


@contextmanager
def started(request: pytest.FixtureRequest, folder: Path, *, mail: str) -> Iterator[Installation]:
    """`serve` on an empty database of the kind that the fixture's parameter names."""
    url = ""
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgres_server")
        url = server.empty()
    installation = Installation(folder / "data", url, mail=mail)
    installation.start("--migrate")
    try:
        yield installation
    finally:
        installation.stop()
