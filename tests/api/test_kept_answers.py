"""Answers that are kept for whoever asks again name nobody who was erased."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import select

from app.platform import once
from app.platform.db import Database
from app.platform.once import OnceKey
from app.platform.vault import Vault
from app.privacy.erasing import Finisher
from tests.api.conftest import NOW, Api, as_
from tests.duties import finish

ADDRESS = "p1@bakery.example"
KEY = {"Idempotency-Key": "one"}
STOPPED = {"email": ADDRESS, "reason": "Asked by telephone"}


@pytest.fixture
def admin(application: FastAPI) -> Api:
    return as_(application, "admin")


@pytest.fixture
def person_id(admin: Api, audience_id: str) -> str:
    (found,) = admin.read("/people", email=ADDRESS)["items"]
    return str(found["id"])


def opened(admin: Api, database: Database) -> list[str]:
    """Every answer that is kept, in words."""
    vault = Vault.at(admin.application.state.settings)
    with database.read() as session:
        rows = session.exec(select(OnceKey).where(OnceKey.answer != "")).all()
    return [_opened(vault, row) for row in rows]


def _opened(vault: Vault, row: OnceKey) -> str:
    sealed = row.answer or ""
    is_plain = sealed.startswith("{")
    return sealed if is_plain else str(vault.open(sealed, owner=f"once {row.caller} {row.key}"))


def erase(admin: Api, person_id: str) -> None:
    assert admin.ask("DELETE", f"/people/{person_id}").status_code == 200


def keep(database: Database, *, key: str, after: timedelta) -> None:
    """An answer that names the person, to a request that came so long after the erasure."""
    names = {"caller": "another process", "key": key}
    once.claim(database, **names, asked="", now=NOW + after)
    once.store(database, **names, status=201, answer=f'{{"email": "{ADDRESS}"}}')


def test_no_answer_names_somebody_who_was_erased(admin: Api, database: Database, person_id: str):
    admin.post("/suppressions", STOPPED, **KEY)
    keep(database, key="of a version before they were sealed", after=-timedelta(days=1))
    before = opened(admin, database)

    erase(admin, person_id)

    assert [ADDRESS in answer for answer in before] == [True, True]
    assert opened(admin, database) == []


def test_what_was_done_is_not_done_again(admin: Api, database: Database, person_id: str):
    made = admin.post("/audiences", {"name": "Millers"}, **KEY)
    erase(admin, person_id)

    again = admin.post("/audiences", {"name": "Millers"}, **KEY)
    other = admin.post("/audiences", {"name": "Smiths"}, **KEY)

    assert (made.status_code, again.status_code, other.status_code) == (201, 409, 409)
    assert again.json()["detail"] == (
        "A request with this Idempotency-Key was done, and its answer is not kept any more:"
        " answers go when somebody is erased. Look at what is there before you send it with a new"
        " key, for that does it again."
    )
    assert "for another request" in other.json()["detail"]
    names: list[Any] = [one["name"] for one in admin.read("/audiences")["items"]]
    assert sorted(names) == ["Bakers", "Millers"]


def test_an_answer_that_was_written_meanwhile_goes_when_the_erasure_ends(
    admin: Api, database: Database, person_id: str
):
    erase(admin, person_id)
    keep(database, key="asked before, answered after", after=-timedelta(seconds=1))
    keep(database, key="by a clock that is ahead", after=timedelta(seconds=30))
    before = opened(admin, database)

    while finish(database, Finisher(database), NOW + timedelta(minutes=2)):
        pass

    assert [ADDRESS in answer for answer in before] == [True, True]
    assert opened(admin, database) == []


def test_whoever_asks_later_is_answered_again(admin: Api, database: Database, person_id: str):
    erase(admin, person_id)
    keep(database, key="after the erasure", after=timedelta(minutes=2))

    while finish(database, Finisher(database), NOW + timedelta(minutes=3)):
        pass

    assert len(opened(admin, database)) == 1
