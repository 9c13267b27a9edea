"""Several relays: what one does not take another one carries, and nobody gets two.

Each relay keeps its own count of what it has. Two people are due at a time: one mail for each
relay, so that what befalls the first relay's is known, and what became of it is seen at both.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx
from sqlmodel import col, select, update

from app.delivery import pace_store, transports
from app.delivery.carrying import CARRIED
from app.delivery.mail.mime import Mail
from app.delivery.models import Send, State
from app.delivery.replies import Reply, Stage
from app.delivery.sending import Sender
from app.delivery.transports import providers
from app.delivery.transports.ports import Attempting, Transport
from app.delivery.transports.providers.over_http import OverHttp
from app.delivery.transports.server import Server
from app.delivery.transports.smtp import Smtp
from app.delivery.transports.terms import Terms, taken
from app.experiments.models import Experiment, Status
from app.platform import meters
from app.platform.config import BadSettings, Durability, Settings
from app.platform.db import Database
from app.platform.errors import Unavailable
from app.platform.journal import Journal
from tests.delivery import scenes
from tests.delivery.providers.answers import PROVIDERS
from tests.delivery.scenes import KEYS, NOW, SETTINGS, Ticks
from tests.delivery.sinks import HANG_UP, KEPT, Sink, Trouble, listening

OTHER, HERE = "other", "here"  # or a state
UNCERTAIN, FAILED, BOUNCED = State.UNCERTAIN, State.FAILED, State.BOUNCED
# What becomes of a mail that meets it at the first relay.
SMTP: Sequence[tuple[Trouble, str]] = [
    *(((point, HANG_UP), OTHER) for point in ("greeting", "ehlo", "mail", "rcpt", "data")),
    *(((point, "421 4.3.2 going down"), OTHER) for point in ("greeting", "mail", "rcpt", "data")),
    (("greeting", "451 4.3.0 not now"), OTHER),
    (("greeting", "554 5.3.2 nobody"), OTHER),
    (("mail", "451 4.3.0 not now"), OTHER),
    (("mail", "550 5.7.1 not from you"), OTHER),
    (("data", "451 4.3.0 not now"), HERE),
    (("rcpt", "450 4.2.0 greylisted"), HERE),
    (("rcpt", "550 5.1.1 nobody here"), BOUNCED),
    (("body", HANG_UP), UNCERTAIN),
    (("dot", HANG_UP), UNCERTAIN),
    (("dot", KEPT), UNCERTAIN),
    (("dot", "421 4.3.2 going down"), OTHER),
    (("dot", "451 4.3.0 not now"), HERE),
    (("dot", "554 5.6.0 looks like spam"), FAILED),
]
HTTP: Sequence[tuple[Any, str]] = [
    (httpx.ConnectError("refused"), OTHER),
    (httpx.ConnectTimeout("slow"), OTHER),
    (httpx.Response(503, text="away"), OTHER),
    (httpx.Response(429, text="slower"), OTHER),
    (httpx.Response(401, json={"ErrorCode": 10, "Message": "No such token"}), OTHER),
    (httpx.Response(422, json={"ErrorCode": 300, "Message": "Not an address"}), FAILED),
    (httpx.ReadTimeout("slow"), UNCERTAIN),
    (httpx.ReadError("cut"), UNCERTAIN),
    (httpx.WriteError("cut"), UNCERTAIN),
    (httpx.RemoteProtocolError("hung up"), UNCERTAIN),
    (httpx.Response(500, text="oh"), UNCERTAIN),
    (httpx.Response(502, text="oh"), UNCERTAIN),
    (httpx.Response(504, text="oh"), UNCERTAIN),
    (httpx.Response(200, text="<html>a proxy"), UNCERTAIN),
]
_NOT_HEARD = (httpx.ConnectError, httpx.ConnectTimeout)


class Town:
    """One experiment, two relays, and seconds that a test lets pass."""

    def __init__(self, database: Database, folder: Path, *relays: Transport) -> None:
        self.database, self.ticks = database, Ticks()
        journal = Journal.open(folder, durability=Durability.PROCESS, limit=10**8)
        self.sender = Sender(database, SETTINGS, KEYS, journal, *relays, ticks=self.ticks)

    async def until(self, minutes: float) -> None:
        """Step for as long as anything is due by then."""
        self.ticks.seconds = max(self.ticks.seconds, minutes * 60)
        for _ in range(12):
            if not await self.sender.step(scenes.later(minutes)):
                return


def staggered(database: Database, pairs: int) -> None:
    """Two people at a time, ten minutes apart."""
    scenes.launched(database, people=2 * pairs)
    sends = scenes.sends(database)
    with database.write() as session:
        for place, send in enumerate(sends):
            due = NOW + timedelta(minutes=10 * (place // 2))
            session.execute(update(Send).where(col(Send.id) == send.id).values(due_at=due))


def relay(port: int, name: str, **terms: Any) -> Smtp:
    server = Server.read(f"smtp://127.0.0.1:{port}?tls=none")
    return Smtp(server, name="insights.example.com", terms=Terms(name=name, **terms))


def test_who_is_not_taken_by_one_mail_server_is_carried_by_another_and_nobody_twice(
    database: Database, tmp_path: Path
):
    staggered(database, len(SMTP))

    async def live() -> tuple[list[str], list[str]]:
        async with listening(Sink()) as first, listening(Sink()) as second:
            town = Town(database, tmp_path, relay(first.port, "one"), relay(second.port, "two"))
            for place, (trouble, _) in enumerate(SMTP):
                first.trouble, before = trouble, first.met
                await town.until(10 * place)
                assert first.met > before, trouble
                first.trouble = None
                await town.until(10 * place + 6)
            return first.addresses(), second.addresses()

    first, second = asyncio.run(live())

    refuse_others_than(SMTP, database)
    refuse_two(database, first, second)


def test_who_is_not_taken_by_a_provider_is_carried_by_a_mail_server_and_nobody_twice(
    database: Database, tmp_path: Path
):
    staggered(database, len(HTTP))
    documented = PROVIDERS["postmark"]
    first: list[str] = []  # whom it heard of, and may have sent it to
    troubles: list[Any] = []

    def hear(request: httpx.Request) -> httpx.Response:
        trouble = troubles.pop() if troubles else None
        status = trouble.status_code if isinstance(trouble, httpx.Response) else 0
        if not isinstance(trouble, _NOT_HEARD) and status not in {401, 422, 429, 503}:
            first.append(str(json.loads(request.content)["To"]))
        if isinstance(trouble, Exception):
            raise trouble
        return trouble or httpx.Response(documented.taken[0], json=documented.taken[1])

    async def live() -> list[str]:
        provider = OverHttp(providers.read(documented.mail), terms=Terms(name="one"))
        async with listening(Sink()) as second:
            town = Town(database, tmp_path, provider, relay(second.port, "two"))
            for place, (trouble, _) in enumerate(HTTP):
                troubles.append(trouble)
                await town.until(10 * place)
                assert troubles == []
                await town.until(10 * place + 6)
            await provider.close()
            return second.addresses()

    with respx.mock:
        respx.post(documented.url).mock(side_effect=hear)
        second = asyncio.run(live())

    refuse_others_than(HTTP, database)
    refuse_two(database, first, second)


def refuse_others_than(expected: Sequence[tuple[Any, str]], database: Database) -> None:
    """What became of each pair: one mail met the trouble, the other one was carried by `two`."""
    sends = scenes.sends(database)
    for place, (trouble, became) in enumerate(expected):
        pair = sends[2 * place : 2 * place + 2]
        states = {one.state for one in pair}
        relays = {one.relay for one in pair}
        if became == OTHER:
            assert (states, relays) == ({State.SENT}, {"two"}), trouble
        else:
            its = State.SENT if became == HERE else became
            assert (states, relays) == ({State.SENT, its}, {"one", "two"}), trouble
    with database.read() as session:
        assert session.exec(select(Experiment.status)).all() == [Status.RUNNING]


def refuse_two(database: Database, first: Sequence[str], second: Sequence[str]) -> None:
    """By the relays' own counts: nobody has two, and whoever counts as sent has one."""
    has = Counter([*first, *second])
    assert max(has.values()) == 1
    for place, send in enumerate(scenes.sends(database)):
        address = f"p{place}@bakery.example"
        if send.state == State.SENT:
            assert address in (first if send.relay == "one" else second)
        if send.state == State.UNCERTAIN:
            assert send.relay == "one"
            assert address not in second
        if send.state in {State.FAILED, State.BOUNCED}:
            assert address not in has


