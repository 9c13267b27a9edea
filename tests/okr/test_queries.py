"""One number from somebody's database, and nothing changed in it."""

import pytest
from sqlalchemy import text

from app.okr.queries import number_of
from app.platform.db import Database
from app.platform.errors import Invalid, Unavailable


@pytest.fixture
def shop(database: Database, database_url: str) -> dict[str, str]:
    with database.write() as session:
        session.execute(text("CREATE TABLE orders (id INTEGER, euros NUMERIC(10, 2))"))
        session.execute(text("INSERT INTO orders VALUES (1, 10.50), (2, 20.25)"))
    return {"shop": database_url}


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


def test_a_connection_that_the_operator_did_not_name_is_refused():
    with pytest.raises(Invalid, match="THINSLICE_SQL_SHOP"):
        number_of({}, "shop", "SELECT 1")


def test_a_database_that_is_away_is_said_to_be(tmp_path: object):
    with pytest.raises(Unavailable, match="query failed"):
        number_of({"shop": f"sqlite:///{tmp_path}/none.db"}, "shop", "SELECT 1")
