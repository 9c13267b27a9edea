"""People who log in: added once, and never without an admin."""

import pytest
from sqlmodel import Session

from app.identity import store, tokens, users
from app.identity.models import User
from app.identity.roles import Role
from app.platform.errors import Conflict, Invalid, NotFound
from tests.identity.scenes import NOW, given_user, hashed_password


def add(session: Session, email: str, role: str = "editor", name: str = "") -> User:
    return users.add(
        session, email=email, name=name, role=role, password=hashed_password(), now=NOW
    )


def test_an_address_is_kept_in_lower_case_and_names_who_has_no_name(session: Session):
    user = add(session, " Eve@Halvern.example ")

    assert (user.email, user.name) == ("eve@halvern.example", "eve")


def test_the_same_address_in_another_case_is_a_conflict(session: Session):
    given_user(session)

    with pytest.raises(Conflict, match="may log in already"):
        add(session, "ANN@halvern.example")


@pytest.mark.parametrize(
    "email", ["", "ann", "ann@", "a b@halvern.example", "a\r\nb@halvern.example", "\x00@b.example"]
)
def test_what_is_no_address_is_refused(session: Session, email: str):
    with pytest.raises(Invalid, match="no email address"):
        add(session, email)


def test_a_name_keeps_no_nul(session: Session):
    with pytest.raises(Invalid, match="NUL"):
        add(session, "eve@halvern.example", name="E\x00ve")


def test_a_new_role_holds_at_once(session: Session):
    given_user(session)
    bo = given_user(session, "Bo", "viewer")

    users.change_role(session, bo, "editor", now=NOW)

    assert store.user_of(session, bo.id).role == "editor"


@pytest.mark.parametrize("new", Role)
@pytest.mark.parametrize("made", Role)
def test_nobody_keeps_a_role_by_a_token(session: Session, new: Role, made: Role):
    given_user(session)
    bo = add(session, "bo@halvern.example", "admin", "Bo")
    token = tokens.add(session, name="x", role=made, by="Bo", by_id=bo.id, now=NOW).row

    users.change_role(session, bo, new, now=NOW)

    assert (token.revoked_at is None) is new.may(made)


def test_the_last_admin_is_neither_removed_nor_made_less(session: Session):
    ann = given_user(session)
    given_user(session, "Eve", "editor")

    with pytest.raises(Conflict, match="last admin"):
        users.change_role(session, ann, "viewer", now=NOW)
    with pytest.raises(Conflict, match="last admin"):
        users.remove(session, ann, now=NOW)


def test_an_admin_may_go_while_another_stays(session: Session):
    ann = given_user(session)
    given_user(session, "Dee", "admin")

    users.remove(session, ann, now=NOW)

    assert [user.name for user in store.users(session)] == ["Dee"]
    with pytest.raises(NotFound):
        store.user_of(session, ann.id)


def test_a_removed_address_may_be_added_again(session: Session):
    given_user(session)
    users.remove(session, given_user(session, "Bo", "viewer"), now=NOW)

    assert add(session, "bo@halvern.example").removed_at is None
