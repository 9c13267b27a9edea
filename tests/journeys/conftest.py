"""A running service on each kind of database, mailing through a real SMTP server.

`service` is a test's own; `shared` is for tests that get along with what others left there. Its
clock goes on while each test begins at its own moment: what is dated here has happened before
there.
"""

import shutil
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


@pytest.fixture(scope="session", params=KINDS)
def standing(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Installation, Mailbox]]:
    with (
        smtp_server() as (mailbox, mail),
        started(request, tmp_path_factory.mktemp("standing"), mail=mail) as installation,
    ):
        yield installation, mailbox


@pytest.fixture
def shared(standing: tuple[Installation, Mailbox]) -> Installation:
    return standing[0]


@pytest.fixture
def shared_mailbox(standing: tuple[Installation, Mailbox]) -> Mailbox:
    standing[1].taken.clear()
    return standing[1]


@contextmanager
def started(request: pytest.FixtureRequest, folder: Path, *, mail: str) -> Iterator[Installation]:
    """`serve` on a migrated database of the kind that the fixture's parameter names."""
    with migrated(request, folder / "data") as url:
        installation = Installation(folder / "data", url, mail=mail)
        installation.start("--migrate")  # others start on an empty one: it takes its time
        try:
            yield installation
        finally:
            installation.stop()


@contextmanager
def migrated(request: pytest.FixtureRequest, data: Path) -> Iterator[str]:
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgres_server")
        with server.fresh() as url:
            yield url
        return
    data.mkdir(mode=0o700, exist_ok=True)
    shutil.copy(request.getfixturevalue("templates")["sqlite"], data / "thinslice.db")
    yield ""
