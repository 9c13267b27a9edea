"""Mails to people of one domain wait for their turn, where a rate is set for it; others do not."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from app.delivery import rate_store, rates
from app.delivery.rates import Bucket
from app.platform import turns

_TURN = "rate:domains"


@dataclass
class _Line:
    """Those of one domain: its bucket, and how many wait behind it."""

    rate: int
    bucket: Bucket
    waiting: int = 0

    def next_due(self, now: datetime) -> datetime | None:
        """When the next one may leave; None: now, by the token that is taken for it."""
        if self.bucket.tokens >= 1 - rate_store.CLOSE_TO_ONE:
            self.bucket = Bucket(self.bucket.tokens - 1, now)
            return None
        seconds = rates.seconds_until_one(self.bucket, self.rate) + self.waiting * 60 / self.rate
        self.waiting += 1
        return now + timedelta(seconds=seconds)


class Lines:
    """Of every domain that has a rate, for one transaction."""

    def __init__(self, session: Session, domain_rates: Mapping[str, int], *, now: datetime) -> None:
        if domain_rates:
            turns.take(session, _TURN)
        self._session, self._rates, self._now = session, domain_rates, now
        self._lines: dict[str, _Line] = {}

    def next_due(self, domain: str) -> datetime | None:
        """When the next one of this domain may leave; None: now, by a token that is taken."""
        rate = self._rates.get(domain)
        if rate is None:
            return None
        if domain not in self._lines:
            held = rate_store.bucket(self._session, _name(domain), rate, now=self._now)
            self._lines[domain] = _Line(rate, held)
        return self._lines[domain].next_due(self._now)

    def keep(self) -> None:
        """Write down which tokens were taken."""
        for domain, line in sorted(self._lines.items()):
            rate_store.keep(self._session, _name(domain), line.bucket)


def _name(domain: str) -> str:
    return f"domain:{domain}"
