"""From journal to outcomes: once, whatever happens; people counted, scanners not."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, SQLModel, col, select

from app.links.token import NOBODY, TrackedLink
from app.platform import clock, journal
from app.platform.config import Durability
from app.platform.db import Database
from app.platform.journal import Journal
from app.tally.models import Counter, LinkCounter, Outcome
from app.tracking import answers, hit_line, reclassify, store
from app.tracking.callers import Caller
from app.tracking.hit_line import HitKind
from app.tracking.ingest import ingest_once, rejudge_due
from app.tracking.models import Hit, Reaction
from app.tracking.ports import Arm, Facts
from app.tracking.ranges import AddressClass
from app.tracking.verdicts import VERSION
from tests import outcomes
from tests.anew import count_from_hits

RELEASED = datetime(2026, 11, 23, 9, tzinfo=UTC)
LATER = RELEASED + timedelta(hours=5)
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SECOND = timedelta(seconds=1)
FACTS = Facts(
    send_id=0,
    experiment_id="e",
    arm="insight",
    set_id=7,
    accepted_at=RELEASED + SECOND,
    settled=True,
    links_total=4,
    honeypot=None,
    clicks_allowed=True,
    opens_allowed=True,
    rule_version=VERSION,
    counted=HitKind.CLICK,
    counted_links=frozenset({0}),
)


class Sends:
    """The sends 1 to 9, as whoever knows them would tell."""

    def __init__(self, **fields: Any) -> None:
        self.facts = FACTS._replace(**fields)

    def facts_of(self, _session: Session, send_ids: Sequence[int]) -> dict[int, Facts]:
        return {i: self.facts._replace(send_id=i) for i in send_ids if i < 10}

    def arms_of(self, _session: Session, set_ids: Sequence[int]) -> dict[int, Arm]:
        return {set_id: self.facts.whose for set_id in set_ids if set_id == 7}

    def adopt(self, _session: Session, experiment_id: str | None, version: str) -> None:
        if experiment_id in {None, self.facts.experiment_id}:
            self.facts = self.facts._replace(rule_version=version)


class Spool:
    """A folder that somebody clicks into."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = Journal.open(folder, durability=Durability.PROCESS, limit=10**9)

    def hit(self, minutes: float = 60, **fields: Any) -> None:
        at = RELEASED + timedelta(minutes=minutes)
        told: dict[str, Any] = {"kind": HitKind.CLICK, "send_id": 1, "link": 0} | fields
        agent = told.get("user_agent", BROWSER)
        self.journal.keep(
            hit_line.write(
                told["kind"],
                TrackedLink(7, told["send_id"], told["link"]),
                method=told.get("method", "GET"),
                told=hit_line.told_by({b"user-agent": agent.encode(), b"accept-language": b"en"}),
                caller=Caller(AddressClass.RESIDENTIAL, told.get("caller", "")),
                micros=int(at.timestamp() * 1_000_000),
            )
        )


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "hits")


@pytest.fixture
def released(database: Database) -> Database:
    people = [
        Outcome(
            send_id=number,
            experiment_id="e",
            arm="insight",
            released_at=RELEASED,
            closes_at=RELEASED + timedelta(hours=72),
        )
        for number in range(1, 7)
    ]
    with database.write() as session:
        outcomes.keep(session, people)
    return database


def rows(database: Database, *tables: type[SQLModel]) -> list[dict[str, Any]]:
    with database.read() as session:
        found = [row.model_dump() for table in tables for row in session.exec(select(table))]
    return sorted(found, key=str)


def counter(database: Database) -> Counter:
    with database.read() as session:
        return Counter(**session.exec(select(Counter)).one().model_dump())


def verdicts(database: Database) -> list[tuple[str, str]]:
    with database.read() as session:
        return [
            (hit.verdict, hit.rule) for hit in session.exec(select(Hit).order_by(col(Hit.at))).all()
        ]


def outcome(database: Database, send_id: int = 1) -> Outcome:
    with database.read() as session:
        row = session.exec(select(Outcome).where(col(Outcome.send_id) == send_id)).one()
        return Outcome(**row.model_dump())


