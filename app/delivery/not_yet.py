"""Whoever may not be mailed yet is due again when they may: by their hours, and by a domain's rate.

Before mails are reserved, those that are due are looked at in their order. Whoever's hours are over
waits for the next ones, whoever's domain has no token left for the next token; so nobody stands in
front of people who may be mailed now. Tries after a deferral and what is resumed go the same way.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cache

from sqlmodel import Session

from app.delivery import rate_store, store
from app.delivery.domain_rates import Lines
from app.experiments import cell_types, hours, people_hours
from app.experiments.models import Experiment
from app.experiments.part_schemas import MailHours

_LOOKED_AT = 1_000  # sends in one transaction
_Opens = Callable[[str], datetime]


@dataclass(frozen=True, slots=True)
class Terms:
    """What keeps people waiting: mails a minute by domain, and an experiment's hours.

    `zone` is the organisation's; `column` the one that names each person's, if one does.
    """

    domain_rates: Mapping[str, int]
    hours: MailHours
    column: str | None
    zone: tzinfo

    @property
    def are_none(self) -> bool:
        """Whoever is due may be mailed."""
        return not self.domain_rates and self.hours.are_all


def terms_of(
    session: Session, experiment: Experiment, domain_rates: Mapping[str, int], zone: tzinfo
) -> Terms:
    """Those of an experiment."""
    mail_hours = people_hours.hours_of(experiment.design)
    column = people_hours.column_of(cell_types.columns_of(session, experiment), mail_hours)
    return Terms(domain_rates, mail_hours, column, zone)


def hold_back(
    session: Session, experiment_id: str, terms: Terms, *, room: int, now: datetime
) -> int:
    """Put off those who have to wait; how many of the rest may be reserved now.

    They are the first that are due, for as long as this transaction lasts.
    """
    lines, opens = Lines(session, terms.domain_rates, now=now), _opens(terms, now)
    ready, later = 0, []
    due = rate_store.due(
        session, experiment_id, zone_column=terms.column, limit=_LOOKED_AT, now=now
    )
    for one in due:
        if ready == room:
            break
        at = opens(one.zone)
        due_at = at if at > now else lines.next_due(one.domain)
        if due_at is None:
            ready += 1
        else:
            later.append((one.send_id, {"due_at": due_at}))
    lines.keep()
    if later:
        store.settle(session, later)
    return ready


def _opens(terms: Terms, now: datetime) -> _Opens:
    """When the hours of somebody begin, by what their cell says: now, while they last."""

    @cache
    def opens(cell: str) -> datetime:
        return hours.next_open(now, people_hours.zone_in(cell, terms.zone), terms.hours)

    return opens
