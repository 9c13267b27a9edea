"""What a restored copy shows: what it was made of, and while it is held, that it is."""

import difflib
import re
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from app.identity import sessions
from app.identity import store as identity
from app.ops import backing_up, restoring
from app.ops.backup_contents import Contents
from app.ops.installation import House, open_house, prepare
from app.platform import clock, config, install
from app.platform.config import Settings
from app.platform.db import Database
from tests import alone
from tests.bench import estate
from tests.bench.estate import Size
from tests.bench.pages import key_of
from tests.conftest import KINDS
from tests.postgres import Server
from tests.routes import addresses
from tests.web.conftest import Browser
from tests.whole import inside_of

# What goes by the minute, the request or the log-in.
_MEANWHILE = re.compile(
    r"\d+ (?:second|minute)s? ago|just now|csrf(?:=|\" value=\")[\w-]+"
    r"|\"(?:lag_seconds|as_of|now)\": ?[^,}]*"
)
_OTHERWISE = (
    "/ready",
    "/metrics",
    "/data-folders",
    "/api/v1/data-folders",
    # What a restore notes stands in it.
    "/audit",
    "/audit/verified",
    "/api/v1/audit",
    "/api/v1/audit/verified",
)  # of this machine alone


def test_every_page_says_it_to_whoever_edits(
    ann: Browser, eve: Browser, bo: Browser, database: Database
):
    with database.write() as session:
        install.begin_anew(session)
    pages = ("/", "/experiments", "/help/mail")
    seen = {
        name: ["and is held: it sends nothing" in browser.get(page).text for page in pages]
        for name, browser in (("ann", ann), ("eve", eve), ("bo", bo))
    }
    with database.write() as session:
        install.let_go(session)

    assert seen == {"ann": [True] * 3, "eve": [True] * 3, "bo": [False] * 3}
    assert "is held" not in ann.get("/experiments").text


@pytest.fixture
def filled(house: House) -> tuple[House, Size]:
    """Experiments in every state, key results with weeks of values, learnings, people."""
    prepare(house)
    size = replace(Size.of(3), people=300)
    estate.fill(house.database, size, now=clock.now())
    return house, size


def test_every_page_list_and_export_is_as_before(
    filled: tuple[House, Size],
    tmp_path: Path,
    postgres_server: Server,
    monkeypatch: pytest.MonkeyPatch,
):
    """On a copy of each kind: what it is told by is asked once for both."""
    house, size = filled
    stands = clock.micros()
    monkeypatch.setattr(clock, "micros", lambda: stands)
    headers = key_of(house)
    backing_up.write_to(tmp_path / "one.tar", house)
    before = asked(house, size, headers)
    wrong = []
    for kind in KINDS:
        url = postgres_server.empty() if kind == "postgresql" else ""
        settings = config.load(
            data_dir=tmp_path / kind, database_url=url, public_url=house.settings.public_url
        )
        after = restored(settings, tmp_path / "one.tar", size, headers)
        wrong += [
            (kind, _difference(name, text, after[name]))
            for name, text in before.items()
            if text != after[name]
        ]

    assert len(before) > 150
    assert wrong == []


def restored(settings: Settings, file: Path, size: Size, headers: dict[str, str]) -> dict[str, str]:
    """What a copy answers, let go of and with somebody logged in."""
    restoring.restore(settings, Contents(file))
    copy = open_house(settings)
    with closing(copy.database):
        with copy.database.write() as session:
            install.let_go(session)
            user = identity.user_by_email(session, "a@b.example")
            assert user
            cookie = sessions.begin(session, user, now=clock.now()).secret
        return asked(copy, size, headers | {"Cookie": f"thinslice={cookie}"})


def asked(house: House, size: Size, headers: dict[str, str]) -> dict[str, str]:
    """What is answered at every address that reads."""
    application = inside_of(house)

    async def ask() -> dict[str, str]:
        transport = httpx.ASGITransport(app=application, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url=house.settings.public_url
        ) as client:
            found = {}
            for place in addresses(application, estate.examples(size)):
                if place not in _OTHERWISE:
                    answer = await client.get(place, headers=headers)
                    found[place] = f"{answer.status_code} {_MEANWHILE.sub('', answer.text)}"
            return found

    return alone.run(ask())


def _difference(place: str, before: str, after: str) -> str:
    changed = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return f"{place}: {list(changed)[2:6]}"