def test_a_click_becomes_a_hit_an_outcome_and_a_count(released, spool):
    spool.hit()

    assert ingest_once(released, spool.folder, Sends(), now=LATER) == 1

    assert verdicts(released) == [("human", "R15")]
    assert outcome(released).clicked_at == RELEASED + timedelta(minutes=60)
    assert (counter(released).human_clickers, counter(released).clicks) == (1, 1)
    [link] = rows(released, LinkCounter)
    assert (link["link"], link["hits"], link["clickers"]) == (0, 1, 1)


def test_a_second_look_at_the_same_journal_changes_nothing(released, spool):
    for minutes in (60, 61, 300):
        spool.hit(minutes)
    ingest_once(released, spool.folder, Sends(), now=LATER)
    once = rows(released, Hit, Reaction, Outcome, Counter, LinkCounter)

    assert ingest_once(released, spool.folder, Sends(), now=LATER) == 0

    assert rows(released, Hit, Reaction, Outcome, Counter, LinkCounter) == once


def test_lines_that_another_took_meanwhile_are_left_alone(released, spool):
    spool.hit()
    [segment] = journal.segments(spool.folder)
    ingest_once(released, spool.folder, Sends(), now=LATER)

    with released.write() as session:
        assert not store.advance(session, segment, old=0, new=10, now=LATER)


def test_scanners_prefetches_and_methods_count_nobody_as_a_person(released, spool):
    spool.hit(user_agent="curl/8.0")
    spool.hit(send_id=2, method="HEAD")
    for link in range(3):
        spool.hit(90, send_id=3, link=link)
    ingest_once(released, spool.folder, Sends(), now=LATER)

    moved = counter(released)
    assert (moved.human_clickers, moved.unknown_clickers, moved.machine_clickers) == (0, 0, 3)
    assert moved.clicks == 4  # raw GETs, whoever asked


def test_a_late_neighbour_changes_what_was_thought_before(released, spool):
    spool.hit(60)
    ingest_once(released, spool.folder, Sends(), now=LATER)
    assert counter(released).human_clickers == 1

    spool.hit(60.01, link=1)
    spool.hit(60.02, link=2)
    ingest_once(released, spool.folder, Sends(), now=LATER)

    assert verdicts(released) == [("scanner", "R10")] * 3
    assert outcome(released).clicked_at is None
    assert (counter(released).human_clickers, counter(released).machine_clickers) == (0, 1)
    assert {link["clickers"] for link in rows(released, LinkCounter)} == {0}


def test_hits_of_an_unsettled_send_are_judged_again_when_it_settles(released, spool):
    spool.hit()
    ingest_once(
        released, spool.folder, Sends(settled=False, accepted_at=None), now=RELEASED + SECOND * 3600
    )
    assert verdicts(released) == [("unknown", "R00")]
    assert rows(released, LinkCounter) == []

    assert rejudge_due(released, Sends(), now=RELEASED + SECOND * 3700) == 1
    assert rejudge_due(released, Sends(), now=LATER) == 0

    assert verdicts(released) == [("human", "R15")]
    assert counter(released).human_clickers == 1


def test_a_hit_that_came_before_its_outcome_is_counted_later(database, spool):
    spool.hit()
    ingest_once(database, spool.folder, Sends(), now=RELEASED + SECOND * 3600)
    person = Outcome(
        send_id=1,
        experiment_id="e",
        arm="insight",
        released_at=RELEASED,
        closes_at=RELEASED + timedelta(hours=72),
    )
    with database.write() as session:
        outcomes.keep(session, [person])

    rejudge_due(database, Sends(), now=LATER)

    assert counter(database).human_clickers == 1


def test_a_hit_of_a_send_that_nobody_knows_is_kept_and_left_in_peace_after_a_week(database, spool):
    spool.hit(send_id=99)
    ingest_once(database, spool.folder, Sends(), now=LATER)
    rejudge_due(database, Sends(), now=LATER + timedelta(days=8))

    assert verdicts(database) == [("unknown", "R00")]
    assert rows(database, Reaction)[0]["due_at"] is None


