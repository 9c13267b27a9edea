"""A person by address, and the way back for somebody who was erased."""

from sqlmodel import Session

from app.audience import addresses, erased, store
from app.audience.erased import Marker
from app.audience.models import Person
from app.platform.errors import NotFound


def person_named(session: Session, email: str) -> Person:
    """The customer of an address. Raises NotFound."""
    person = store.person_by_email(session, email)
    if person is None:
        raise NotFound("Nobody with this address is held here.")
    return person


def readmit(session: Session, email: str, external_id: str | None, *, marker: Marker) -> None:
    """From now on a file may name them. Raises NotFound where nobody of this address was erased."""
    labels = [erased.by_email(addresses.key_of(email))]
    labels += [erased.by_external_id(external_id)] if external_id else []
    if not erased.readmit(session, labels, marker):
        raise NotFound("Nobody with this address was erased, so an import may name them already.")
