"""People with a browser of ours and a log-in at the provider."""

from dataclasses import dataclass
from typing import Any

import httpx
from sqlmodel import select

from app.platform.db import Database
from tests.provider.process import Idp
from tests.web.conftest import Browser


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


def rows(database: Database, kind: Any) -> list[Any]:
    with database.read() as session:
        return list(session.exec(select(kind)).all())
