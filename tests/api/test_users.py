"""Who can log in, and with which tokens other systems come: listed, logged out, let go."""

from datetime import timedelta

from fastapi import FastAPI

from app.identity import second_step, sessions, store, tokens
from app.identity.models import SecondStep
from app.platform.db import Database
from tests.api.conftest import NOW, Api, as_
from tests.identity.scenes import PASSWORD, given_user


def given(database: Database, name: str, role: str) -> str:
    with database.write() as session:
        user = given_user(session, name, role)
        sessions.begin(session, user, now=NOW)
        sessions.begin(session, user, now=NOW)
        return user.id


def browsers(database: Database, user_id: str) -> int:
    with database.read() as session:
        return len(store.sessions_of(session, user_id, now=NOW + timedelta(hours=1)))


def test_a_user_who_is_removed_takes_sessions_and_tokens_along(
    application: FastAPI, database: Database
):
    admin = as_(application, "admin")
    given(database, "Ann", "admin")
    eve = given(database, "Eve", "editor")
    with database.write() as session:
        made = tokens.add(session, name="x", role="viewer", by="Eve", by_id=eve, now=NOW)
        old = tokens.add(session, name="old", role="viewer", by="Eve", now=NOW)
    hers = [Api(application, one.secret) for one in (made, old)]
    before = [one.ask("GET", "/features").status_code for one in hers]

    gone = admin.ask("DELETE", f"/users/{eve}")

    assert (before, gone.status_code) == ([200, 200], 204)
    assert [one.ask("GET", "/features").status_code for one in hers] == [401, 401]
    assert browsers(database, eve) == 0
    assert [one["name"] for one in admin.read("/users")["items"]] == ["Ann"]
    assert admin.ask("DELETE", f"/users/{eve}").status_code == 404


def test_the_last_admin_stays(application: FastAPI, database: Database):
    ann = given(database, "Ann", "admin")

    refused = as_(application, "admin").ask("DELETE", f"/users/{ann}")

    assert (refused.status_code, browsers(database, ann)) == (409, 2)


def test_a_new_password_ends_every_session(application: FastAPI, database: Database):
    ann = given(database, "Ann", "admin")
    admin = as_(application, "admin")
    short = admin.ask("PUT", f"/users/{ann}/password", json={"password": "short"})
    done = admin.ask("PUT", f"/users/{ann}/password", json={"password": "another long sentence"})

    assert (short.status_code, done.status_code, browsers(database, ann)) == (422, 204, 0)
    with database.read() as session:
        assert sessions.owner_of(
            session, email="ann@halvern.example", password="another long sentence"
        )


def test_somebody_is_logged_out_everywhere_and_logs_in_again(
    application: FastAPI, database: Database
):
    ann = given(database, "Ann", "admin")
    done = as_(application, "admin").ask("DELETE", f"/users/{ann}/sessions")

    assert (done.status_code, browsers(database, ann)) == (204, 0)
    with database.read() as session:
        assert sessions.owner_of(session, email="ann@halvern.example", password=PASSWORD)


def test_a_token_is_listed_without_its_secret_and_revoked(application: FastAPI):
    admin, editor = as_(application, "admin"), as_(application, "editor")
    listed = admin.read("/tokens")["items"]
    (theirs,) = [one for one in listed if one["name"] == "a editor"]
    done = admin.ask("DELETE", f"/tokens/{theirs['id']}")

    assert "hash" not in theirs
    assert (done.status_code, editor.ask("GET", "/features").status_code) == (204, 401)


def test_where_somebody_is_logged_in_is_listed_and_ended(application: FastAPI, database: Database):
    admin = as_(application, "admin")
    given(database, "Ann", "admin")
    eve, bo = given(database, "Eve", "editor"), given(database, "Bo", "viewer")
    listed = admin.read(f"/users/{eve}/sessions")["items"]
    foreign = admin.ask("DELETE", f"/users/{bo}/sessions/{listed[0]['id']}")
    ended = admin.ask("DELETE", f"/users/{eve}/sessions/{listed[0]['id']}")
    again = admin.ask("DELETE", f"/users/{eve}/sessions/{listed[0]['id']}")

    assert [one["method"] for one in listed] == ["password"] * 2
    assert [one.status_code for one in (foreign, ended, again)] == [404, 204, 404]
    assert (browsers(database, eve), browsers(database, bo)) == (1, 2)


def test_a_code_at_log_in_is_reset(application: FastAPI, database: Database):
    admin = as_(application, "admin")
    eve = given(database, "Eve", "editor")
    with database.write() as session:
        session.add(SecondStep(user_id=eve, secret="sealed", since=NOW))

    assert admin.ask("DELETE", f"/users/{eve}/second-step").status_code == 204
    with database.read() as session:
        assert not second_step.is_on(session, eve)


def test_several_people_are_invited_again_and_taken_back(application: FastAPI, database: Database):
    admin = as_(application, "admin")
    given(database, "Eve", "editor")
    emails = ["dee@b.example", "DEE@b.example", "eve@halvern.example", "nobody"]

    told = admin.made("/invitations", {"emails": emails, "role": "viewer"})["items"]
    again = admin.ask("POST", f"/invitations/{told[0]['invitation_id']}/again").json()["items"]
    (listed,) = admin.read("/invitations")["items"]
    gone = admin.ask("DELETE", f"/invitations/{listed['id']}")
    late = admin.ask("DELETE", f"/invitations/{listed['id']}")

    assert [one["what"] for one in told] == ["invited", "already here", "no address"]
    assert [one["what"] for one in again] == ["invited again"]
    assert (listed["email"], listed["state"]) == ("dee@b.example", "open")
    assert (gone.status_code, late.status_code) == (204, 409)
    assert admin.read("/invitations")["items"] == []
    assert as_(application, "editor").ask("GET", "/invitations").status_code == 403
