"""Logging in with an identity provider that runs beside, in a process of its own."""

from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlmodel import select

from app.identity.models import AuditRow, User
from app.platform import config
from app.platform.config import Settings
from app.platform.db import Database
from tests.provider.process import CLIENT, SECRET, Idp
from tests.web.conftest import Browser

ROLES = "admins=admin, product=editor, staff=viewer"


@pytest.fixture
def settings(tmp_path, idp: Idp) -> Settings:
    return config.load(
        data_dir=tmp_path,
        oidc_issuer=idp.issuer,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
        oidc_roles=ROLES,
        oidc_name="Halvern",
    )


@dataclass
class Person:
    """Somebody with a browser, and with a log-in at the provider."""

    browser: Browser
    idp: Idp

    def begin(self, onward: str = "/features") -> str:
        """Press the button; where the provider sends the browser back to."""
        sent = self.browser.get(f"/login/oidc?next={onward}")
        assert sent.status_code == 303, sent.text
        back = httpx.get(sent.headers["location"])
        assert back.status_code == 302, back.text
        return back.headers["location"].removeprefix("http://127.0.0.1:8000")

    def log_in(self, who: str, **lies: Any) -> httpx.Response:
        self.idp.tell(who=who, **lies)
        return self.browser.get(self.begin())


@pytest.fixture
def person(stranger: Browser, idp: Idp) -> Person:
    return Person(stranger, idp)


def rows(database: Database, kind: Any) -> list[Any]:
    with database.read() as session:
        return list(session.exec(select(kind)).all())


def test_the_button_stands_beside_the_form(stranger: Browser):
    page = stranger.get("/login?next=/features").text

    assert "Log in with Halvern" in page
    assert 'href="/login/oidc?next=%2Ffeatures"' in page
    assert 'name="password"' in page


def test_somebody_new_comes_in_where_they_wanted_to_go(person: Person, database: Database):
    answer = person.log_in("eli")

    assert (answer.status_code, answer.headers["location"]) == (303, "/features")
    assert "New feature" in person.browser.get("/features").text
    (eli,) = [user for user in rows(database, User) if user.subject]
    assert (eli.email, eli.name, eli.role) == ("eli@halvern.example", "Eli", "editor")
    assert not eli.has_password
    (noted,) = [row for row in rows(database, AuditRow) if row.action == "log-in"]
    assert noted.details == {"method": "oidc", "issuer": person.idp.issuer}
