"""What people are called: one line, and never what Thinslice calls itself in the audit."""

import ast
import sys
import unicodedata
from functools import cache
from pathlib import Path

import pytest
from sqlmodel import Session

from app.identity import names, store, users
from app.identity.models import User
from app.platform.errors import Invalid
from tests.identity.scenes import NOW, given_user, hashed_password

_ADDRESS = "ada@halvern.example"
_BIDI = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}


@cache
def no_line() -> list[str]:
    """Of all characters: controls, ends of lines, halves, and what turns a line's direction."""
    return [
        sign
        for sign in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(sign) in {"Cc", "Zl", "Zp", "Cs"}
        or unicodedata.bidirectional(sign) in _BIDI
    ]


def add(session: Session, name: str, email: str = _ADDRESS) -> User:
    return users.add(
        session, email=email, name=name, role="editor", password=hashed_password(), now=NOW
    )


def test_no_name_holds_what_does_not_stand_in_a_line(session: Session):
    taken = []
    for sign in no_line():
        try:
            names.of(f"A{sign}B", address=_ADDRESS)
        except Invalid:
            continue
        taken.append(sign)

    assert taken == []
    with pytest.raises(Invalid, match="The name must be one line"):
        add(session, "Ada\r\nroot@halvern.example  admin")


def test_of_a_name_that_is_given_the_rest_is_kept():
    assert {names.usable_part(f" A{sign}B ") for sign in no_line()} == {"A B", "AB"}
    assert names.usable_part("x" * 500) == "x" * 200


@pytest.mark.parametrize("name", ["Ada O’Neil", "Zoë", "עדה", "李 爱达", "👩‍🍳 Ada", "Ada\u200f"])
def test_names_of_people_are_kept(name: str):
    assert names.of(name, address=_ADDRESS) == names.usable_part(name) == name


@pytest.mark.parametrize("ours", sorted(names.RESERVED))
def test_nobody_is_called_as_we_call_ourselves(session: Session, ours: str):
    for name in (ours, ours.upper(), f"  {ours.replace(' ', '   ')} "):
        with pytest.raises(Invalid, match="calls itself"):
            add(session, name)
        assert names.usable_part(name) == ""
    assert names.of("", address="thinslice@halvern.example") == "thinslice@halvern.example"


def test_whoever_acts_without_an_id_has_a_name_that_nobody_else_can_have():
    """By the source: what is noted without an id is by one of ours, or by an address."""
    ours = {"BY", "arrivals.BY", "names.COMMANDS", "users.address_or_nobody(email)"}
    noted = {
        said["actor"]
        for path in Path(names.__file__).parents[1].rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "audit.note"
        if "actor_id" not in (said := {one.arg: ast.unparse(one.value) for one in call.keywords})
    }

    assert noted
    assert noted <= ours


def test_what_stands_beside_a_name_in_the_audit_was_chosen_by_nobody(session: Session):
    ann, gone = given_user(session), add(session, "Ann")
    users.remove(session, gone, now=NOW)
    session.flush()

    known = store.known_as(session, {ann.id, gone.id, "nobody's"})

    assert known == {ann.id: "ann@halvern.example", gone.id: "removed"}