def test_after_the_window_a_click_is_kept_and_counts_nowhere(released, spool):
    spool.hit(72 * 60)
    ingest_once(released, spool.folder, Sends(), now=RELEASED + timedelta(days=4))

    assert verdicts(released) == [("human", "R15")]
    assert (counter(released).human_clickers, counter(released).clicks) == (0, 0)


def test_an_open_is_no_click_and_a_click_no_open(released, spool):
    spool.hit(kind=HitKind.OPEN)
    spool.hit(send_id=2)
    spool.hit(send_id=3, kind=HitKind.OPEN, user_agent="Mozilla/5.0")
    ingest_once(released, spool.folder, Sends(), now=LATER)

    moved = counter(released)
    assert (moved.human_openers, moved.machine_openers, moved.human_clickers) == (1, 1, 1)


def test_without_consent_a_click_counts_for_its_link_and_no_person(released, spool):
    spool.hit()
    ingest_once(released, spool.folder, Sends(clicks_allowed=False), now=LATER)

    assert (counter(released).human_clickers, outcome(released).clicked_at) == (0, None)
    [link] = rows(released, LinkCounter)
    assert (link["hits"], link["clickers"], link["nameless"]) == (0, 0, 1)
    assert rows(released, Reaction) == []  # not even that this person did something
    assert [hit["user_agent"] for hit in rows(released, Hit)] == [""]


def test_a_consent_withdrawn_later_keeps_the_clicks_before_it(released, spool):
    spool.hit()
    ingest_once(released, spool.folder, Sends(), now=LATER)
    spool.hit(120, link=1)
    ingest_once(released, spool.folder, Sends(clicks_allowed=False), now=LATER)
    count_from_hits(released, Sends(clicks_allowed=False), "e", now=LATER)

    assert (outcome(released).clicks, counter(released).human_clickers) == (1, 1)
    found = {link["link"]: (link["hits"], link["nameless"]) for link in rows(released, LinkCounter)}
    assert found == {0: (1, 0), 1: (0, 1)}


def test_a_flood_of_nobodys_clicks_folds_by_the_minute(released, spool):
    for number in range(300):
        spool.hit(60 + number / 1000, send_id=NOBODY, caller="")
    ingest_once(released, spool.folder, Sends(), now=LATER)

    assert [hit["count"] for hit in rows(released, Hit)] == [300]


def test_a_clock_that_ran_ahead_puts_nothing_into_the_future(released, spool):
    spool.hit(24 * 60)
    ingest_once(released, spool.folder, Sends(), now=LATER)

    assert rows(released, Hit)[0]["at"] <= LATER + timedelta(minutes=1)


def test_a_line_that_is_no_hit_is_passed_over(released, spool):
    for spoilt in (b"{}", b"[1]", b'{"t":1e400}', b"x"):
        spool.journal.keep(spoilt)
    spool.hit()

    assert ingest_once(released, spool.folder, Sends(), now=LATER) == 1


def test_a_dead_segment_is_deleted_once_it_is_ingested(released, spool):
    spool.hit()
    spool.journal.close()
    soon = clock.now()
    ingest_once(released, spool.folder, Sends(), now=soon)
    assert len(journal.segments(spool.folder)) == 1

    ingest_once(released, spool.folder, Sends(), now=soon + timedelta(minutes=5))

    assert journal.segments(spool.folder) == []
    assert len(rows(released, Hit)) == 1


def test_two_folders_tell_of_the_same_person_once(released, tmp_path):
    for name in ("a", "b"):
        spool = Spool(tmp_path / name)
        spool.hit(60 if name == "a" else 120)
        ingest_once(released, spool.folder, Sends(), now=LATER)

    assert (counter(released).human_clickers, counter(released).clicks) == (1, 2)


