"""Who gets no mail: said once or twice, by one or by two at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlmodel import Session

from app.audience import store, suppression_store
from app.audience.schemas import AudienceDraft, SuppressionDraft
from app.platform import clock
from app.platform.db import Database
from app.platform.errors import Conflict, Invalid, NotFound

NOW = clock.now()


def test_a_suppressed_address_is_known_in_any_letters(session: Session):
    suppression_store.suppress(session, "Ann@B.example", "manual", by="Ann", now=NOW)

    assert suppression_store.suppressed(session, ["ann@b.example", "bo@b.example"]) == {
        "ann@b.example"
    }


def test_suppressing_twice_keeps_the_first_reason(session: Session):
    first = suppression_store.suppress(
        session, "ann@b.example", "unsubscribed", by="recipient", now=NOW
    )

    again = suppression_store.suppress(session, "ann@b.example", "manual", by="Ann", now=NOW)

    assert (again.id, again.reason) == (first.id, "unsubscribed")


def test_two_who_suppress_at_the_same_moment_both_succeed(database: Database):
    start = Barrier(2)

    def suppress(_: int) -> str:
        start.wait()
        with database.write() as session:
            return suppression_store.suppress(
                session, "ann@b.example", "x", by="recipient", now=NOW
            ).id

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(suppress, range(2))

    assert first == second


def test_a_lifted_suppression_is_gone(session: Session):
    row = suppression_store.suppress(session, "ann@b.example", "manual", by="Ann", now=NOW)

    suppression_store.lift(session, row.id)

    assert suppression_store.suppressed(session, ["ann@b.example"]) == set()
    with pytest.raises(NotFound):
        suppression_store.lift(session, row.id)


def test_what_is_no_address_cannot_be_suppressed(session: Session):
    with pytest.raises(Invalid, match="address cannot be used"):
        suppression_store.suppress(session, "ann@b.example\r\nx", "manual", by="Ann", now=NOW)


def test_an_audiences_name_is_its_own(session: Session):
    store.add_audience(session, "Bakers", by="Ann", now=NOW)

    with pytest.raises(Conflict, match="Bakers"):
        store.add_audience(session, "Bakers", by="Ann", now=NOW)


@pytest.mark.parametrize("name", ["", "   ", "a\0b", "a\nb", "x" * 201, "\ud800"])
def test_a_name_that_no_database_keeps_is_refused(name: str):
    with pytest.raises(ValueError, match="name"):
        AudienceDraft(name=name)


def test_unknown_fields_are_refused():
    with pytest.raises(ValueError, match="extra"):
        SuppressionDraft.model_validate({"email": "ann@b.example", "until": "2027"})
