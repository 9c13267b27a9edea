"""What people turn off, and who can turn it on again: never whoever finds a mail."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from fastapi import FastAPI
from sqlmodel import Session, select

from app.audience import suppression_store
from app.audience.models import Declined, Suppression
from app.delivery import feedback
from app.delivery.feedback import Change
from app.experiments.vocabulary import MailKind
from app.links.keyring import Kind
from app.links.token import NEVER_COUNTS, TrackedLink, read, sign
from app.platform import clock
from app.platform.db import Database
from app.tally.models import Outcome
from app.web.public import way_back
from tests.web.conftest import Browser
from tests.web.public.test_public import send_id, sent, settings  # noqa: F401 - fixtures
from tests.web.test_journey import draft, key_result, started  # noqa: F401 - fixtures

BACK = re.compile(r'action="(/k/[^"]+)"')
Address = Callable[[Kind], str]


@pytest.fixture
def address(sent: str, database: Database, application: FastAPI) -> Address:  # noqa: F811 - the fixture
    """The signed addresses of one mail that left."""
    link = TrackedLink(1, send_id(database), 0)
    return lambda kind: f"/{kind}/{sign(link, kind, application.state.keyring)}"


def rows(database: Database, model: type[Suppression] | type[Declined]) -> list[str]:
    with database.read() as session:
        return sorted(getattr(row, "mail_kind", "all") for row in session.exec(select(model)).all())


def keep(*kinds: MailKind) -> str:
    return "&".join(f"kind={kind}" for kind in kinds)


def choose(browser: Browser, address: str, *kinds: MailKind) -> str:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = browser._ask("POST", address, content=keep(*kinds), headers=form)
    assert answer.status_code == 200
    return answer.text


def test_the_way_out_leads_to_the_kinds_without_a_log_in(stranger: Browser, address: Address):
    page = stranger.get(address(Kind.UNSUBSCRIBE)).text
    kinds = stranger.get(re.search(r'href="(/p/[^"]+)"', page)[1]).text  # type: ignore[index]  # it is there

    assert kinds.count('type="checkbox"') == len(MailKind)
    assert "No more mail at all" in kinds


def test_what_is_not_ticked_is_turned_off_and_only_the_page_that_says_so_leads_back(
    stranger: Browser, address: Address, database: Database
):
    kept = [kind for kind in MailKind if kind is not MailKind.OFFERS]
    page = choose(stranger, address(Kind.PREFERENCES), *kept)
    off = rows(database, Declined)
    again = stranger.get(address(Kind.PREFERENCES)).text
    back = BACK.search(page)
    assert back
    answer = stranger.post(back[1], csrf="")
    on = stranger.get(answer.headers["location"]).text

    assert off == ["offers"]
    assert "Offers and prices" in page
    assert not BACK.search(again)
    assert again.count('type="checkbox"') == len(MailKind) - 1
    assert "Taken back." in on
    assert rows(database, Declined) == []


def test_nothing_is_turned_on_by_a_link_of_a_mail(
    stranger: Browser, address: Address, database: Database
):
    choose(stranger, address(Kind.PREFERENCES))
    page = choose(stranger, address(Kind.PREFERENCES), *MailKind)

    assert rows(database, Declined) == sorted(MailKind)
    assert not BACK.search(page)


def test_whoever_pressed_by_mistake_takes_it_back_and_is_counted_no_more(
    stranger: Browser, address: Address, database: Database
):
    page = stranger.post(address(Kind.UNSUBSCRIBE), csrf="").text
    back = BACK.search(page)
    assert back
    asked = stranger.get(back[1]).text
    out = rows(database, Suppression)
    stranger.post(back[1], csrf="")
    twice = stranger.post(back[1], csrf="")
    with database.read() as session:
        outcome = session.get_one(Outcome, send_id(database))

    assert "<form" in asked
    assert out == ["all"]
    assert rows(database, Suppression) == []
    assert outcome.unsubscribed_at is None
    assert twice.status_code == 303


@pytest.mark.parametrize("who", ["presses", "complains", "is put there by hand"])
def test_whoever_pressed_for_another_cannot_take_back_what_they_asked_for_themselves(
    stranger: Browser, address: Address, database: Database, who: str
):
    back = BACK.search(stranger.post(address(Kind.UNSUBSCRIBE), csrf="").text)
    assert back
    if who == "presses":
        page = stranger.post(address(Kind.UNSUBSCRIBE), csrf="").text
        assert not BACK.search(page)
    else:
        with database.write() as session:
            person = feedback.person_of(session, send_id(database))
            assert person
            reason = {"complains": "complained"}.get(who, "manual")
            suppression_store.suppress(session, person.email, reason, by="x", now=clock.now())
    stranger.post(back[1], csrf="")

    assert rows(database, Suppression) == ["all"]


def test_the_way_back_ends_after_its_hour(
    stranger: Browser,
    sent: str,  # noqa: F811 - the fixture
    database: Database,
    application: FastAPI,
):
    keyring, number = application.state.keyring, send_id(database)
    with database.write() as session:
        change = feedback.unsubscribe(session, number, now=clock.now())
    long_ago = clock.now() - way_back.GOOD_FOR - timedelta(minutes=1)
    over = way_back.address_of(number, change, keyring=keyring, now=long_ago)
    posted = stranger.post(over, csrf="")

    assert "This link has ended." in stranger.get(over).text
    assert "This link has ended." in posted.text
    assert rows(database, Suppression) == ["all"]


def test_no_other_link_of_a_mail_is_a_way_back(
    stranger: Browser, application: FastAPI, address: Address
):
    for kind in Kind:
        if kind is not Kind.BACK:
            token = address(kind).rpartition("/")[2]
            assert stranger.post(f"/k/{token}", csrf="").status_code == 404
    bare = sign(TrackedLink(1, 7, 0), Kind.BACK, application.state.keyring)
    assert "This link has ended." in stranger.get(f"/k/{bare}").text


def test_a_link_of_a_preview_says_that_it_changes_nothing(
    stranger: Browser, application: FastAPI, database: Database
):
    for kind in (Kind.UNSUBSCRIBE, Kind.PREFERENCES):
        link = TrackedLink(1, NEVER_COUNTS, 0)
        place = f"/{kind}/{sign(link, kind, application.state.keyring)}"
        pages = (stranger.get(place), stranger.post(place, csrf=""))
        assert all("from a test mail or a preview" in page.text for page in pages)
        assert all("You are unsubscribed" not in page.text for page in pages)
    assert rows(database, Suppression) + rows(database, Declined) == []


ALL = "all"  # mail of every kind


@dataclass
class Model:
    """What should hold of one person, whatever was pressed in whatever order.

    Each wish, with the one press that can still take it back; none where it was said again.
    """

    wishes: dict[str, int | None] = field(default_factory=dict)
    backs: list[Change] = field(default_factory=list)

    def press(self, wishes: list[str], change: Change) -> None:
        self.wishes |= {one: None if one in self.wishes else len(self.backs) for one in wishes}
        self.backs.append(change)

    def take_back(self, press: int) -> None:
        self.wishes = {one: by for one, by in self.wishes.items() if by != press}


@pytest.mark.parametrize("seed", range(3))
def test_any_order_of_presses_leaves_what_was_asked_for_last(
    sent: str,  # noqa: F811 - the fixture
    database: Database,
    seed: int,
):
    rng, model, number = random.Random(seed), Model(), send_id(database)
    for _ in range(60):
        with database.write() as session:
            _act(rng, model, session, number)
        with database.read() as session:
            wanted = feedback.wanted_kinds(session, number)
            outcome = session.get_one(Outcome, number)
            off = {str(kind) for kind in MailKind if not wanted[kind]}
            is_out = feedback.is_suppressed(session, number)

        assert off | ({ALL} if is_out else set()) == set(model.wishes)
        assert (outcome.unsubscribed_at is not None) is is_out


def _act(rng: random.Random, model: Model, session: Session, number: int) -> None:
    act = rng.choice(["out", "off", "back"])
    if act == "out":
        model.press([ALL], feedback.unsubscribe(session, number, now=clock.now()))
    elif act == "off":
        kinds = rng.sample(sorted(MailKind), rng.randint(1, 3))
        model.press(
            list(map(str, kinds)), feedback.turn_off(session, number, kinds, now=clock.now())
        )
    elif model.backs:
        press = rng.randrange(len(model.backs))
        feedback.take_back(session, number, model.backs[press], now=clock.now())
        model.take_back(press)


def test_what_a_press_changed_is_read_back_as_it_was():
    for change in (Change("s", (), True), Change("", ("a", "b")), Change("s", ("a",))):
        assert Change.unpacked(change.packed()) == change


def test_the_way_back_says_nothing_of_its_person(application: FastAPI):
    keyring = application.state.keyring
    place = way_back.address_of(7, Change("s" * 20), keyring=keyring, now=clock.now())
    link = read(place.rpartition("/")[2], Kind.BACK, keyring)

    assert way_back.change_of(link) == Change("s" * 20)
    assert way_back.address_of(7, Change(), keyring=keyring, now=clock.now()) == ""
