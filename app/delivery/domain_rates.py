"""Mails to people of one domain wait for their turn, where a rate is set for it; others do not.

Before mails are reserved, those that are due are looked at in their order. Whoever's domain has no
token left is due again when one comes; so nobody stands in front of people of other domains.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from app.delivery import rate_store, rates, store
from app.delivery.rates import Bucket
from app.platform import turns

_LOOKED_AT = 1_000  # sends in one transaction
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


def hold_back(
    session: Session,
    experiment_id: str,
    domain_rates: Mapping[str, int],
    *,
    room: int,
    now: datetime,
) -> int:
    """Put off those whose domain has had enough; how many of the rest may be reserved now.

    They are the first that are due, for as long as this transaction lasts.
    """
    turns.take(session, _TURN)
    lines: dict[str, _Line] = {}
    ready, later = 0, []
    due = rate_store.due_domains(session, experiment_id, limit=_LOOKED_AT, now=now)
    for send_id, domain in due:
        if ready == room:
            break
        line = _line(session, lines, domain, domain_rates, now)
        due_at = line.next_due(now) if line else None
        if due_at is None:
            ready += 1
        else:
            later.append((send_id, {"due_at": due_at}))
    for domain, line in sorted(lines.items()):
        rate_store.keep(session, _name(domain), line.bucket)
    if later:
        store.settle(session, later)
    return ready


def _line(
    session: Session,
    lines: dict[str, _Line],
    domain: str,
    domain_rates: Mapping[str, int],
    now: datetime,
) -> _Line | None:
    rate = domain_rates.get(domain)
    if rate is None:
        return None
    if domain not in lines:
        lines[domain] = _Line(rate, rate_store.bucket(session, _name(domain), rate, now=now))
    return lines[domain]


def _name(domain: str) -> str:
    return f"domain:{domain}"
