"""Somebody new comes by the provider twice at once: they are made once, and let in both times."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from app.identity.oidc import arrivals
from app.identity.oidc.arrivals import Arrival
from app.platform import config
from app.platform.db import Database
from tests.identity.scenes import NOW

ISSUER = "https://id.example/x"
ADA = Arrival(ISSUER, "sub-ada", "ada@halvern.example", "Ada", frozenset())
WAITING = text("SELECT COUNT(*) FROM pg_locks WHERE NOT granted")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_second_finds_whom_the_first_made(database: Database, tmp_path: Path):
    settings = config.load(
        data_dir=tmp_path, oidc_issuer=ISSUER, oidc_client_id="c", oidc_roles="*=viewer"
    )

    def come() -> str:
        with database.write() as session:
            return arrivals.welcome(session, ADA, settings, now=NOW).id

    with ThreadPoolExecutor(1) as pool:
        with database.write() as session:
            first = arrivals.welcome(session, ADA, settings, now=NOW).id
            second = pool.submit(come)
            while not session.execute(WAITING).scalar_one() and not second.done():
                time.sleep(0.01)
            has_waited = not second.done()

        assert has_waited
        assert second.result() == first
