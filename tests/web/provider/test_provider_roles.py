"""Who may do what, by the groups that the provider names: read anew at each log-in."""

import itertools
from collections.abc import Callable

import pytest
from fastapi import FastAPI

from app.identity import store as identity
from app.identity import tokens, users
from app.identity.models import ApiToken, AuditRow, LoginSession, User
from app.identity.oidc.provider import Provider
from app.platform import clock
from app.platform.db import Database
from tests.web.conftest import Browser
from tests.web.provider.people import Person, rows

ROLES = ("viewer", "editor", "admin")
Configure = Callable[..., None]


@pytest.fixture
def configure(application: FastAPI) -> Configure:
    """Another setting of the provider."""

    def change(**settings: object) -> None:
        state = application.state
        state.settings = state.settings.model_copy(update=settings)
        state.provider = Provider(state.settings)

    return change


def known(database: Database, who: str) -> User:
    (found,) = [user for user in rows(database, User) if user.subject == f"sub-{who}"]
    assert isinstance(found, User)
    return found


@pytest.mark.parametrize(("before", "after"), [*itertools.product((*ROLES, None), repeat=2)])
def test_a_role_follows_the_groups_at_every_log_in(
    person: Person, database: Database, before: str | None, after: str | None
):
    """None: in no group that is let in."""
    group = {"viewer": "staff", "editor": "product", "admin": "admins", None: "guests"}
    first = person.log_in("ada", claims={"groups": [group[before]]})
    begun = person.browser.cookies.get("thinslice")
    person.browser.cookies.clear()
    answer = person.log_in("ada", claims={"groups": [group[after], "guests"]})

    assert (first.status_code, answer.status_code) == tuple(
        303 if role else 403 for role in (before, after)
    )
    if after:
        assert known(database, "ada").role == after
    else:
        assert "no group of yours is let in" in answer.text
        assert rows(database, LoginSession) == []
    changed = [row.details for row in rows(database, AuditRow) if row.action == "role by group"]
    moved = before and after and before != after
    assert changed == ([{"before": before, "after": after}] if moved else [])
    assert bool(begun) is bool(before)


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        (["staff", "admins"], "admin"),
        (["product", "staff"], "editor"),
        ("staff", "viewer"),
        (["ADMINS"], None),
        ([["admins"]], None),
        ({"admins": True}, None),
        ([None, 7, "staff"], "viewer"),
        ("admins,staff", None),
        (None, None),
    ],
)
def test_the_first_group_of_the_list_counts(
    person: Person, database: Database, groups: object, role: str | None
):
    answer = person.log_in("ada", claims={"groups": groups})

    assert answer.status_code == (303 if role else 403)
    assert [user.role for user in rows(database, User) if user.subject] == ([role] if role else [])


def test_anybody_may_be_let_in(person: Person, database: Database, configure: Configure):
    configure(oidc_roles=(("admins", "admin"), ("*", "viewer")))

    assert person.log_in("bob").status_code == 303
    assert known(database, "bob").role == "viewer"


def test_groups_are_read_from_the_claim_that_is_set(
    person: Person, database: Database, configure: Configure
):
    configure(oidc_groups="roles")

    assert person.log_in("ada", claims={"roles": ["product"]}).status_code == 303
    assert known(database, "ada").role == "editor"


def test_tokens_that_may_more_end_with_the_role(person: Person, database: Database):
    person.log_in("ada")
    ada = known(database, "ada")
    with database.write() as session:
        tokens.add(session, name="t", role="admin", by="Ada", by_id=ada.id, now=clock.now())
    person.browser.cookies.clear()

    person.log_in("ada", claims={"groups": ["staff"]})

    assert [token.revoked_at is None for token in rows(database, ApiToken)] == [False]


def test_a_local_address_is_joined_only_where_the_operator_wants_it(
    person: Person, database: Database, configure: Configure
):
    refused = person.log_in("eve")
    configure(oidc_join_by_email=True)
    person.browser.cookies.clear()
    joined = person.log_in("eve", claims={"groups": ["product"]})

    assert refused.status_code == 403
    assert "logs in here with a password" not in joined.text
    assert joined.status_code == 303
    eve = known(database, "eve")
    assert (eve.email, eve.has_password, eve.role) == ("eve@halvern.example", True, "editor")
    assert len(rows(database, User)) == 3


