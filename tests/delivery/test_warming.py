"""While a limit rises, no day has more mails than it allows, whoever sends; and pages say so."""

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path

from app.delivery import rate_store
from app.delivery.models import State
from app.delivery.sending import Sender
from app.platform.config import Durability
from app.platform.db import Database
from app.platform.journal import Journal
from app.web.experiments import warming
from tests.delivery import scenes
from tests.delivery.scenes import KEYS, NOW, SETTINGS, Ticks
from tests.delivery.sinks import Sink, listening
from tests.delivery.test_several_relays import relay

WARM = SETTINGS.model_copy(update={"warm_up": f"{NOW.date()} 10 2"})


def test_two_workers_keep_to_each_days_limit_and_everybody_is_mailed_once(
    database: Database, tmp_path: Path
):
    scenes.launched(database, people=60)

    async def live() -> list[int]:
        ticks, found = Ticks(), []
        async with listening(Sink()) as sink:
            both = [
                Sender(
                    database,
                    WARM,
                    KEYS,
                    Journal.open(tmp_path / name, durability=Durability.PROCESS, limit=10**8),
                    relay(sink.port, "mx"),
                    ticks=ticks,
                )
                for name in "ab"
            ]
            for day in range(4):
                for sender in both:
                    while await sender.step(NOW + timedelta(days=day)):
                        pass
                found.append(len(sink.addresses()))
            assert max(Counter(sink.addresses()).values()) == 1
            assert [sender.is_pressed for sender in both] == [False, False]
        return found

    assert asyncio.run(live()) == [10, 30, 60, 60]
    assert set(scenes.states(database)) == {State.SENT}


def test_what_was_not_needed_comes_back_and_weeks_ago_are_forgotten(database: Database):
    today, long_after = NOW.date(), NOW + timedelta(days=30)
    with database.write() as session:
        first = rate_store.take_of_day(session, today, 10, 7, now=NOW)
        rate_store.give_back_of_day(session, today, 2, now=NOW)
        second = rate_store.take_of_day(session, today, 10, 7, now=NOW)
        third = rate_store.take_of_day(session, today, 10, 7, now=NOW)
        left = rate_store.left_of_day(session, today, 12)
    with database.write() as session:
        rate_store.take_of_day(session, long_after.date(), 10, 1, now=long_after)
        again = rate_store.left_of_day(session, today, 10)

    assert (first, second, third, left, again) == (7, 5, 0, 2, 10)


def test_pages_say_what_leaves_today_and_when_the_last_does(database: Database):
    with database.write() as session:
        rate_store.take_of_day(session, NOW.date(), 10, 9, now=NOW)
        said = [warming.words(session, WARM, waiting=n, now=NOW) for n in (0, 1, 21, 22)]
        rate_store.take_of_day(session, NOW.date(), 10, 1, now=NOW)
        said.append(warming.words(session, WARM, waiting=1, now=NOW))
        over = warming.words(session, WARM, waiting=9, now=NOW + timedelta(days=365))

    last = (
        "The warm-up lets 1 more mail leave today, of all experiments; the last of these leaves on "
    )
    assert said == [
        "",
        "The warm-up lets 1 more mail leave today.",
        f"{last}Mon 23 Nov 2026.",
        f"{last}Tue 24 Nov 2026.",
        last.replace("1 more mail", "no more mails") + "Mon 23 Nov 2026.",
    ]
    assert over == ""
