"""Read the values that are due from where they are kept: an address, or a database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.okr import exact, pointer, source_store, sources, store, values
from app.okr.models import ValueSource
from app.okr.schemas import ValueDraft
from app.platform import queries
from app.platform.db import Database
from app.platform.duties import Duty, Trouble, tried
from app.platform.errors import Unavailable
from app.platform.outbound import Outbound
from app.platform.put_off import Work

_LEASE = timedelta(minutes=2)  # longer than any question may take


@dataclass(frozen=True, slots=True)
class Reader:
    """Asks other systems for a number."""

    outbound: Outbound = field(default_factory=Outbound)
    allowed_hosts: tuple[str, ...] = ()
    connections: Mapping[str, str] = field(default_factory=dict)

    def number(self, source: ValueSource) -> float:
        """The number as it is now; a sentence where there is none."""
        return exact.checked(self._asked(source))

    def _asked(self, source: ValueSource) -> float:
        if source.connection:
            return queries.number_of(self.connections, source.connection, source.query)
        answer = self.outbound.send(
            "GET",
            source.url,
            headers={"accept": "application/json"},
            allowed_hosts=self.allowed_hosts,
        )
        if 300 <= answer.status < 400:
            raise Unavailable("The address leads elsewhere (a redirect): name the final address.")
        if answer.status != 200:
            raise Unavailable(f"The address answered with status {answer.status}.")
        return pointer.number_at(answer.body, source.pointer)


def duty(database: Database, reader: Reader, *, zone: ZoneInfo) -> Duty:
    """Read each value that is due; nothing is locked while the other side takes its time."""
    return Duty(
        work=Work.READ,
        items=lambda session, now: source_store.due_sources(
            session, day=now.astimezone(zone).date(), now=now
        ),
        do=lambda one, now: _read(database, reader, one, zone=zone, now=now),
    )


def _read(
    database: Database, reader: Reader, key_result_id: str, *, zone: ZoneInfo, now: datetime
) -> bool:
    day = now.astimezone(zone).date()
    with database.write() as session:
        if not source_store.lease_source(
            session, key_result_id, until=now + _LEASE, day=day, now=now
        ):
            return False
    with database.read() as session:
        source = source_store.source_of(session, key_result_id)
    if source is None:
        return False

    def read() -> None:
        number = reader.number(source)
        with database.write() as session:
            _keep(session, key_result_id, number, zone=zone, now=now)

    came = tried(read, what=Work.READ)
    if isinstance(came, Trouble):
        with database.write() as session:
            held = source_store.source_of(session, key_result_id)
            if held is not None and not store.is_closed(session, key_result_id):
                sources.note_error(session, held, came.sentence, now=now)
    return True


def _keep(
    session: Session, key_result_id: str, number: float, *, zone: ZoneInfo, now: datetime
) -> None:
    row = store.claimed(session, key_result_id)
    source = source_store.source_of(session, key_result_id)
    if source is None:
        return
    day = now.astimezone(zone).date()
    held = store.put_on(session, key_result_id, day)
    draft = ValueDraft(
        value=number,
        comment=held.comment if held else None,
        confidence=held.confidence if held else None,
    )
    by = source.connection or (source.url.split("/")[2] if "//" in source.url else source.url)
    values.put(session, row.id, day, draft, source=row.source, by=by, zone=zone, now=now)
    sources.note_success(session, source, now=now)
