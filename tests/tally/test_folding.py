"""Shards of kept counts are added up, while others count, and no number changes."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlmodel import Session, SQLModel

from app.ops.installation import House
from app.ops.tending import tending_duties
from app.platform.db import Database
from app.platform.duties import Attempts
from app.tally import folding
from tests.moments import NOW

TABLES = sorted(folding.COUNTS)
ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def keep(session: Session, table: str, experiment_id: str, shards: range) -> None:
    key, number = folding.COUNTS[table]
    for shard in shards:
        session.execute(
            text(
                f"INSERT INTO {table} (experiment_id, {key}, shard, {number})"
                f" VALUES (:id, 'one', :shard, :shard), (:id, 'two', :shard, -1)"
            ),
            {"id": experiment_id, "shard": shard},
        )


def sums(session: Session, table: str) -> dict[tuple[str, str], int]:
    key, number = folding.COUNTS[table]
    rows = session.execute(
        text(f"SELECT experiment_id, {key}, SUM({number}) FROM {table} GROUP BY 1, 2")
    )
    return {(row[0], row[1]): int(row[2]) for row in rows}


def rows(session: Session, table: str) -> int:
    return int(session.execute(text(f"SELECT COUNT(*) FROM {table}")).scalar_one())


def test_every_table_with_shards_is_folded():
    sharded = {name for name, table in SQLModel.metadata.tables.items() if "shard" in table.c}

    assert sharded == set(TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_many_shards_become_one_and_few_stay(house: House, table: str):
    with house.database.write() as session:
        keep(session, table, "busy", range(1, 101))
        keep(session, table, "quiet", range(1, 4))
        before = sums(session, table)
    *_, duty = tending_duties(house)
    for _ in range(2):
        Attempts(house.database).round(duty, NOW)

    with house.database.read() as session:
        assert sums(session, table) == before
        left = 2 + 6 if "postgresql" in str(house.database.engine.url) else 206
        assert rows(session, table) == left


@ON_POSTGRESQL
@pytest.mark.parametrize("table", TABLES)
def test_nobody_waits_for_who_is_counting(database: Database, table: str):
    _, number = folding.COUNTS[table]
    with database.write() as session:
        keep(session, table, "busy", range(1, 101))
    with database.write() as counting, database.write() as other:
        counting.execute(text(f"UPDATE {table} SET {number} = {number} + 5 WHERE shard = 7"))
        other.execute(text("SET lock_timeout = '2s'"))
        folding.fold(other)
    with database.read() as session:
        assert sums(session, table) == {("busy", "one"): 5050 + 5, ("busy", "two"): -100 + 5}
        assert rows(session, table) == 2 + 2


@ON_POSTGRESQL
def test_counting_and_adding_up_at_once_loses_nothing(database: Database):
    def count(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(60):
            with database.write() as session:
                session.execute(
                    text(
                        "INSERT INTO send_count AS c (experiment_id, state, shard, sends)"
                        " VALUES ('e', 'sent', :shard, 1) ON CONFLICT (experiment_id, state, shard)"
                        " DO UPDATE SET sends = c.sends + 1"
                    ),
                    {"shard": chance.randint(1, 90)},
                )

    def fold(_seed: int) -> None:
        for _ in range(60):
            with database.write() as session:
                folding.fold(session)

    with database.write() as session:
        keep(session, "send_count", "e", range(1, 91))
    with ThreadPoolExecutor(6) as threads:
        done = [threads.submit(count, seed) for seed in range(4)]
        done += [threads.submit(fold, seed) for seed in range(2)]
    assert [one.result() for one in done] == [None] * 6

    with database.read() as session:
        assert sums(session, "send_count")["e", "sent"] == 240
        assert rows(session, "send_count") < 2 * 90 + 90
