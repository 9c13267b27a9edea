"""Who somebody is, for rooms that may not know people: through their own port."""

from collections.abc import Collection, Sequence

from sqlmodel import Session

from app.audience import addresses, erased, store
from app.audience.erased import Marker


class KnownPeople:
    """Answers `tracking.ports.People`. `marker` tells who was erased."""

    def __init__(self, marker: Marker) -> None:
        self._marker = marker

    def key_of(self, email: str) -> str:
        """How an address is compared."""
        return addresses.key_of(email)

    def people_of(
        self, session: Session, email_keys: Sequence[str], external_ids: Sequence[str]
    ) -> dict[str, str]:
        """Person ids, by `email:` and key, or `external:` and id."""
        emails = store.people_by_key(session, email_keys) if email_keys else {}
        others = store.people_by_external_id(session, external_ids)
        return {erased.by_email(key): person.id for key, person in emails.items()} | {
            erased.by_external_id(key): one for key, one in others.items()
        }

    def erased(self, session: Session, labels: Collection[str]) -> set[str]:
        """Of these labels, those of people who were erased."""
        return erased.among(session, labels, self._marker)
