"""A database that the operator named, and a worker that fills audiences from it."""

import sqlite3
from datetime import datetime
from pathlib import Path

from sqlmodel import col, select

from app.audience import fetching, store
from app.audience.erased import Marker
from app.audience.fetching import Fetcher
from app.audience.models import Membership, Person
from app.audience.schemas import AudienceSource
from app.platform.db import Database
from app.platform.duties import Attempts
from app.platform.put_off import PutOff
from tests.audience.test_imports import NOW
from tests.cast import MARKS

COLUMNS = ("E-mail", "Name", "waste", "city")


def filled(path: Path, rows: list[tuple[str, ...]]) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE IF EXISTS insight")
        names = ", ".join(f'"{name}" TEXT' for name in COLUMNS)
        connection.execute(f"CREATE TABLE insight ({names})")
        connection.executemany("INSERT INTO insight VALUES (?, ?, ?, ?)", rows)
    connection.close()


def fetcher(database: Database, warehouse: Path, marker: Marker = MARKS) -> Fetcher:
    folder = warehouse.parent / "imports"
    folder.mkdir(exist_ok=True)
    return Fetcher(
        database, folder, "folder", {"warehouse": f"sqlite:///{warehouse}"}, marker=marker
    )


def given(database: Database, query: str = "SELECT * FROM insight", every: str = "daily") -> str:
    with database.write() as session:
        audience = store.add_audience(session, f"Bakers {every}", by="Ann", now=NOW)
        source = AudienceSource.model_validate(
            {"connection": "WAREHOUSE", "query": query, "every": every}
        )
        fetching.keep(session, audience.id, source, by="Ann", now=NOW)
        return audience.id


def run(fetcher: Fetcher, now: datetime) -> None:
    Attempts(fetcher.database).round(fetcher.duty(), now)


def people(database: Database, audience_id: str) -> list[tuple[str, str | None, str]]:
    with database.read() as session:
        found = session.exec(
            select(Person, Membership)
            .join(Membership, col(Membership.person_id) == col(Person.id))
            .where(Membership.audience_id == audience_id)
        )
        return sorted((one.email, one.name, repr(row.data)) for one, row in found)


def troubles(database: Database) -> list[str]:
    with database.read() as session:
        return [row.reason for row in session.exec(select(PutOff))]