def test_where_every_relay_refuses_us_the_experiment_pauses_and_nobody_is_lost(
    database: Database, tmp_path: Path
):
    scenes.launched(database, people=8)

    async def live() -> None:
        refusal = ("mail", "550 5.7.1 not from you")
        async with listening(Sink(refusal)) as first, listening(Sink(refusal)) as second:
            town = Town(database, tmp_path, relay(first.port, "one"), relay(second.port, "two"))
            await town.until(0)
            await town.until(1)

    asyncio.run(live())

    assert scenes.states(database) == [State.QUEUED] * 8
    with database.read() as session:
        assert session.exec(select(Experiment.status)).all() == [Status.PAUSED]


def test_mails_are_divided_by_share_and_counted_by_relay(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("app.delivery.sending._TOGETHER_SECONDS", 60)  # this machine may be slow
    scenes.launched(database, people=80)
    before = meters.HERE.of(CARRIED)

    async def live() -> tuple[int, int]:
        async with listening(Sink()) as first, listening(Sink()) as second:
            wide = relay(first.port, "wide", share=3)
            await Town(database, tmp_path, wide, relay(second.port, "narrow", rate=6_000)).until(1)
            return len(first.taken), len(second.taken)

    assert asyncio.run(live()) == (60, 20)
    counted = {
        labels: numbers[0] - before.get(labels, [0.0])[0]
        for labels, numbers in meters.HERE.of(CARRIED).items()
        if labels[0] in {"wide", "narrow"}
    }
    assert counted == {("wide", "accepted"): 60, ("narrow", "accepted"): 20}


def test_a_relay_that_never_answers_holds_up_nobody_else(database: Database, tmp_path: Path):
    scenes.launched(database, people=120)

    async def live() -> None:
        silent = Silent()
        async with listening(Sink()) as second:
            town = Town(database, tmp_path, silent, relay(second.port, "two"))
            await town.sender.step(NOW)  # as long as both should take, by a clock that is real
            town.ticks.seconds += 2
            for _ in range(6):
                await town.sender.step(NOW)
            assert len(second.taken) + silent.held == 120
            assert silent.held == silent.lanes
            silent.answers.set()
            await town.sender.finish(NOW)

    asyncio.run(live())

    assert Counter(scenes.states(database)) == {State.SENT: 120}


class Silent:
    """Holds each mail until it is told to answer."""

    name, lanes, terms = "silent", 2, Terms(name="silent")

    def __init__(self) -> None:
        self.answers, self.held = asyncio.Event(), 0

    async def send(self, _mail: Mail, attempting: Attempting) -> Reply:
        await attempting()
        self.held += 1
        await self.answers.wait()
        return Reply(250, "2.0.0 taken", Stage.MESSAGE)

    async def close(self) -> None:
        """Nothing is open."""


def test_a_relay_is_sent_no_more_in_a_minute_than_its_rate(database: Database, tmp_path: Path):
    scenes.launched(database, people=90)
    by_second: list[int] = []

    async def live() -> None:
        async with listening(Sink()) as sink:
            town = Town(database, tmp_path, relay(sink.port, "slow", rate=600))
            for second in range(9):
                await town.until(second / 60)
                by_second.append(len(sink.taken))

    asyncio.run(live())

    assert by_second == [21, 30, 40, 50, 59, 69, 79, 88, 90]


def test_what_is_away_is_known_until_it_is_back(database: Database, tmp_path: Path):
    scenes.launched(database, people=2)

    async def live() -> None:
        async with listening(Sink(("greeting", "421 4.3.2 going down"))) as sink:
            town = Town(database, tmp_path, relay(sink.port, "one"))
            await town.until(0)
            with database.read() as session:
                away = pace_store.away(session, ["one", "two"])
            assert [(one.since, one.said) for one in away.values()] == [
                (NOW, "421 4.3.2 going down")
            ]
            sink.trouble = None
            await town.until(1)
            with database.read() as session:
                assert pace_store.away(session, ["one"]) == {}

    asyncio.run(live())

    assert scenes.states(database) == [State.SENT] * 2


@pytest.mark.parametrize(
    ("mail", "says"),
    [
        ("smtp://a.example smtp://a.example:587", "both called a.example:587"),
        ("smtp://a.example?share=0", "share must be a whole number from 1 to 1,000"),
        ("smtp://a.example?rate=fast", "rate must be"),
        ("smtp://a.example?connections=101", "connections must be"),
        ("smtp://a.example?name=No%20one", "the name of a relay"),
        ("smtp://a.example outbox:", "THINSLICE_MAIL must be outbox:"),
        ("smtp://a.example postmark://TOKEN@/", "THINSLICE_BOUNCE_ADDRESS must be set"),
    ],
)
def test_relays_that_cannot_be_told_apart_or_understood_are_refused_in_words(mail: str, says: str):
    with pytest.raises(BadSettings, match=says):
        transports.refuse_unusable(Settings(mail=mail))


def test_a_relays_terms_stand_beside_what_it_is_told_and_are_taken_out():
    kept, terms = taken("ses://ID:a%2Bb@eu-west-1/?configuration=set&share=3&session=x%2By&rate=9")
    mail = "smtp://u:p@a.example?name=main&connections=2 postmark://TOKEN@/?stream=news&share=2"

    assert kept == "ses://ID:a%2Bb@eu-west-1/?configuration=set&session=x%2By"
    assert terms == Terms(share=3, rate=9)
    settings = Settings(mail=mail, bounce_address="bounces@example.com")
    assert transports.names(settings) == ["main", "Postmark"]
    assert transports.hosts(settings) == ["a.example"]
    assert [one.lanes for one in transports._relays(settings)] == [2, 500]


def test_doctor_asks_each_relay_and_says_which_one_takes_nothing():
    mail = "smtp://127.0.0.1:1?tls=none&name=one smtp://127.0.0.1:1?tls=none&name=two"

    with pytest.raises(Unavailable) as refused:
        transports.look(Settings(mail=mail))

    assert [word in str(refused.value) for word in ("one takes no mail", "two takes no mail")] == [
        True, True,
    ]  # fmt: skip
