"""Whatever comes, in whatever order: totals are exact, and what a hit costs does not grow."""

import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, delete, select

from app.links.token import TrackedLink
from app.platform.db import Database
from app.tally import store as tally
from app.tally.models import Counter, DayCounter, DidCounter, LinkCounter, Outcome
from app.tracking import folder_rows, hit_line, hit_rows, ingest, memory, store
from app.tracking.callers import Caller
from app.tracking.hit_line import HitKind
from app.tracking.ingest import ingest_once, rejudge_due
from app.tracking.models import Hit, HitCount, Reaction
from app.tracking.ranges import AddressClass
from tests import outcomes
from tests.anew import count_from_hits
from tests.tracking.test_ingest import LATER, RELEASED, Sends, Spool, outcome, rows

PEOPLE = 3
COUNTED = (Outcome, Counter, DayCounter, DidCounter, LinkCounter, HitCount)
COLLEAGUE = "curl/8.0"


@pytest.fixture
def few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "ROWS_A_MINUTE", 4)
    monkeypatch.setattr(memory, "ROWS_A_SEND", 9)


def release(database: Database) -> None:
    """Nothing has come yet. The first one's window closes within the hits to come."""
    with database.write() as session:
        for table in (Hit, Reaction, *COUNTED):
            session.execute(delete(table))
        people = [
            Outcome(
                send_id=number,
                experiment_id="e",
                arm="insight",
                released_at=RELEASED,
                closes_at=RELEASED + timedelta(minutes=61.1 if number == 1 else 4_000),
            )
            for number in range(1, PEOPLE + 1)
        ]
        outcomes.keep(session, people)


def some_hits(chance: random.Random, number: int) -> list[dict[str, Any]]:
    """People, bursts, scanners and their company; many in the same minute, some at once."""
    return [
        {
            "minutes": 60
            + chance.choice([0, 0.01, 0.02, 0.5, 1.2, 2.5, 20, 70])
            + chance.randrange(30) / 60,
            "send_id": 1 + chance.randrange(PEOPLE),
            "link": chance.choice([0, 0, 0, 0, 1, 2]),
            "kind": chance.choice([HitKind.CLICK, HitKind.CLICK, HitKind.OPEN]),
            "method": chance.choice(["GET"] * 9 + ["HEAD"]),
            "caller": chance.choice(["a", "b"]),
            **({"user_agent": COLLEAGUE} if chance.random() < 0.1 else {}),
        }
        for _ in range(number)
    ]


def dumped(database: Database) -> list[dict[str, Any]]:
    """Everything that hits come to, but for where they came from."""
    places = {"id", "segment_id", "segment_offset"}
    found = rows(database, Hit, *COUNTED)
    return sorted(
        (
            {name: value for name, value in row.items() if name not in places}
            for row in found
            if row.get("people") != 0  # an hour or a day that somebody was counted in for a while
        ),
        key=str,
    )


@pytest.mark.usefixtures("few_rows")
@pytest.mark.parametrize("seed", range(5))
def test_order_and_batches_change_nothing(database: Database, tmp_path: Path, seed: int):
    chance = random.Random(seed)
    hits = some_hits(chance, 90)
    release(database)
    spool = Spool(tmp_path / "whole")
    for hit in sorted(hits, key=lambda hit: hit["minutes"]):
        spool.hit(**hit)
    ingest_once(database, spool.folder, Sends(), now=LATER)
    whole = dumped(database)

    release(database)
    chance.shuffle(hits)
    spools = [Spool(tmp_path / f"part {number}") for number in range(3)]
    for hit in hits:
        spool = chance.choice(spools)
        spool.hit(**hit)
        if chance.random() < 0.3:
            ingest_once(database, spool.folder, Sends(), now=LATER)
    for spool in spools:
        ingest_once(database, spool.folder, Sends(), now=LATER)

    assert dumped(database) == whole
    assert rows(database, HitCount) != []
    count_from_hits(database, Sends(), "e", now=LATER)
    assert dumped(database) == whole


@pytest.mark.usefixtures("few_rows")
def test_hits_before_their_mail_is_settled_come_to_the_same(database: Database, tmp_path: Path):
    hits = some_hits(random.Random(7), 60)
    found = []
    for first in (Sends(), Sends(settled=False, accepted_at=None)):
        release(database)
        spool = Spool(tmp_path / str(first.facts.settled))
        for number, hit in enumerate(hits):
            spool.hit(**hit)
            if number == 30:
                ingest_once(database, spool.folder, first, now=LATER)
        ingest_once(database, spool.folder, Sends(), now=LATER)
        rejudge_due(database, Sends(), now=LATER + timedelta(hours=2))
        found.append(dumped(database))

    assert found[0] == found[1]


def test_of_a_flood_a_hundred_a_minute_and_a_thousand_in_all_are_kept(database, tmp_path):
    release(database)
    spool = Spool(tmp_path / "hits")
    for number in range(3_900):
        spool.hit(60 + number / 300, send_id=2)  # three hundred a minute, for thirteen minutes
    ingest_once(database, spool.folder, Sends(), now=LATER)

    kept, counted = rows(database, Hit), rows(database, HitCount)
    assert len(kept) == 1_000
    assert sum(one["count"] for one in counted) == 2_900
    assert outcome(database, 2).clicks == 3_900
    [link] = rows(database, LinkCounter)
    assert (link["hits"], link["clickers"]) == (3_900, 1)


