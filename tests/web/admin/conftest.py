"""The identity provider of these tests: a process of its own."""

from collections.abc import Iterator

import pytest

from tests.provider import process
from tests.provider.process import Idp


@pytest.fixture(scope="session")
def provider_process() -> Iterator[Idp]:
    with process.running() as idp:
        yield idp


@pytest.fixture
def idp(provider_process: Idp) -> Idp:
    """As it should be, until it is told otherwise."""
    provider_process.tell()
    return provider_process
