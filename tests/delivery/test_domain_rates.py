"""Rates for all mails and for a domain's: workers keep them together, and nobody else waits."""

import asyncio
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from sqlmodel import col, select, update

from app.audience.models import Person
from app.delivery import progress
from app.delivery.models import Send, State
from app.delivery.sending import Sender
from app.experiments.models import Experiment
from app.platform import config
from app.platform.config import BadSettings, Durability, Settings
from app.platform.db import Database
from app.platform.journal import Journal
from app.web.experiments import launches
from tests.delivery import scenes
from tests.delivery.scenes import KEYS, SETTINGS, Ticks
from tests.delivery.sinks import Sink, listening
from tests.delivery.test_several_relays import relay


def workers(database: Database, folder: Path, port: int, ticks: Ticks, rates: str) -> list[Sender]:
    """Two, as on two machines: each with a journal of its own."""
    settings = SETTINGS.model_copy(update={"mail_rates": rates})
    journals = [
        Journal.open(folder / name, durability=Durability.PROCESS, limit=10**8) for name in "ab"
    ]
    return [
        Sender(database, settings, KEYS, journal, relay(port, "mx"), ticks=ticks)
        for journal in journals
    ]


def by_second(database: Database, folder: Path, rates: str, seconds: int) -> list[Counter[str]]:
    """Who has what at the end of each second, by domain."""

    async def live() -> list[Counter[str]]:
        ticks, found = Ticks(), []
        async with listening(Sink()) as sink:
            both = workers(database, folder, sink.port, ticks, rates)
            for second in range(seconds):
                ticks.seconds = second
                for sender in both:
                    while await sender.step(scenes.later(second / 60)):
                        pass
                found.append(Counter(one.rpartition("@")[2] for one in sink.addresses()))
            assert max(Counter(sink.addresses()).values()) == 1
        return found

    return asyncio.run(live())


def at_large_providers(database: Database, people: int) -> None:
    """The first half of all is at one provider: everybody else stands behind them."""
    scenes.launched(database, people=people)
    first = [send.person_id for send in scenes.sends(database)[: people // 2]]
    with database.write() as session:
        for number, person_id in enumerate(first):
            session.execute(
                update(Person)
                .where(col(Person.id) == person_id)
                .values(email=f"x{number}@Large.example")
            )


def test_people_of_one_domain_come_at_its_rate_and_those_behind_them_at_once(
    database: Database, tmp_path: Path
):
    at_large_providers(database, 40)

    found = by_second(database, tmp_path, "large.example=120", 9)

    assert [one["bakery.example"] for one in found] == [20] * 9
    large = [one["Large.example"] for one in found]
    assert large[0] == 5
    assert all(later - now <= 3 for now, later in pairwise(large))
    assert large[-1] == 20
    assert Counter(scenes.states(database)) == {State.SENT: 40}
    assert {send.attempts for send in scenes.sends(database)} == {1}


def test_whoever_waits_for_their_turn_was_never_released(database: Database, tmp_path: Path):
    at_large_providers(database, 20)

    by_second(database, tmp_path, "large.example=1", 1)

    waiting = [send for send in scenes.sends(database) if send.state == State.QUEUED]
    assert len(waiting) == 9
    assert {send.released_at for send in waiting} == {None}
    with database.read() as session:
        experiment = session.exec(select(Experiment)).one()
        told = progress.progress_of(session, experiment, now=scenes.NOW)
    assert (told.later, told.later_until) == (9, scenes.later(9))
    ahead = sorted((send.due_at - scenes.NOW).total_seconds() for send in waiting)
    assert ahead == [60.0 * place for place in range(1, 10)]


def test_all_mails_together_come_at_the_rate_of_the_installation(
    database: Database, tmp_path: Path
):
    scenes.launched(database, people=40)

    found = by_second(database, tmp_path, "300", 7)

    assert [one.total() for one in found] == [11, 15, 20, 25, 30, 35, 40]


def test_a_holdout_and_the_suppressed_use_no_turn_and_stop_nobody(
    database: Database, tmp_path: Path
):
    at_large_providers(database, 30)
    with database.write() as session:
        ids = [send.id for send in scenes.sends(database)]
        held = update(Send).where(col(Send.id).in_(ids[:10])).values(arm="holdout")
        session.execute(held)

    found = by_second(database, tmp_path, "large.example=600", 1)

    assert found[-1] == {"Large.example": 5, "bakery.example": 15}
    assert Counter(scenes.states(database)) == {State.SENT: 20, State.HELD: 10}


@pytest.mark.parametrize(
    "written", ["fast", "0", "gmail.com", "gmail.com=", "=5x", "gmail.com=1 gmail.com=2", "5 6",
                "local=5", "1000000000000", "a b"],
)  # fmt: skip
def test_rates_that_cannot_be_read_are_refused_in_words(written: str):
    with pytest.raises(BadSettings, match="THINSLICE_MAIL_RATES"):
        config.load(mail_rates=written)


def test_rates_are_read_in_any_order_and_writing():
    found = Settings(mail_rates="gmail.com=100, 600  bücher.example=5")

    assert found.rate_of_all == 600
    assert found.domain_rates == {"gmail.com": 100, "xn--bcher-kva.example": 5}
    assert Settings(mail_rates=found.mail_rates).domain_rates == found.domain_rates


def test_a_plan_counts_with_whichever_rate_is_slower():
    assert [Settings(mail_rates="600").slower_of(rate) for rate in (None, 60, 6_000)] == [
        600, 60, 600,
    ]  # fmt: skip
    assert Settings().slower_of(None) is None


def test_the_launch_page_says_how_long_it_takes():
    told = launches._slowly(Settings(mail_rates="600 gmail.com=100"), 5_000)

    assert told == (
        " No more than 600 leave in a minute, so the last one after 9 minutes at the earliest."
        " To gmail.com no more than 100 leave in a minute."
    )
    assert launches._slowly(Settings(), 5_000) == ""
