"""What is old is let go, and no number moves for it."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from app.delivery.models import WrittenBack
from app.main import Tracking
from app.ops import doctor
from app.ops.tending import tending_duties
from app.platform.duties import Attempts
from app.tracking import ageing, reclassify
from app.tracking.models import Hit
from app.tracking.user_agents import family
from app.worker import facts_of
from tests.moments import NOW, state
from tests.privacy.town import HOUR, Town

MONTH, YEARS = timedelta(days=31), timedelta(days=3 * 365)


def hits(town: Town) -> list[Hit]:
    with town.house.database.read() as session:
        return list(session.scalars(select(Hit).order_by(col(Hit.id))))


def tend(town: Town, now) -> None:
    attempts = Attempts(town.house.database)
    for duty in tending_duties(town.house):
        while attempts.round(duty, now):
            pass


def test_browsers_shrink_to_their_family_after_a_month_and_verdicts_stay(town: Town):
    young = [(one.verdict, one.rule) for one in hits(town)]
    tend(town, NOW + timedelta(days=29))
    before = {one.user_agent for one in hits(town)}
    numbers = town.numbers()
    tend(town, NOW + MONTH)
    facts = facts_of(town.house)
    changed = list(reclassify.preview(town.house.database, facts, None))
    reclassify.adopt(town.house.database, facts, None, now=NOW + MONTH)

    assert len(before) == len(young)
    assert {one.user_agent for one in hits(town)} == {"Firefox"}
    assert [(one.verdict, one.rule) for one in hits(town)] == young
    assert (changed, town.numbers()) == ([], numbers)


def test_raw_hits_go_after_the_months_that_were_set_and_aggregates_stay(town: Town):
    numbers = town.numbers()
    tend(town, NOW + ageing.kept_for(13))
    kept = len(hits(town))
    tend(town, NOW + ageing.kept_for(13) + MONTH)

    assert kept > 0
    assert hits(town) == []
    assert town.numbers() == numbers
    assert list(reclassify.preview(town.house.database, facts_of(town.house), None)) == []
    reclassify.adopt(town.house.database, facts_of(town.house), None, now=NOW)


def test_answers_go_with_raw_hits_and_their_number_stays(town: Town):
    numbers = town.numbers()
    kept = answers(town)
    tend(town, NOW + ageing.kept_for(13))
    before = answers(town)
    tend(town, NOW + ageing.kept_for(13) + MONTH)

    assert kept == before != []
    assert answers(town) == []
    assert town.numbers() == numbers


def answers(town: Town) -> list[str]:
    with town.house.database.read() as session:
        return [one.words for one in session.scalars(select(WrittenBack))]


def test_a_click_after_that_changes_nothing_that_was_counted(town: Town, monkeypatch):
    numbers = town.numbers()
    tend(town, NOW + YEARS)
    state(monkeypatch, NOW + 2 * HOUR)  # within the window still: the worst moment
    asyncio.run(town.follow(town.mails()[:3]))
    town.ingest(NOW + 2 * HOUR)

    after = town.numbers()
    assert len(hits(town)) == 3
    assert {name for name in numbers if after[name] != numbers[name]} <= {"readout"}  # read later


def test_a_hit_that_is_young_stays_among_old_ones(town: Town, monkeypatch):
    state(monkeypatch, NOW + 2 * MONTH)
    asyncio.run(town.follow(town.mails()[:1]))
    town.ingest(NOW + 2 * MONTH)
    tend(town, NOW + 2 * MONTH)

    assert [one.intact for one in hits(town)][-2:] == [False, True]


def salts(town: Town) -> list[Path]:
    return sorted((town.house.hits / "salts").glob("*.salt"))


def test_the_salt_of_a_day_is_destroyed_although_nobody_clicks(town: Town):
    (todays,) = salts(town)
    town.edge.begin_day(int((NOW + timedelta(days=1)).timestamp()) * 10**6)
    (next_days,) = salts(town)
    tend(town, NOW + timedelta(days=2))

    assert todays != next_days
    assert salts(town) == []


def test_processes_of_one_day_share_its_salt(town: Town):
    other = Tracking(town.house).edge(behind=town.edge)
    other.begin_day(int(NOW.timestamp()) * 10**6)

    assert len(salts(town)) == 1


@pytest.mark.parametrize(
    ("user_agent", "left"),
    [
        ("", ""),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox"),
        ("Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 Version/18.1 Safari/605.1.15", "Safari"),
        ("Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko)", "Apple Mail"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/130.0 Safari/537.36 Edg/130.0", "Edge"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/130.0 Mobile Safari/537.36", "Chrome"),
        ("Mozilla/5.0 (via ggpht.com GoogleImageProxy)", "Google image proxy"),
        ("python-requests/2.32", "Program"),
        ("Ann's very own browser 7", "Other"),
    ],
)
def test_a_family_names_a_program_and_no_version(user_agent: str, left: str):
    assert family(user_agent) == left


def test_doctor_says_what_is_kept_and_what_hangs(town: Town, monkeypatch):
    settings = town.house.settings

    def found():
        (one,) = [one for one in doctor.look(settings) if one.subject == "privacy"]
        return one

    fine = found()
    town.erase(NOW)
    state(monkeypatch, NOW + 2 * timedelta(days=1))
    hangs = found()
    state(monkeypatch, NOW + YEARS)
    town.finish(NOW + YEARS)
    old = found()

    assert (fine.fine, "13 months" in fine.sentence) == (True, True)
    assert (hangs.fine, "not finished" in hangs.sentence) == (False, True)
    assert (old.fine, "should have gone" in old.sentence) == (False, True)
