"""Pages, API and agents as one process has them, on a real database of each kind."""

from pathlib import Path

import pytest
from fastapi import Depends, FastAPI

from app.agents import site as agents
from app.api import problems
from app.api import site as api
from app.identity import guard
from app.platform import config
from app.platform.config import Settings
from app.web import site
from tests.oauth.program import Program
from tests.web import conftest as theirs

application = theirs.application
people = theirs.people
stranger = theirs.stranger
ann = theirs.ann
eve = theirs.eve
bo = theirs.bo


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return config.load(data_dir=tmp_path)


@pytest.fixture(scope="session")
def assembled(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    application = FastAPI(dependencies=[Depends(guard.enforce)], redirect_slashes=False)
    application.state.settings = config.load(data_dir=tmp_path_factory.mktemp("assembled"))
    api.install(application)
    application.include_router(agents.router)
    site.install(application, problems)
    return application


@pytest.fixture
def program(application: FastAPI, people: None) -> Program:
    """Registered, and let in by nobody."""
    return Program(application)
