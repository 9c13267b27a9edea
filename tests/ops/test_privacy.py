"""Who refused is not tracked: consent × preset × what the browser asks × when it was withdrawn.

Through the wiring of the real processes: the scheduler's steps, the sender, the edge, the ingester.
"""

import asyncio
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import product

import httpx
import pytest
from sqlmodel import col, select

from app.analysis import readout as readouts
from app.audience.models import Person
from app.delivery import transports
from app.delivery.models import OutboxMail, Send
from app.delivery.sending import Sender
from app.experiments.models import Experiment
from app.links.keyring import Kind
from app.links.token import NOBODY, read
from app.main import Tracking
from app.ops.installation import House
from app.platform.config import Privacy
from app.platform.journal import Journal
from app.tally.models import LinkCounter, Outcome
from app.tracking.edge import Edge
from app.tracking.models import Hit, Reaction
from app.worker import ingester_duties, scheduler_duties
from tests.cast import playing_server
from tests.duties import run
from tests.experiments import scenes
from tests.moments import NOW, state
from tests.serve import BROWSER, links_in

MAY = {  # the presets: who may be tracked, by what they said
    Privacy.STANDARD: {"yes": True, "unknown": True, "no": False},
    Privacy.CONSENT: {"yes": True, "unknown": False, "no": False},
    Privacy.AGGREGATE: {"yes": False, "unknown": False, "no": False},
}
SAYS = ("yes", "no", "unknown")
ASKS: dict[str, dict[str, str]] = {"nothing": {}, "gpc": {"Sec-GPC": "1"}, "dnt": {"DNT": "1"}}
WITHDRAWN = ("never", "before_sending", "before_the_hit", "after_the_hit")
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Case:
    """One person, and what must become of their mail and hits under a preset."""

    opens: str
    clicks: str
    withdrawn: str
    asks: str
    preset: Privacy

    @property
    def email(self) -> str:
        return f"{self.opens}.{self.clicks}.{self.withdrawn}.{self.asks}@b.example"

    def may(self, said: str, *, by: str) -> bool:
        """Whether it may be kept at a stage of the story."""
        stages = WITHDRAWN.index(by)
        has_left = 0 < WITHDRAWN.index(self.withdrawn) <= stages
        return MAY[self.preset]["no" if has_left else said]

    @property
    def is_enrolled(self) -> bool:
        begun = Privacy.CONSENT if self.preset is Privacy.CONSENT else Privacy.STANDARD
        return MAY[begun][self.clicks]

    @property
    def has_pixel(self) -> bool:
        return self.may(self.opens, by="before_sending")

    @property
    def is_named(self) -> bool:
        return self.may(self.clicks, by="before_sending")

    def kept_click(self, *, by: str) -> bool:
        return self.asks == "nothing" and self.is_named and self.may(self.clicks, by=by)

    @property
    def kept_open(self) -> bool:
        asked = self.asks == "nothing" and self.has_pixel
        return asked and self.may(self.opens, by="before_the_hit")


def cases(preset: Privacy) -> list[Case]:
    return [
        Case(opens, clicks, withdrawn, asks, preset)
        for opens, clicks, withdrawn, asks in product(SAYS, SAYS, WITHDRAWN, ASKS)
    ]


