"""Logging in, staying logged in, and every way in which that ends."""

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from app.identity import passwords, sessions, store, users
from app.identity.models import LoginSession
from app.identity.secrets import kept
from app.platform.errors import Invalid
from tests.identity.scenes import NOW, PASSWORD, given_user


def log_in(session: Session, *, email: str, password: str) -> sessions.LoggedIn:
    user = sessions.owner_of(session, email=email, password=password)
    return sessions.begin(session, user, now=NOW)


def test_an_address_in_any_case_and_its_password_begin_a_session(session: Session):
    ann = given_user(session)

    logged_in = log_in(session, email=" ANN@halvern.example ", password=PASSWORD)

    assert logged_in.user.id == ann.id
    assert store.session_of(session, kept(logged_in.secret), now=NOW) is not None


def test_a_wrong_address_and_a_wrong_password_sound_alike(session: Session):
    given_user(session)
    said = set()
    for email in ("ann@halvern.example", "nobody@halvern.example"):
        with pytest.raises(Invalid) as refused:
            log_in(session, email=email, password="not this one")
        said.add(str(refused.value))

    assert len(said) == 1


def test_the_cookies_secret_is_not_in_the_database(session: Session):
    secret = sessions.begin(session, given_user(session), now=NOW).secret
    session.flush()

    row = session.exec(select(LoginSession)).one()

    assert len(secret) >= 43  # 256 bits
    assert secret not in str(row.model_dump())
    assert row.id == kept(secret)


def test_two_log_ins_have_secrets_and_form_tokens_of_their_own(session: Session):
    ann = given_user(session)
    for _ in range(2):
        sessions.begin(session, ann, now=NOW)
    session.flush()

    rows = session.exec(select(LoginSession)).all()

    assert len({row.id for row in rows} | {row.csrf for row in rows}) == 4


def test_a_session_ends_after_fourteen_days(session: Session):
    hashed = kept(sessions.begin(session, given_user(session), now=NOW).secret)
    session.flush()
    end = NOW + timedelta(days=14)

    assert store.session_of(session, hashed, now=end - timedelta(seconds=1)) is not None
    assert store.session_of(session, hashed, now=end) is None


def test_sessions_past_their_end_are_forgotten_at_the_next_log_in(session: Session):
    ann = given_user(session)
    sessions.begin(session, ann, now=NOW)
    session.flush()
    sessions.begin(session, ann, now=NOW + timedelta(days=15))
    session.flush()

    assert len(session.exec(select(LoginSession)).all()) == 1


def test_logging_out_ends_one_browsers_session_only(session: Session):
    ann = given_user(session)
    one, other = (sessions.begin(session, ann, now=NOW).secret for _ in range(2))
    session.flush()

    sessions.log_out(session, one)

    assert store.session_of(session, kept(one), now=NOW) is None
    assert store.session_of(session, kept(other), now=NOW) is not None


def test_a_new_password_ends_every_session_of_that_person_and_of_nobody_else(session: Session):
    ann, bo = given_user(session), given_user(session, "Bo", "viewer")
    anns = [sessions.begin(session, ann, now=NOW).secret for _ in range(2)]
    bos = sessions.begin(session, bo, now=NOW).secret
    session.flush()

    users.change_password(session, ann, passwords.hashed("another long sentence"), now=NOW)

    assert [store.session_of(session, kept(one), now=NOW) for one in anns] == [None, None]
    assert store.session_of(session, kept(bos), now=NOW) is not None
    assert log_in(session, email=ann.email, password="another long sentence").user is ann


def test_who_was_removed_is_logged_out_and_stays_out(session: Session):
    given_user(session)
    bo = given_user(session, "Bo", "viewer")
    secret = sessions.begin(session, bo, now=NOW).secret
    session.flush()

    users.remove(session, bo, now=NOW)

    assert store.session_of(session, kept(secret), now=NOW) is None
    with pytest.raises(Invalid):
        log_in(session, email="bo@halvern.example", password=PASSWORD)