def test_an_address_that_was_joined_is_not_taken_by_somebody_else(
    person: Person, database: Database, configure: Configure
):
    configure(oidc_join_by_email=True)
    person.log_in("eve", claims={"groups": ["product"]})
    person.browser.cookies.clear()

    answer = person.log_in("bob", claims={"email": "eve@halvern.example", "groups": ["admins"]})

    assert answer.status_code == 403
    assert "belongs to somebody else" in answer.text
    assert known(database, "eve").role == "editor"


@pytest.mark.parametrize("group", ["staff", "product"])
def test_the_last_local_admin_stays_whatever_the_groups_say(
    person: Person, database: Database, configure: Configure, group: str
):
    configure(oidc_join_by_email=True)
    person.log_in("ada")  # an admin, but not while the provider is away
    person.browser.cookies.clear()

    answer = person.log_in("ann", claims={"groups": [group]})

    assert answer.status_code == 303
    assert known(database, "ann").role == "admin"
    noted = [row.action for row in rows(database, AuditRow)]
    assert "role kept: the last local admin" in noted


def test_with_a_second_local_admin_the_first_follows_the_groups(
    person: Person, database: Database, configure: Configure, ann: Browser
):
    configure(oidc_join_by_email=True)
    with database.write() as session:
        eve = identity.user_by_email(session, "eve@halvern.example")
        assert eve
        users.change_role(session, eve, "admin", now=clock.now())

    person.log_in("ann", claims={"groups": ["staff"]})

    assert known(database, "ann").role == "viewer"


def test_whoever_an_admin_removed_stays_out(person: Person, database: Database):
    person.log_in("eli")
    with database.write() as session:
        users.remove(session, session.merge(known(database, "eli")), now=clock.now())

    answer = person.log_in("eli")

    assert answer.status_code == 403
    assert "An admin removed your log-in" in answer.text
    assert person.browser.get("/").headers["location"].startswith("/login")


def test_nobody_comes_by_the_provider_before_the_first_admin(
    application: FastAPI, database: Database, idp: object
):
    assert Browser(application).get("/login/oidc").headers["location"] == "/setup"


@pytest.mark.parametrize("password", ["", "nobody has this password", "x" * 12])
def test_who_has_no_password_does_not_log_in_with_one(
    person: Person, application: FastAPI, password: str
):
    person.log_in("eli")

    answer = Browser(application).log_in("eli@halvern.example", password)

    assert answer.status_code == 422
    assert "is wrong" in answer.text


def test_name_and_address_follow_the_provider(person: Person, database: Database):
    person.log_in("eli")
    person.browser.cookies.clear()
    person.log_in("eli", claims={"email": "elin@halvern.example", "name": "Elin\x00 Q"})

    assert (known(database, "eli").email, known(database, "eli").name) == (
        "elin@halvern.example",
        "Elin Q",
    )
    person.browser.cookies.clear()
    person.log_in("eli", claims={"email": "ann@halvern.example"})
    assert known(database, "eli").email == "elin@halvern.example"


def test_whom_an_admin_removed_comes_back_by_an_invitation(
    person: Person, database: Database, ann: Browser
):
    person.log_in("eli")
    with database.write() as session:
        users.remove(session, session.merge(known(database, "eli")), now=clock.now())
    ann.post("/people/invitations", emails="eli@halvern.example", role="viewer")

    assert person.log_in("eli").status_code == 303
    assert known(database, "eli").role == "editor"
    noted = [row.details for row in rows(database, AuditRow) if row.action == "invitation accepted"]
    assert noted == [{"method": "identity provider", "role": "editor"}]


def test_where_the_provider_names_no_groups_roles_are_given_here(
    person: Person, database: Database, configure: Configure
):
    configure(oidc_roles=(("*", "viewer"),))
    person.log_in("eli", claims={"groups": "(missing)"}, userinfo={"groups": "(missing)"})
    with database.write() as session:
        users.change_role(session, session.merge(known(database, "eli")), "editor", now=clock.now())
    person.browser.cookies.clear()

    assert person.log_in("eli").status_code == 303
    assert known(database, "eli").role == "editor"
