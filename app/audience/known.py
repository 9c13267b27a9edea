"""Who somebody is, for rooms that may not know people: through their own port."""

from collections.abc import Sequence

from sqlmodel import Session

from app.audience import addresses, store


class KnownPeople:
    """Answers `tracking.ports.People`."""

    def key_of(self, email: str) -> str:
        """How an address is compared."""
        return addresses.key_of(email)

    def people_of(
        self, session: Session, email_keys: Sequence[str], external_ids: Sequence[str]
    ) -> dict[str, str]:
        """Person ids, by `email:` and key, or `external:` and id."""
        emails = store.people_by_key(session, email_keys) if email_keys else {}
        others = store.people_by_external_id(session, external_ids)
        return {f"email:{key}": person.id for key, person in emails.items()} | {
            f"external:{key}": one for key, one in others.items()
        }
