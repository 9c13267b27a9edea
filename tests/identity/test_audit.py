"""The audit: whatever is done to it without a key shows."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update
from sqlmodel import Session, col

from app.identity import audit
from app.identity.audit import Head, Seals, Verified
from app.identity.models import AuditHead, AuditRow
from app.links.keyring import Keyring
from app.platform.db import Database
from app.platform.errors import Invalid
from tests.moments import NOW

KEYS = Keyring.of([b"the first key of an installation"])
OTHERS = Keyring.of([b"a key that somebody else has made"])
_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
_DETAILS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture
def sealed(database: Database) -> Database:
    """A database whose transactions seal what they note."""
    database.at_last(Seals(KEYS.seals).close)
    return database


def noted(database: Database, *actions: str, **details: Any) -> None:
    with database.write() as session:
        for action in actions:
            audit.note(session, actor="Ann", action=action, subject="x1", details=details, now=NOW)


def looked_at(database: Database, keys: Keyring = KEYS, head: Head | None = None) -> Verified:
    with database.read() as session:
        return Seals(keys.seals).verified(session, noted=head)


def row_of(session: Session, number: int) -> AuditRow:
    return session.scalars(select(AuditRow).where(col(AuditRow.number) == number)).one()


def test_rows_follow_each_other_and_fit(sealed: Database):
    noted(sealed, "one", "two")
    noted(sealed, "three", people=3)

    found = looked_at(sealed)

    assert (found.rows, found.faults, found.head.number) == (3, [], 3)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(
    details=st.dictionaries(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5),
        _DETAILS,
        max_size=4,
    )
)
def test_whatever_a_row_tells_reads_back_as_it_was_sealed(
    sealed: Database, details: dict[str, Any]
):
    noted(sealed, "one", told=details)

    assert looked_at(sealed).faults == []


def test_what_is_undone_leaves_no_gap(sealed: Database):
    noted(sealed, "one")
    with suppress(RuntimeError), sealed.write() as session:
        audit.note(session, actor="Ann", action="two", now=NOW)
        raise RuntimeError
    noted(sealed, "three")

    found = looked_at(sealed)

    assert (found.rows, found.faults) == (2, [])


def test_many_at_once_make_one_chain(sealed: Database):
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: noted(sealed, f"{number}", "again"), range(40)))

    found = looked_at(sealed)

    assert (found.rows, found.faults) == (80, [])


# What somebody may do who can write to the database and has no key.


def changed(**values: Any) -> Callable[[Session], None]:
    def do(session: Session) -> None:
        session.execute(update(AuditRow).where(col(AuditRow.number) == 2).values(**values))

    return do


def deleted(*numbers: int) -> Callable[[Session], None]:
    def do(session: Session) -> None:
        session.execute(delete(AuditRow).where(col(AuditRow.number).in_(numbers)))

    return do


def moved(session: Session) -> None:
    first, second = row_of(session, 2), row_of(session, 3)
    for number, row in ((99, first), (2, second), (3, first)):
        row.number = number
        session.flush()


def put_in(session: Session) -> None:
    session.add(AuditRow(at=NOW, actor="Ann", actor_id="", action="never"))


def resealed(session: Session) -> None:
    """A row changed, and all from it on sealed anew with another key."""
    row_of(session, 2).actor = "Bo"
    session.execute(delete(AuditRow).where(col(AuditRow.number) > 2))
    row, before = row_of(session, 2), row_of(session, 1)
    head = session.get_one(AuditHead, 1)
    head.number, head.seal = 1, before.seal or ""
    Seals(OTHERS.seals)._append(session, [row])


def put_in_as_from_before(session: Session) -> None:
    put_in(session)
    session.get_one(AuditHead, 1).unsealed = 1


def without_a_head(session: Session) -> None:
    session.execute(delete(AuditHead))


def forged_erasure(session: Session) -> None:
    row = row_of(session, 2)
    row.actor = "(erased)"
    row.erased_digest = row.digest


TAMPERED: dict[str, Callable[[Session], None]] = {
    "actor": changed(actor="Bo"),
    "actor's id": changed(actor_id="b1"),
    "action": changed(action="other"),
    "subject": changed(subject="x2"),
    "details": changed(details={"people": 4}),
    "moment": changed(at=NOW - timedelta(microseconds=1)),
    "id": changed(id="another"),
    "digest": changed(digest="0" * 64),
    "seal": changed(seal="0" * 64),
    "no seal": changed(number=None, seal=None, digest=None),
    "an erasure that was none": forged_erasure,
    "gone": deleted(2),
    "the first gone": deleted(1),
    "the last gone": deleted(4),
    "its end gone": without_a_head,
    "two places": moved,
    "one more": put_in,
    "one more, as from before": put_in_as_from_before,
    "sealed anew": resealed,
    "all gone": deleted(1, 2, 3, 4),
}  # fmt: skip


@pytest.mark.parametrize("how", TAMPERED)
def test_whatever_is_done_to_the_rows_shows(sealed: Database, how: str):
    noted(sealed, "one", "two", "three", "four")

    with sealed.write() as session:
        TAMPERED[how](session)

    assert looked_at(sealed).faults != []
    noted(sealed, "five")  # nobody is stopped by it
    assert looked_at(sealed).faults != []


def test_rows_taken_off_the_end_with_the_head_show_by_a_noted_head(sealed: Database):
    noted(sealed, "one", "two", "three")
    head = looked_at(sealed).head
    with sealed.write() as session:
        before = row_of(session, 2)
        session.execute(delete(AuditRow).where(col(AuditRow.number) == 3))
        kept = session.get_one(AuditHead, 1)
        kept.number, kept.seal = 2, before.seal or ""

    assert looked_at(sealed).faults == []
    assert looked_at(sealed, head=head).faults == [
        "Row 3 was there when the head was noted; the last is row 2 now."
    ]
    noted(sealed, "another three")
    assert looked_at(sealed, head=head).faults == [
        "Row 3 has another seal than the head that was noted."
    ]


def test_a_head_that_was_noted_earlier_fits_for_ever(sealed: Database):
    noted(sealed, "one")
    head = Head.of(str(looked_at(sealed).head))
    noted(sealed, "two")

    assert looked_at(sealed, head=head).faults == []


@pytest.mark.parametrize("written", ["", "3", "3:", ":ab", "x:ab", "-1:ab", "٣:ab", f"{10**20}:ab"])
def test_what_is_no_head_is_refused(written: str):
    with pytest.raises(Invalid, match="A head is a number"):
        Head.of(written)


# Keys.


def test_a_new_key_seals_and_the_old_one_still_counts(sealed: Database):
    both = Keyring.of([b"a key that was made a year later", b"the first key of an installation"])
    noted(sealed, "one")
    sealed.at_last(Seals(both.seals).close)
    noted(sealed, "two")

    assert looked_at(sealed, both).faults == []
    assert any("is not among the keys" in fault for fault in looked_at(sealed).faults)


# Rows from before there were seals.


def test_rows_from_before_are_counted_and_may_not_become_more_or_fewer(database: Database):
    with database.write() as session:
        put_in(session)
    database.at_last(Seals(KEYS.seals).close)
    noted(database, "one")

    assert (looked_at(database).unsealed, looked_at(database).faults) == (1, [])
    with database.write() as session:
        session.execute(delete(AuditRow).where(col(AuditRow.number).is_(None)))
    assert looked_at(database).faults == ["0 rows have no seal; when seals began, 1 had none."]