def test_a_hit_of_a_full_send_reads_no_other(database, tmp_path, monkeypatch, few_rows):
    """What is remembered of a send is all that the next hit costs, however many there were."""
    release(database)
    spool = Spool(tmp_path / "hits")
    sizes = []
    for many in range(1, 60):
        spool.hit(60 + many / 10, send_id=2)
        with monkeypatch.context() as patch:
            patch.setattr(hit_rows, "_HITS", "a statement that is no SQL")
            ingest_once(database, spool.folder, Sends(), now=LATER)
        sizes.append(len(rows(database, Reaction)[0]["memory"]))

    assert max(sizes[20:]) <= max(sizes[:20]) + 2
    assert len(rows(database, Hit)) == 9


def test_on_either_side_of_the_windows_end_hits_are_counted_apart(database, tmp_path, few_rows):
    release(database)
    spool = Spool(tmp_path / "hits")
    for number in range(40):
        spool.hit(61 + number / 200, send_id=1)  # the window closes at 61.1
    ingest_once(database, spool.folder, Sends(), now=LATER)

    with database.read() as session:
        buckets = session.exec(select(HitCount).order_by(col(HitCount.since))).all()
    assert [one.since for one in buckets] == [
        RELEASED + timedelta(hours=1),
        RELEASED + timedelta(minutes=61.1),
    ]
    assert sum(one.count for one in buckets) == 36
    assert outcome(database).clicks == 20


def test_hits_of_an_earlier_version_are_read_again_once(database, tmp_path):
    release(database)
    spool = Spool(tmp_path / "hits")
    spool.hit(60, send_id=2)
    ingest_once(database, spool.folder, Sends(), now=LATER)
    with database.write() as session:  # as that version left it
        kept, known = session.exec(select(Hit)).one(), session.exec(select(Reaction)).one()
        kept.count, known.memory, known.links = 5, "", {"0": [5, 1]}
        session.add_all([kept, known])
        tally.change(session, {2: {"clicks": 5}})
        tally.count_links(session, {("e", "insight", 0): (4, 0)})
    spool.hit(61, send_id=2)
    ingest_once(database, spool.folder, Sends(), now=LATER)

    assert outcome(database, 2).clicks == 6
    [link] = rows(database, LinkCounter)
    assert (link["hits"], link["clickers"]) == (6, 1)


def test_what_is_only_counted_is_summed_for_its_experiment(database, tmp_path, few_rows):
    release(database)
    spool = Spool(tmp_path / "hits")
    for number in range(30):
        spool.hit(60 + number / 200, send_id=2)
    ingest_once(database, spool.folder, Sends(), now=LATER)

    with database.read() as session:
        assert folder_rows.unread(session, "e", None, LATER).only_counted == 26
        assert folder_rows.unread(session, "another", None, LATER).only_counted == 0
        listed: list[Hit] = []
        cursor = None
        while not listed or cursor:
            page = store.hits_page(session, "e", cursor=cursor, limit=3)
            listed, cursor = [*listed, *page], page.next
    assert sum(hit.count for hit in listed) == 30
    assert [hit.rule for hit in listed] == ["R15", *["R13"] * 3, "R00"]


def test_many_segments_that_were_read_keep_none_from_being_read(database, tmp_path, monkeypatch):
    monkeypatch.setattr(ingest, "_OPEN", 2)
    release(database)
    spools = [Spool(tmp_path / "hits") for _ in range(6)]  # six processes, one folder
    for number, spool in enumerate(spools):
        spool.hit(60 + number, send_id=1 + number % 3, link=1)
    assert ingest_once(database, spools[0].folder, Sends(), now=LATER) == 6
    for number, spool in enumerate(spools):
        spool.hit(90 + number, send_id=1 + number % 3, link=1)
    assert ingest_once(database, spools[0].folder, Sends(), now=LATER) == 6

    taken = ingest.ingest_round(
        database, spools[0].folder, Sends(), pace=ingest.usual_pace(), now=LATER
    )
    assert (taken.hits, taken.complete) == (0, True)


@pytest.mark.parametrize("agent", ["Mozilla/5.0 (X11)", 'a "quoted" \\ one', "Zoë 1", "", "\x00"])
def test_a_line_is_read_as_it_was_written_quickly_or_not(agent: str):
    caller = Caller(AddressClass.RESIDENTIAL, "0123abcd")
    written = hit_line.write(
        HitKind.OPEN,
        TrackedLink(7, 2**40, 3),
        method="HEAD",
        told=hit_line.told_by({b"user-agent": agent.encode("latin-1"), b"accept-language": b"en"}),
        caller=caller,
        micros=1_790_000_000_123_456,
    )

    read = hit_line.read(written)

    assert read == hit_line.read(written.replace(b'{"t"', b'{ "t"'))  # which no pattern knows
    assert (read.kind, read.send_id, read.link, read.method) == (HitKind.OPEN, 2**40, 3, "HEAD")
    assert (read.address_class, read.address_key) == (caller.address_class, caller.key)
    assert read.user_agent == agent.replace("\x00", "")
