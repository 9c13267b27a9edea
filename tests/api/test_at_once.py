"""The same is asked of two machines at once: each gets an answer, and it is done once or refused.

What two have looked at, and both now write, is made to happen: tables are kept from being written
until all have come so far.
"""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.settled import Settled
from tests.whole import Said, Whole, of_json, whole

_AT_ONCE = 3
_OWN = ("name", "title", "email", "text", "id")  # what tells one thing of a kind from the next
_TABLES = """
    SELECT string_agg(format('%I', relname), ', ')
      FROM pg_class
     WHERE relnamespace = 'public'::regnamespace
       AND relkind = 'r'
"""
_WAITING = """
    SELECT COUNT(*)
      FROM pg_stat_activity
     WHERE datname = current_database()
       AND wait_event_type = 'Lock'
"""

pytestmark = [
    pytest.mark.parametrize("database_url", ["postgresql"], indirect=True),
    pytest.mark.filterwarnings("ignore:DELETE statement on table"),  # who comes second finds none
]


@pytest.fixture
def town(database_url: str, tmp_path: Path) -> Iterator[tuple[Whole, Settled, str]]:
    with whole(tmp_path, database_url) as application:
        yield application, Settled(application), database_url


def at_once(application: Whole, url: str, asked: list[tuple[str, str, Any]]) -> list[Said]:
    """Answers to requests that had all looked before any of them wrote."""
    key = application.systems["admin"]

    async def ask() -> list[Said]:
        with psycopg.connect(url) as holder:
            tables = holder.execute(_TABLES).fetchone()
            assert tables
            holder.execute(f"LOCK TABLE {tables[0]} IN SHARE MODE".encode())
            waiting = [
                asyncio.create_task(
                    application.ask(
                        method, f"/api/v1{path}", key, body=of_json(body) if body else b""
                    )
                )
                for method, path, body in asked
            ]
            await asyncio.to_thread(_until_they_wait, url, len(asked))
        return await asyncio.gather(*waiting)

    return asyncio.run(ask())


def _until_they_wait(url: str, most: int) -> None:
    """For a moment: one that was refused at once waits for nothing."""
    until = time.monotonic() + 1
    with psycopg.connect(url, autocommit=True) as looking:
        while time.monotonic() < until:
            found = looking.execute(_WAITING).fetchone()
            if found and found[0] >= most:
                return
            time.sleep(0.02)


def another(body: Any) -> Any:
    """The same of another thing, by its name."""
    if not isinstance(body, dict):
        return body
    return body | {name: f"2{body[name]}" for name in _OWN if isinstance(body.get(name), str)}


def test_whatever_is_made_twice_at_once_is_made_or_refused(town: tuple[Whole, Settled, str]):
    application, settled, url = town
    found = {}
    for (method, path), body in settled.bodies.items():
        said = at_once(application, url, [(method, path, another(body))] * _AT_ONCE)
        found[method, path] = sorted(one.status for one in said)

    assert {what: said for what, said in found.items() if said[-1] >= 500} == {}
    assert {what: said for what, said in found.items() if said[0] >= 300} == {}
    assert any(said[-1] == 409 for said in found.values())


def test_whatever_is_removed_twice_and_changed_at_once_is_answered(
    town: tuple[Whole, Settled, str],
):
    application, settled, url = town
    routes = {(method, route.path) for method, route in application.routes()}
    found = {}
    for path in sorted(path for method, path in routes if method == "DELETE"):
        if not path.startswith("/api/v1"):
            continue
        mine = settled.filled(path.removeprefix("/api/v1"))
        changes = [
            (method, mine, {name: "Another"})
            for method in ("PATCH", "PUT")
            for name in ("name", "title", "text")
            if (method, path) in routes
        ]
        said = at_once(application, url, [("DELETE", mine, None), *changes, ("DELETE", mine, None)])
        found[path] = [one.status for one in said]

    assert len(found) > 10
    assert {path: said for path, said in found.items() if max(said) >= 500} == {}
