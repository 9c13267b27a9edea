"""The audit, searched and in words."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from fastapi import FastAPI
from sqlmodel import Session

from app.identity import audit, audit_rows
from app.identity.audit_rows import Days, in_words
from app.ops.installation import House
from app.platform import paging
from app.platform.listing import Asked
from tests.moments import NOW
from tests.routes import routes
from tests.whole import inside_of

DAY = timedelta(days=1)


@pytest.fixture
def kept(session: Session) -> Session:
    for number, (actor, action, subject, details) in enumerate(
        (
            ("Ada", "POST /experiments/{experiment_id}/launch", "e1", {}),
            ("Bo", "POST /login", "", {"method": "password"}),
            ("Ada", "DELETE /api/v1/people/{person_id}", "p1", {"why": "Überdruss 100 %"}),
        )
    ):
        audit.note(
            session,
            actor=actor,
            action=action,
            subject=subject,
            details=details,
            now=NOW + number * DAY,
        )
    session.flush()
    return session


def found(session: Session, words: str = "", limit: int = 10, **days: datetime) -> list[str]:
    rows = paging.every(
        lambda cursor: audit_rows.page(
            session, Asked(words=words, cursor=cursor), Days(**days), limit=limit
        )
    )
    return [in_words(row.action) for row in rows]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", ["person deleted", "login", "experiment launch"]),
        ("ada", ["person deleted", "experiment launch"]),
        ("ada LAUNCH", ["experiment launch"]),
        ("e1", ["experiment launch"]),
        ("password", ["login"]),
        ("Überdruss", ["person deleted"]),
        ("100 %", ["person deleted"]),
        ("_", ["experiment launch", "person deleted"][::-1]),
        ("nobody", []),
        ("%", ["person deleted"]),
    ],
)
def test_every_word_is_somewhere_in_what_is_found(kept: Session, words: str, expected: list[str]):
    assert found(kept, words) == expected


def test_days_begin_with_the_first_and_end_before_the_last(kept: Session):
    assert found(kept, since=NOW + DAY) == ["person deleted", "login"]
    assert found(kept, until=NOW + DAY) == ["experiment launch"]
    assert found(kept, since=NOW + DAY, until=NOW + DAY) == []


def test_page_by_page_nothing_is_lost_or_repeated(kept: Session):
    assert found(kept, limit=1) == found(kept)


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("POST /features", "feature made"),
        ("PUT /api/v1/key-results/{key_result_id}", "key result changed"),
        ("POST /tokens/{token_id}/revoke", "token revoke"),
        ("GET /customers/{person_id}/export", "customer export"),
        ("POST /login refused", "login refused"),
        ("POST /setup", "setup"),
        ("user remove", "user remove"),
    ],
)
def test_what_was_done_in_words(action: str, words: str):
    assert in_words(action) == words


def test_each_route_that_changes_something_has_words_of_its_own(house: House):
    application: FastAPI = inside_of(house)
    said: dict[str, set[str]] = {}
    for route in routes(application):
        for method in (route.methods or set()) - {"GET", "HEAD"}:
            words = in_words(f"{method} {route.path}")
            said.setdefault(words, set()).add(f"{method} {route.path}")
            assert words.strip(), route.path
            assert not set(words) & set("{}/"), words

    assert len(said) > 60
    assert all(one < other for one, other in pairwise(sorted(said)))
