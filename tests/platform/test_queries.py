"""One number from somebody's database, and nothing changed in it."""

import resource
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from app.platform.db import Database
from app.platform.errors import Invalid, Unavailable
from app.platform.queries import look, number_of
from tests.faults.gate import Gate
from tests.okr.scenes import as_reader


@pytest.fixture
def shop(database: Database, database_url: str) -> Iterator[dict[str, str]]:
    address = as_reader(database, database_url)
    with database.write() as session:
        session.execute(text("CREATE TABLE orders (id INTEGER, euros NUMERIC(10, 2))"))
        session.execute(text("INSERT INTO orders VALUES (1, 10.50), (2, 20.25)"))
        if not database.is_sqlite:
            session.execute(text("GRANT SELECT ON orders TO reader"))
    yield {"shop": address}
    with database.write() as session:  # or the database is made anew for the next test
        for table in ("orders", "people"):
            session.execute(text(f"DROP TABLE IF EXISTS {table}"))


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("SELECT count(*) FROM orders", 2),
        ("SELECT sum(euros) FROM orders;", 30.75),
        ("SELECT sum(euros) FROM orders -- of all time", 30.75),
        ("WITH large AS (SELECT * FROM orders WHERE euros > 15) SELECT count(*) FROM large", 1),
    ],
)
def test_a_query_gives_its_number(shop: dict[str, str], query: str, number: float):
    assert number_of(shop, "Shop", query) == number


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("SELECT id FROM orders", "one row"),
        ("SELECT id FROM orders WHERE id = 9", "one row"),
        ("SELECT id, euros FROM orders WHERE id = 1", "one row"),
        ("SELECT 'many'", "a number, not text"),
        ("SELECT NULL", "a number, not text"),
    ],
)
def test_what_is_not_one_number_is_refused(shop: dict[str, str], query: str, sentence: str):
    with pytest.raises(Invalid, match=sentence):
        number_of(shop, "shop", query)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT hex(zeroblob(200000000))",
        "SELECT replace(hex(zeroblob(100000)), '0', hex(zeroblob(1000)))",
        "SELECT repeat('x', 200000000)",
        "SELECT repeat('x', 200000000)::bytea",
        "SELECT array_agg(n) FROM generate_series(1, 10000000) AS n",
    ],
)
def test_what_is_no_number_is_not_held_to_see_that(shop: dict[str, str], query: str):
    number_of(shop, "shop", "SELECT 1")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises((Invalid, Unavailable)):
        number_of(shop, "shop", query)

    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 50_000  # KB


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM orders",
        "DELETE FROM orders RETURNING id",
        "UPDATE orders SET euros = 0",
        "DROP TABLE orders",
        "SELECT 1) AS one; DELETE FROM orders; --",
        "SELECT 1) AS one LIMIT 1; COMMIT; DELETE FROM orders; SELECT (1",
        "WITH gone AS (DELETE FROM orders RETURNING id) SELECT count(*) FROM gone",
        "ATTACH DATABASE 'x.db' AS x",
        "PRAGMA query_only = OFF",
        "SELECT nothing FROM nowhere",
    ],
)
def test_a_query_changes_nothing(shop: dict[str, str], query: str):
    with pytest.raises((Unavailable, Invalid)):
        number_of(shop, "shop", query)

    assert number_of(shop, "shop", "SELECT count(*) FROM orders") == 2


def test_a_query_that_takes_too_long_is_stopped(shop: dict[str, str]):
    endless = """WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up)
                 SELECT max(n) FROM up"""

    with pytest.raises(Unavailable, match="query failed"):
        number_of(shop, "shop", endless, seconds=0.3)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_few_steps_that_take_long_are_stopped_by_the_clock(shop: dict[str, str]):
    slow = """WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < 500)
              SELECT sum(instr(zeroblob(100000 + n), zeroblob(50000) || x'01')) FROM up"""
    began = time.monotonic()
    with pytest.raises(Unavailable, match="interrupted"):
        number_of(shop, "shop", slow, seconds=0.2)

    assert time.monotonic() - began < 10  # to its end it takes a minute


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("asked", [b"pg_roles", b"orders", b"ROLLBACK"])
def test_a_database_that_falls_silent_is_given_up(shop: dict[str, str], asked: bytes):
    gate = Gate(shop["shop"], mute_at=asked)
    with pytest.raises(Unavailable, match="said nothing for 0"):
        number_of({"shop": gate.url}, "shop", "SELECT count(*) FROM orders", seconds=0.2)
    gate.shut()


def test_a_connection_that_the_operator_did_not_name_is_refused():
    with pytest.raises(Invalid, match="THINSLICE_SQL_SHOP"):
        number_of({}, "shop", "SELECT 1")


def test_a_database_that_is_away_is_said_to_be(tmp_path: object):
    with pytest.raises(Unavailable, match="query failed"):
        number_of({"shop": f"sqlite:///{tmp_path}/none.db"}, "shop", "SELECT 1")


def test_a_connection_that_could_do_more_than_read_is_not_asked(
    shop: dict[str, str], database: Database, database_url: str
):
    if database.is_sqlite:
        pytest.skip("a SQLite file is opened for reading only")
    with pytest.raises(Invalid, match="read the server's files"):
        number_of({"shop": database_url}, "shop", "SELECT 1")
    with database.write() as session:
        session.execute(text("GRANT UPDATE ON orders TO reader"))

    with pytest.raises(Invalid, match="change tables"):
        number_of(shop, "shop", "SELECT 1")
    with pytest.raises(Invalid, match="change tables"):
        look(shop["shop"])


@pytest.mark.parametrize(
    "query",
    [
        "SELECT CAST(pw AS INTEGER) FROM people",
        "SELECT 1 / (length(pw) - length(pw)) FROM people",
        "SELECT json_extract('{}', pw) FROM people",
        "SELECT json_extract(pw, '$.a') FROM people",
        "SELECT CAST(pw AS DATE) FROM people",
        "SELECT pw::int FROM people",
        "SELECT pw FROM people",
        "SELECT ('{}'::json)::text::int FROM people WHERE pw::int > 0",
        "SELECT to_tsquery(pw)::text::int FROM people",
        "SELECT 1 FROM people WHERE pw ~ ('(' || pw)",
        "SELECT nothing FROM people",
    ],
)
def test_an_error_tells_nothing_of_what_was_read(
    shop: dict[str, str], database: Database, query: str
):
    with database.write() as session:
        session.execute(text("CREATE TABLE people (pw TEXT)"))
        session.execute(text("INSERT INTO people VALUES ('hunter2(')"))
        if not database.is_sqlite:
            session.execute(text("GRANT SELECT ON people TO reader"))

    assert "hunter2" not in _told(shop, query)


def _told(shop: dict[str, str], query: str) -> str:
    try:
        return str(number_of(shop, "shop", query))
    except (Unavailable, Invalid) as error:
        return str(error)


def test_an_error_in_the_query_itself_is_told(shop: dict[str, str]):
    with pytest.raises(Unavailable, match="nowhere"):
        number_of(shop, "shop", "SELECT 1 FROM nowhere")
