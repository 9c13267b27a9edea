"""A list in any order, narrowed and searched, against the same done by hand; on both databases."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from app.analysis import raw_rows
from app.audience import store as audiences
from app.audience import suppression_store
from app.audience.models import Audience
from app.delivery import mail_store
from app.delivery.models import OutboxMail, Send
from app.experiments import feature_store
from app.experiments.models import Feature
from app.identity import listings
from app.identity.models import User
from app.platform.db import UtcDateTime
from app.platform.errors import Invalid
from app.platform.listing import Asked, Listing
from app.review import experiment_rows
from app.tracking import conversion_rows
from app.tracking.models import Hit

_START = datetime(2026, 11, 2, tzinfo=UTC)
_WORDS = ("Ärger", "waste", "100%", "a_b", "Ünder", "WASTE bin", "o'brien", "")
HERE = Listing(
    name="people of a test",
    key=col(User.id),
    usual="made",
    sorts={
        "made": col(User.id),
        "name": col(User.name),
        "role": col(User.role),
        "since": col(User.created_at),
        "removed": col(User.removed_at),
    },
    words=(col(User.name), col(User.email)),
    filters={"role": {one: col(User.role) == one for one in ("viewer", "editor")}},
)
_FIELDS = {"made": "id", "since": "created_at", "removed": "removed_at"}


@pytest.fixture
def people(session: Session) -> list[User]:
    """Some of one name, of one moment, and without a value; ids lie in no order."""
    drawn = random.Random(7)
    rows = [
        User(
            id=f"{drawn.getrandbits(40):012x}",
            email=f"{number}@x.example",
            name=drawn.choice(_WORDS),
            role=drawn.choice(("viewer", "editor", "admin")),
            password_hash="",
            created_at=_START + timedelta(minutes=drawn.randrange(4)),
            removed_at=drawn.choice((None, _START, _START + timedelta(1))),
        )
        for number in range(40)
    ]
    session.add_all(rows)
    session.flush()
    return rows


def walked(session: Session, asked: Asked, *, limit: int = 7) -> list[str]:
    """The ids of every page."""
    found: list[str] = []
    while True:
        part = HERE.part(session, select(User), asked, limit=limit)
        found += [row.id for row in part]
        if part.next is None:
            return found
        asked = Asked(words=asked.words, sort=asked.sort, chosen=asked.chosen, cursor=part.next)


def by_hand(rows: list[User], name: str, *, is_down: bool) -> list[str]:
    def value(row: User) -> Any:
        return getattr(row, _FIELDS.get(name, name))

    known = [row for row in rows if value(row) is not None]
    unknown = [row for row in rows if value(row) is None]
    ordered = sorted(known, key=lambda row: (value(row), row.id), reverse=is_down)
    last = sorted(unknown, key=lambda row: row.id, reverse=is_down)
    return [row.id for row in (*ordered, *last)]


@pytest.mark.parametrize("turned", ["", "-"])
@pytest.mark.parametrize("name", [name for name in HERE.sorts if name != "name"])
def test_every_order_has_everybody_once_and_in_place(
    session: Session, people: list[User], name: str, turned: str
):
    found = walked(session, Asked(sort=turned + name))

    assert found == by_hand(people, name, is_down=bool(turned))


def test_texts_are_in_any_case_and_turned_round_is_the_reverse(
    session: Session, people: list[User]
):
    up, down = (walked(session, Asked(sort=sort)) for sort in ("name", "-name"))
    names = {row.id: row.name.lower() for row in people}
    ascii_names = [names[one] for one in up if names[one].startswith("waste")]

    assert up == down[::-1]
    assert set(up) == set(names)
    assert ascii_names == sorted(ascii_names)


@pytest.mark.parametrize(
    "words",
    ["waste", "WASTE bin", "bin waste", "ärger", "ÜNDER", "100%", "%", "_", "a_b", "o'brien",
     "'; drop table user;--", "\\", "nobody"],
)  # fmt: skip
def test_words_are_found_in_any_case_and_stand_for_themselves(
    session: Session, people: list[User], words: str
):
    wanted = {
        row.id
        for row in people
        if all(word.lower() in f"{row.name} {row.email}".lower() for word in words.split())
    }

    assert set(walked(session, Asked(words=words))) == wanted


def test_both_directions_of_an_order_are_called_as_one_would_say_it():
    said = {name: HERE.ways(name) for name in HERE.sorts}

    assert said["made"] == said["since"] == said["removed"] == ("oldest first", "newest first")
    assert said["name"] == said["role"] == ("A to Z", "Z to A")


def test_a_choice_narrows_and_goes_with_the_pages(session: Session, people: list[User]):
    found = walked(session, Asked(sort="-since", chosen={"role": "viewer"}), limit=2)
    viewers = [row for row in people if row.role == "viewer"]

    assert found == by_hand(viewers, "since", is_down=True)


@pytest.mark.parametrize(
    "asked",
    [Asked(sort="shoe"), Asked(sort="--name"), Asked(chosen={"role": "king"}), Asked(cursor="x"),
     Asked(chosen={"crown": "1"})],
)  # fmt: skip
def test_what_a_list_does_not_have_is_refused_in_a_sentence(session: Session, asked: Asked):
    with pytest.raises(Invalid, match=r"^[A-Z].*\.$"):
        HERE.part(session, select(User), asked, limit=3)


def test_a_cursor_of_another_order_and_of_a_row_that_is_gone_are_refused(
    session: Session, people: list[User]
):
    first = HERE.part(session, select(User), Asked(sort="role"), limit=5)
    with pytest.raises(Invalid):
        HERE.part(session, select(User), Asked(sort="since", cursor=first.next), limit=5)
    session.delete(first[-1])
    session.flush()

    with pytest.raises(Invalid, match="changed meanwhile"):
        HERE.part(session, select(User), Asked(sort="role", cursor=first.next), limit=5)


def _lists(session: Session) -> dict[Any, tuple[Listing, Any]]:
    return {
        "experiments": (experiment_rows.listing_of(session), experiment_rows.QUERY),
        "hits": (raw_rows.HITS, select(Hit)),
        "sends": (raw_rows.SENDS, select(Send)),
        "suppressions": (suppression_store.LISTING, suppression_store.EVERY),
        "conversions": (conversion_rows.LISTING, conversion_rows.EVERY),
        "audiences": (audiences.AUDIENCES, select(Audience)),
        "features": (feature_store.LISTING, select(Feature)),
        "users": (listings.USERS, listings.HERE),
        "tokens": (listings.TOKENS, listings.IN_USE),
        "outbox": (mail_store.OUTBOX, select(OutboxMail)),
    }


def test_every_list_is_asked_for_by_every_order_word_and_choice(session: Session):
    """Both databases take each of its expressions; which rows come, its page's test says."""
    for listing, query in _lists(session).values():
        sorts = [f"{turned}{name}" for name in listing.sorts for turned in ("", "-")]
        chosen = [{name: one} for name, values in listing.filters.items() for one in values]
        for sort in sorts:
            assert listing.part(session, query, Asked(words="Ä %", sort=sort), limit=2) == []
        for choice in chosen:
            assert listing.part(session, query, Asked(chosen=choice), limit=2) == []


def test_numbers_are_small_and_large_and_only_moments_and_what_is_made_are_old(session: Session):
    moments = {"oldest first", "newest first"}
    for listing, _ in _lists(session).values():
        for name, column in listing.sorts.items():
            is_of_time = column is listing.key or isinstance(column.type, UtcDateTime)
            assert (set(listing.ways(name)) == moments) is is_of_time, (listing.name, name)