class Story:
    """An experiment with a person for each case, from its launch to two clicks each."""

    def __init__(self, house: House, patch: pytest.MonkeyPatch, preset: Privacy) -> None:
        self.house, self.patch, self.preset = house, patch, preset
        self.requests = {"/c/": 0, "/o/": 0}
        self.tracking = Tracking(house)
        self.edge: Edge = self.tracking.edge(behind=_nothing)

    def tell(self) -> None:
        begun = Privacy.CONSENT if self.preset is Privacy.CONSENT else Privacy.STANDARD
        self.launch(self._with(begun))
        self.house = self._with(self.preset)
        self.withdraw("before_sending")
        asyncio.run(self.send())
        self.withdraw("before_the_hit")
        self.at(NOW + HOUR)
        asyncio.run(self.visit(opens=True))
        self.ingest(NOW + HOUR)
        self.withdraw("after_the_hit")
        self.at(NOW + 2 * HOUR)
        asyncio.run(self.visit(opens=False))
        self.ingest(NOW + 2 * HOUR)

    def at(self, moment: datetime) -> None:
        state(self.patch, moment)

    def _with(self, preset: Privacy) -> House:
        settings = self.house.settings.model_copy(update={"privacy": preset})
        return replace(self.house, settings=settings)

    def launch(self, house: House) -> None:
        with house.database.write() as session:
            audience = scenes.given_audience(session, people=0)
            for one in cases(self.preset):
                said = {"consent_open": one.opens, "consent_click": one.clicks}
                scenes.given_person(session, audience, one.email, **said)
            draft = scenes.given_draft(session, audience_id=audience, guardrails=[])
            scenes.launch(session, draft)
            self.experiment_id = draft.id
        for duty in scheduler_duties(house):
            run(house.database, duty, NOW)

    def withdraw(self, when: str) -> None:
        with self.house.database.write() as session:
            gone = select(Person).where(col(Person.email).contains(f".{when}."))
            for person in session.exec(gone):
                person.consent_open = person.consent_click = "no"
                session.add(person)

    async def send(self) -> None:
        settings = self.house.settings
        journal = Journal.open(self.house.sends, durability=settings.durability, limit=10**8)
        [transport] = transports.open_transports(settings, self.house.database)
        playing = playing_server(self.house)
        sender = Sender(playing.database, playing.settings, playing.keyring, journal, transport)
        while await sender.step(NOW):
            pass
        journal.close()

    async def visit(self, *, opens: bool) -> None:
        for one, (mail, _) in self.mails().items():
            await self.ask(links_in(mail)[0], one)
            if opens and (pixel := pixel_in(mail)):
                await self.ask(pixel, one)

    async def ask(self, address: str, one: Case) -> None:
        headers = {"User-Agent": BROWSER, "Accept-Language": "en"} | ASKS[one.asks]
        transport = httpx.ASGITransport(self.edge)
        async with httpx.AsyncClient(transport=transport) as client:
            answer = await client.get(address, headers=headers)
        kind = "/c/" if "/c/" in address else "/o/"
        assert answer.status_code == {"/c/": 302, "/o/": 200}[kind]
        self.requests[kind] += 1

    def ingest(self, now: datetime) -> None:
        for duty in ingester_duties(self.house):
            run(self.house.database, duty, now)

    def mails(self) -> dict[Case, tuple[EmailMessage, int]]:
        by_email = {one.email: one for one in cases(self.preset)}
        with self.house.database.read() as session:
            rows = session.exec(select(OutboxMail)).all()
        return {
            by_email[row.recipient]: (
                message_from_bytes(row.raw, policy=policy.default),
                row.send_id or 0,
            )
            for row in rows
        }


async def _nothing(_scope: object, _receive: object, _send: object) -> None:
    raise AssertionError("only tracked addresses are asked for")


def pixel_in(mail: EmailMessage) -> str | None:
    part = mail.get_body(("html",))
    assert part is not None
    html = part.get_content()
    found = re.search(r"https?://[^\"]+/o/[^\"]+\.gif", html)
    assert html.count("<img") == bool(found)
    return found[0] if found else None


@pytest.mark.parametrize("preset", list(Privacy))
def test_who_refused_is_not_tracked(house: House, monkeypatch: pytest.MonkeyPatch, preset: Privacy):
    story = Story(house, monkeypatch, preset)
    story.tell()
    mails = story.mails()
    with house.database.read() as session:
        outcomes = {one.send_id: one for one in session.exec(select(Outcome))}
        hits = session.exec(select(Hit)).all()
        reacted = set(session.exec(select(Reaction.send_id)))
        nameless = sum(session.exec(select(LinkCounter.nameless)))
        experiment = session.get_one(Experiment, story.experiment_id)
        (arm,) = readouts.readout_of(session, experiment, now=NOW + 3 * HOUR).arms
        assert set(session.exec(select(Send.state))) == {"sent"}
    named = {hit.send_id for hit in hits}

    assert set(mails) == {one for one in cases(preset) if one.is_enrolled}
    for one, (mail, send_id) in mails.items():
        token = read(links_in(mail)[0].rpartition("/")[2], Kind.CLICK, house.keyring)
        outcome = outcomes[send_id]
        first, second = (one.kept_click(by=by) for by in ("before_the_hit", "after_the_hit"))
        assert (pixel_in(mail) is not None) is one.has_pixel, one
        assert token.id == (send_id if one.is_named else NOBODY), one
        assert outcome.untracked is not one.is_named, one
        assert (outcome.clicked_at is not None) is first, one
        assert outcome.clicks == first + second, one
        assert (outcome.opened_at is not None) is one.kept_open, one
        assert (send_id in named) is (send_id in reacted) is (first or one.kept_open), one
    counted = [o for o in outcomes.values() if o.clicked_at]
    clicks = sum(o.clicks for o in outcomes.values())
    assert sum(hit.count for hit in hits) == sum(story.requests.values())
    assert clicks + nameless == story.requests["/c/"] == arm.clicks
    assert (arm.human_clickers, arm.released) == (len(counted), len(mails))
    assert arm.untracked == sum(not one.is_named for one in mails)
    nobodys = {
        (hit.user_agent, hit.address_key, str(hit.flags)) for hit in hits if hit.send_id == NOBODY
    }
    assert nobodys == {("", "", "{}")}


def test_a_rule_that_counts_people_is_refused_where_nobody_is_tracked(house: House):
    with house.database.write() as session:
        draft = scenes.given_draft(session)
        found = scenes.check(session, draft, privacy=Privacy.AGGREGATE)

    assert not found.ready
    assert any("THINSLICE_PRIVACY" in one.message for one in found.items)
