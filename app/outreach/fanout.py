"""Turn events into pushes: each event once, for everybody who wants to know of it.

There is no cursor to run ahead. Every event has its own mark (`told_at`), set in the transaction
that adds its pushes, so an event whose transaction took long is simply found later: PostgreSQL may
commit out of order and nothing is skipped. One worker at a time does this (`hold_teller`), so the
values of a key result, which their writers put one after the other, get push ids in that order.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date as Date
from datetime import datetime
from typing import Any

from sqlmodel import Session

from app.experiments.models import Experiment
from app.okr import series
from app.okr import store as okr
from app.okr.models import CheckIn
from app.outreach import store
from app.outreach.connectors import KINDS
from app.outreach.models import Connector, ConnectorLink, Push
from app.platform.db import Database
from app.platform.duties import Duty
from app.platform.events import Event
from app.platform.put_off import Work

VALUED = "key_result.valued"
_AT_A_TIME = 200  # events in a transaction: with ten subscribers, 2,000 rows (decision 7)


# Adds the mail that somebody of the team is owed about an event, if anybody is.
Hear = Callable[[Session, Event, datetime], None]


def duty(database: Database, hear: Hear) -> Duty:
    """Add the pushes and mails of events that nobody was told of yet, each subject's by themselves.

    What happened to one subject is told in its order: behind an event that can't be told yet, the
    later ones of its subject wait.
    """
    return Duty(
        work=Work.TELL,
        items=lambda session, _now: store.untold_subjects(session, _AT_A_TIME),
        do=lambda subject, now: tell(database, hear, [subject], now=now),
        together=lambda subjects, now: tell(database, hear, subjects, now=now),
    )


def tell(database: Database, hear: Hear, subjects: Sequence[str], *, now: datetime) -> int:
    """Add the pushes and mails of what happened to these. How many events."""
    with database.write() as session:
        teller = store.hold_teller(session)
        events = store.untold(session, subjects, _AT_A_TIME)
        webhooks = store.listening(session)
        for event in events:
            session.add_all(_pushes(session, event, webhooks, now=now))
            hear(session, event, now)
            event.told_at = now
            session.add(event)
            session.flush()  # ids in the order of events
        teller.told_until = now
        session.add(teller)
        return len(events)


def _pushes(
    session: Session, event: Event, webhooks: Iterable[Connector], *, now: datetime
) -> Iterator[Push]:
    facts = _facts(session, event)
    for webhook in webhooks:
        if wants(webhook, event.kind):
            yield push(webhook, event, facts, external={}, now=now)
    if event.kind == VALUED:
        for link, connector in store.linked(session, event.subject):
            if connector.disabled_at is None and _is_news(session, connector, event):
                yield push(connector, event, facts, external=_names(link), now=now)


def push(
    connector: Connector,
    event: Event,
    facts: dict[str, Any],
    *,
    external: dict[str, Any],
    now: datetime,
) -> Push:
    """One event owed to one connector."""
    return Push(
        event_id=event.id,
        connector_id=connector.id,
        lane=f"{connector.id}:{event.subject}",
        kind=event.kind,
        subject=event.subject,
        happened_at=event.at,
        facts=facts,
        external=external,
        due_at=now,
        created_at=now,
    )


def owe(
    session: Session, connector: Connector, kind: str, facts: dict[str, Any], *, now: datetime
) -> Push:
    """Owe one connector something that happened to nobody else: a test, the week."""
    event = Event(at=now, kind=kind, subject=connector.id, facts=facts, told_at=now)
    session.add(event)
    made = push(connector, event, facts, external={}, now=now)
    session.add(made)
    session.flush()
    return made


def wants(webhook: Connector, kind: str) -> bool:
    """Whether a webhook asked for events of this kind; none named means all."""
    kinds = webhook.settings.get("events") or []
    return not kinds or kind in kinds


def _facts(session: Session, event: Event) -> dict[str, Any]:
    """What the event says; a value also says its unit, comment and confidence.

    Whatever happens to a rehearsal says that it is one.
    """
    if event.kind != VALUED:
        experiment = session.get(Experiment, event.subject)
        is_rehearsal = experiment is not None and experiment.rehearsal
        return event.facts | ({"rehearsal": True} if is_rehearsal else {})
    row = okr.key_result_of(session, event.subject)
    facts = {**event.facts, "title": row.title, "unit": row.unit}
    checked = _check_in(session, event)
    if checked is not None:
        facts |= {"comment": checked.comment, "confidence": checked.confidence}
    return facts


def _check_in(session: Session, event: Event) -> CheckIn | None:
    day = Date.fromisoformat(event.facts["date"])
    put = [
        check_in
        for check_in in okr.history_of(session, event.subject, day)
        if check_in.recorded_at == event.at and check_in.value == event.facts["value"]
    ]
    return put[-1] if put else None


def _is_news(session: Session, connector: Connector, event: Event) -> bool:
    """Where a value carries no day, an earlier day's must not replace a later day's."""
    if KINDS[connector.kind].keeps_days:
        return True
    day = Date.fromisoformat(event.facts["date"])
    row = okr.key_result_of(session, event.subject)
    return all(value.date <= day for value in series.daily_values(session, row))


def _names(link: ConnectorLink) -> dict[str, Any]:
    return dict(link.external)
