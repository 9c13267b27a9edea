"""Somebody who was erased asks to be mailed again."""

from sqlmodel import Session

from app.audience import addresses, erased
from app.audience.erased import Marker
from app.platform.errors import NotFound


def readmit(session: Session, email: str, external_id: str | None, *, marker: Marker) -> None:
    """From now on a file may name them. Raises NotFound where nobody of this address was erased."""
    labels = [erased.by_email(addresses.key_of(email))]
    labels += [erased.by_external_id(external_id)] if external_id else []
    if not erased.readmit(session, labels, marker):
        raise NotFound("Nobody with this address was erased, so an import may name them already.")