def test_only_a_click_on_the_counted_link_is_what_the_metric_counts(released, spool):
    spool.hit(send_id=1, link=0)
    spool.hit(send_id=2, link=1)
    spool.hit(send_id=3, kind=HitKind.OPEN)
    ingest_once(released, spool.folder, Sends(counted_links=frozenset({1})), now=LATER)

    moved = counter(released)
    assert (moved.did, moved.human_clickers, moved.human_openers) == (1, 2, 1)
    assert outcome(released, 2).did_at == RELEASED + timedelta(minutes=60)


@pytest.mark.parametrize(("counted", "did"), [(HitKind.OPEN, 1), (None, 0)])
def test_what_counts_may_be_an_open_or_nothing_that_a_request_tells(released, spool, counted, did):
    spool.hit(send_id=1, link=0)
    spool.hit(send_id=3, kind=HitKind.OPEN)
    ingest_once(released, spool.folder, Sends(counted=counted), now=LATER)

    assert counter(released).did == did


def test_new_rules_say_what_they_would_change_before_they_do(released, spool):
    spool.hit()
    ingest_once(released, spool.folder, Sends(), now=LATER)
    stricter = Sends(honeypot=0)

    [told] = reclassify.preview(released, stricter, "e")
    assert (told.before, told.after) == ("human (R15)", "scanner (R03)")
    assert counter(released).human_clickers == 1

    reclassify.adopt(released, stricter, "e", now=LATER)
    assert counter(released).human_clickers == 0
    assert list(reclassify.preview(released, stricter, None)) == []


def test_counted_again_from_hits_everything_is_the_same(released, spool):
    for send_id in (1, 2, 3):
        for link in range(send_id):
            spool.hit(60 + link, send_id=send_id, link=link)
    ingest_once(released, spool.folder, Sends(), now=LATER)
    before = rows(released, Outcome, Counter, LinkCounter)

    count_from_hits(released, Sends(), "e", now=LATER)

    assert rows(released, Outcome, Counter, LinkCounter) == before


def test_hits_are_listed_page_by_page(released, spool):
    for minutes in range(5):
        spool.hit(60 + minutes)
    ingest_once(released, spool.folder, Sends(), now=LATER)

    with released.read() as session:
        first = store.hits_page(session, "e", cursor=None, limit=3)
        second = store.hits_page(session, "e", cursor=first.next, limit=3)
        assert [len(first), len(second), second.next] == [3, 2, None]
        assert {hit.send_id for hit in (*first, *second)} == {1}


def test_an_answer_is_kept_once_a_person_and_never_from_a_preview(released):
    with released.write() as session:
        answers.save(session, 1, True, "", LATER)
        answers.save(session, 1, False, " Too late\x00 for me ", LATER)
        answers.save(session, 0, True, "from a preview", LATER)

    with released.read() as session:
        [said] = answers.told_by(session, "e").comments
        assert (said.useful, said.comment) == (False, "Too late for me")


def test_two_machines_that_ingest_hits_of_the_same_people_at_once_lose_nothing(released, tmp_path):
    spools = [Spool(tmp_path / name) for name in "ab"]
    for number in range(60):
        for spool in spools:
            spool.hit(60 + number, send_id=1 + number % 6, link=number % 3)

    def ingest(spool: Spool) -> int:
        return ingest_once(released, spool.folder, Sends(), now=LATER)

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(ingest, spools)) == [60, 60]

    assert counter(released).clicks == 120
    assert sum(link["hits"] for link in rows(released, LinkCounter)) == 120


def test_a_user_agent_is_kept_to_the_letter(released, spool):
    agents = ['"a", "b"', "\\", '\\"', "{x,y}", "NULL", "", " a ", "æ", "a\tb", "%s ? $1 '; --"]
    for number, agent in enumerate(agents):
        spool.hit(60 + number, user_agent=agent)
    ingest_once(released, spool.folder, Sends(), now=LATER)

    kept = sorted(rows(released, Hit), key=lambda hit: hit["at"])
    came = [agent.encode().decode("latin-1") for agent in agents]  # as header bytes are read
    assert [hit["user_agent"] for hit in kept] == came
