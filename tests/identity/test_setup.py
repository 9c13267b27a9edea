"""The way in for the very first person: once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlmodel import Session, select

from app.identity import setup, store
from app.identity.models import SetupToken
from app.identity.secrets import kept
from app.identity.sessions import LoggedIn
from app.platform.db import Database
from app.platform.errors import AppError, Forbidden, Invalid
from tests.identity.scenes import NOW, given_user, hashed_password


def complete(session: Session, secret: str, name: str = "ann") -> LoggedIn:
    email = f"{name}@halvern.example"
    return setup.complete(
        session, secret=secret, email=email, name=name, password=hashed_password(), now=NOW
    )


def issued(session: Session) -> str:
    secret = setup.issue(session, now=NOW)
    session.flush()
    assert secret is not None
    return secret


def test_the_first_person_becomes_an_admin_and_is_logged_in(session: Session):
    logged_in = complete(session, issued(session))
    session.flush()

    assert logged_in.user.role == "admin"
    assert store.session_of(session, kept(logged_in.secret), now=NOW) is not None


def test_the_token_is_dead_once_used(session: Session):
    secret = issued(session)
    complete(session, secret)

    with pytest.raises(Forbidden):
        complete(session, secret, "eve")
    with pytest.raises(Forbidden):
        setup.check(session, secret)


def test_only_its_hash_is_kept(session: Session):
    secret = issued(session)

    row = session.exec(select(SetupToken)).one()

    assert row.hash == kept(secret)
    assert len(secret) >= 43


def test_a_new_one_kills_those_before(session: Session):
    old, new = issued(session), issued(session)

    with pytest.raises(Forbidden):
        setup.check(session, old)
    setup.check(session, new)


def test_none_is_made_once_somebody_can_log_in_and_none_opens(session: Session):
    secret = issued(session)
    given_user(session)

    assert setup.issue(session, now=NOW) is None
    with pytest.raises(Forbidden):
        complete(session, secret, "eve")


@pytest.mark.parametrize("guess", ["", "set_", "set_" + "A" * 43, "\x00", "å"])
def test_a_guess_opens_nothing(session: Session, guess: str):
    issued(session)

    with pytest.raises(Forbidden):
        complete(session, guess)


def test_an_address_that_is_refused_leaves_the_token_alive(database: Database):
    with database.write() as session:
        secret = issued(session)
    with pytest.raises(Invalid), database.write() as session:
        complete(session, secret, name="no address")

    with database.write() as session:
        assert complete(session, secret).user.role == "admin"


def test_of_two_who_use_it_at_the_same_moment_one_comes_in(database: Database):
    with database.write() as session:
        secret = issued(session)

    def try_it(name: str) -> bool:
        try:
            with database.write() as session:
                complete(session, secret, name)
        except AppError:
            return False
        return True

    with ThreadPoolExecutor(2) as two:
        came_in = list(two.map(try_it, ["ann", "eve"]))

    assert sorted(came_in) == [False, True]
    with database.read() as session:
        assert len(store.users(session)) == 1
