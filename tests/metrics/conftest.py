"""Pages and API together, on a real database, for one editor."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi import Depends, FastAPI
from starlette.datastructures import State

from app.api import problems
from app.api import site as api_site
from app.identity import guard, sessions
from app.identity.last_use import LastUse
from app.identity.models import User
from app.links.keyring import Keyring
from app.ops.holding import Hold
from app.platform import clock, config, install
from app.platform.db import Database
from app.web import site as web_site
from tests.anew import forget_tries
from tests.api.conftest import Api, _translate, as_
from tests.cast import A_SERVER
from tests.identity.scenes import hashed_password
from tests.metrics.scenes import START
from tests.web.conftest import Browser


@pytest.fixture(scope="session")
def assembled(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    application = FastAPI(dependencies=[Depends(guard.enforce)], docs_url=None, redoc_url=None)
    application.state.settings = config.load(data_dir=tmp_path_factory.mktemp("assembled"))
    api_site.install(application)
    _translate(application)
    web_site.install(application, problems)
    return application


@pytest.fixture
def application(
    assembled: FastAPI, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> FastAPI:
    monkeypatch.setattr(clock, "now", lambda: START)
    with database.write() as session:
        install.ensure(session, now=START)
    application = assembled
    application.state = State()
    application.state.settings = config.load(
        data_dir=tmp_path,
        timezone="UTC",
        mail=A_SERVER,
        mail_replies="replies@mail.halvern.example",
    )
    application.state.database = database
    application.state.last_use = LastUse(database)
    application.state.keyring = Keyring.of([b"0" * 32])
    application.state.hold = Hold(database)
    application.state.house = SimpleNamespace(
        database=database, imports=tmp_path, folder_id="here", settings=application.state.settings
    )
    return application


@pytest.fixture
def api(application: FastAPI) -> Api:
    return as_(application, "editor")


@pytest.fixture
def browser(application: FastAPI) -> Browser:
    forget_tries()
    with application.state.database.write() as session:
        ann = User(
            email="ann@halvern.example", name="Ann", role="editor",
            password_hash=hashed_password(), created_at=START,
        )  # fmt: skip
        session.add(ann)
        session.flush()
        secret = sessions.begin(session, ann, now=START).secret
    found = Browser(application)
    found.cookies.set("thinslice", secret, domain="127.0.0.1")
    return found
