"""Tokens of other systems."""

import re
from datetime import timedelta

import pytest
from sqlmodel import Session

from app.identity import store, tokens
from app.identity.secrets import kept
from app.platform.errors import Invalid, NotFound
from tests.identity.scenes import NOW


def make(session: Session, name: str = "Warehouse", role: str = "editor") -> tokens.Made:
    return tokens.add(session, name=name, role=role, by="Ann", now=NOW)


def test_a_token_has_256_bits_behind_its_prefix(session: Session):
    secret = make(session).secret

    assert re.fullmatch(r"tsl_[A-Za-z0-9_-]{43}", secret)


def test_only_its_hash_and_a_hint_are_kept(session: Session):
    made = make(session)

    assert made.secret not in str(made.row.model_dump())
    assert made.row.hash == kept(made.secret)
    assert len(made.row.hint) == 8


def test_it_opens_until_it_is_revoked(session: Session):
    made = make(session)
    assert store.token_by_hash(session, kept(made.secret)) is made.row

    tokens.revoke(session, made.row.id, now=NOW + timedelta(days=1))
    session.flush()

    assert store.token_by_hash(session, kept(made.secret)) is None
    assert store.tokens(session) == []


@pytest.mark.parametrize(
    ("name", "role"), [("  ", "editor"), ("Warehouse", "boss"), ("\x00", "editor")]
)
def test_a_token_needs_a_name_and_a_role(session: Session, name: str, role: str):
    with pytest.raises(Invalid):
        make(session, name, role)


def test_an_unknown_token_cannot_be_revoked(session: Session):
    with pytest.raises(NotFound):
        tokens.revoke(session, "nothing", now=NOW)
