"""Pages that an identity provider lets people in to: it runs beside, in a process of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.platform import config
from app.platform.config import Settings
from tests.provider import process
from tests.provider.process import CLIENT, SECRET, Idp
from tests.web.conftest import Browser
from tests.web.provider.people import Person

ROLES = "admins=admin, product=editor, staff=viewer"


@pytest.fixture(scope="session")
def provider_process() -> Iterator[Idp]:
    with process.running() as idp:
        yield idp


@pytest.fixture
def idp(provider_process: Idp) -> Idp:
    """As it should be, until it is told otherwise."""
    provider_process.tell()
    return provider_process


@pytest.fixture
def settings(tmp_path: Path, idp: Idp) -> Settings:
    return config.load(
        data_dir=tmp_path,
        oidc_issuer=idp.issuer,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
        oidc_roles=ROLES,
        oidc_name="Halvern",
    )


@pytest.fixture
def person(stranger: Browser, idp: Idp) -> Person:
    return Person(stranger, idp)
