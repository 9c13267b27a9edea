"""Markup in whatever people write: every page shows it as text.

Every column of text that an installation holds rows of is filled with markup in turn, on both
databases, and every page that can still be written is read.
"""

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Table, Text, update
from sqlmodel import AutoString, SQLModel

from app.ops.installation import House
from app.platform import clock
from app.platform.db import Database
from tests import alone
from tests.bench import estate
from tests.bench.estate import Size
from tests.bench.pages import key_of
from tests.routes import addresses
from tests.whole import inside_of

MARKUP = "\"'><script>wrong()</script><b onx=1>"
_SIZE = Size.of(1)
WRITTEN = frozenset(
    {
        "about", "because", "believe", "comment", "created_by", "decided_by", "done_by",
        "external_id", "failed_because", "from_name", "kept_because", "last_error", "name", "note",
        "origin", "owner", "paused_reason", "reason", "remark", "reply", "said", "score_comment",
        "sentence", "text", "title", "url", "why",
    }
)  # fmt: skip


def written(table: Table) -> list[str]:
    """Columns that hold what somebody wrote, and that say nothing else by their value."""
    return [
        column.name
        for column in table.columns
        if column.name in WRITTEN
        and isinstance(column.type, (AutoString, Text))
        and not (column.primary_key or column.foreign_keys or column.unique)
    ]


def filled_with_markup(database: Database) -> list[str]:
    done = []
    for table in SQLModel.metadata.sorted_tables:
        for name in written(table):
            with database.write() as session:
                came = session.execute(update(table).values({name: MARKUP}))
                if came.rowcount:  # type: ignore[attr-defined]  # a cursor result, at run time
                    done.append(f"{table.name}.{name}")
    return done


def pages(application: FastAPI, headers: dict[str, str]) -> dict[str, httpx.Response]:
    async def read() -> dict[str, httpx.Response]:
        transport = httpx.ASGITransport(app=application, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://one.example") as asks:
            return {
                one: await asks.get(one, headers=headers)
                for one in addresses(application, estate.examples(_SIZE))
                if not one.startswith("/api/")
            }

    return alone.run(read())


@pytest.fixture
def filled(house: House) -> House:
    estate.fill(house.database, _SIZE, now=clock.now())
    return house


def test_markup_in_whatever_people_write_is_text_on_every_page(filled: House):
    done = filled_with_markup(filled.database)
    read = pages(inside_of(filled), key_of(filled))

    html = {
        one: said for one, said in read.items() if "html" in said.headers.get("content-type", "")
    }
    shown = [one for one, said in html.items() if "&lt;script&gt;wrong()" in said.text]
    raw = [
        one for one, said in html.items() if "<script>wrong" in said.text or "<b onx" in said.text
    ]

    assert len(done) > 10
    assert len(shown) > 15
    assert [one for one, said in html.items() if said.status_code >= 500] == []
    assert raw == []
