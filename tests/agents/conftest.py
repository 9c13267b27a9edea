"""Agents beside the API, on a real database of each kind."""

import pytest
from fastapi import Depends, FastAPI

from app.agents import site as agents
from app.api import site
from app.identity import guard
from tests.agents.asked import Agent
from tests.api import conftest as theirs

at_nine = theirs.at_nine
application = theirs.application
api = theirs.api
viewer = theirs.viewer
key_result = theirs.key_result
audience_id = theirs.audience_id
experiment = theirs.experiment
ann = theirs.ann


@pytest.fixture(scope="session")
def assembled() -> FastAPI:
    """The API's routes and the agents', put together once."""
    application = FastAPI(dependencies=[Depends(guard.enforce)], docs_url=None, redoc_url=None)
    site.install(application)
    application.include_router(agents.router)
    theirs._translate(application)
    return application


@pytest.fixture
def agent(viewer: theirs.Api) -> Agent:
    """One that may only look."""
    assert viewer.token is not None
    return Agent(viewer.application, viewer.token)
