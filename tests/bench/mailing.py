"""People, and what came of an experiment's mails, written by the database itself: 300,000 rows/s.

Both databases count by one recursive question, so nothing is sent row by row.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, insert, text
from sqlmodel import Session

from app.audience.models import Audience
from app.delivery.models import Destination, DestinationSet
from app.platform.db import UtcDateTime
from app.tally.models import Counter

_HOUR, _WINDOW = timedelta(hours=1), timedelta(hours=72)
_EIGHTH = 8  # one of so many clicks
_HITS = 3  # of everybody who opens or clicks anything
_FIRST_PERSON = 10_000_000  # ids of one length are in the order of their numbers

_NUMBERS = """
    WITH RECURSIVE counted(i) AS (
        SELECT CAST(:first AS BIGINT)
         UNION ALL
        SELECT i + 1 FROM counted WHERE i < :last
    )
"""


@dataclass(frozen=True, slots=True)
class Mailing:
    """An experiment whose people are mailed; `first` is the number of its first send."""

    experiment_id: str
    arms: tuple[str, ...]
    first: int
    at: datetime
    hours: int = 1  # over which the mails leave

    def add(
        self, session: Session, people: int, *, of: int, is_done: bool = True, hits: int = 0
    ) -> None:
        """So many people of the audience; unless it is done, every tenth waits for its mail."""
        self._links(session)
        for at, first, last in self._parts(people):
            numbers = {"first": first, "last": last, "of": of, "base": self.first}
            self._write(session, numbers, at, is_done=is_done, hits=hits)
        self._count(session)

    def _parts(self, people: int) -> Iterator[tuple[datetime, int, int]]:
        begins = self.at.replace(minute=0, second=0, microsecond=0)
        for hour in range(self.hours):
            first, last = people * hour // self.hours, people * (hour + 1) // self.hours - 1
            if first <= last:
                yield begins + hour * _HOUR, first, last

    def _links(self, session: Session) -> None:
        for place, arm in enumerate(self.arms):
            number = (self.first >> 20) * 10 + place
            made = DestinationSet(
                id=number,
                experiment_id=self.experiment_id,
                arm=arm,
                links=1,
                created_at=self.at,
                planned_at=self.at,
            )
            link = Destination(
                set_id=number,
                link=0,
                experiment_id=self.experiment_id,
                arm=arm,
                kind="fixed",
                label="Show",
                address="https://halvern.example/list",
            )
            session.execute(insert(DestinationSet), [made.model_dump()])
            session.execute(insert(Destination), [link.model_dump()])

    def _write(
        self,
        session: Session,
        numbers: dict[str, Any],
        at: datetime,
        *,
        is_done: bool,
        hits: int,
    ) -> None:
        sent = "1 = 1" if is_done else "i % 10 > 0"
        arm = f"CASE {' '.join(self._arm_of(*one) for one in enumerate(self.arms))} END"
        common = {
            **numbers,
            "experiment": self.experiment_id,
            "at": at,
            "closes": at + _WINDOW,
            "did": at + _HOUR,
        }
        person = f"'p' || ({_FIRST_PERSON} + i % :of)"
        data = "{}" if _is_sqlite(session) else "CAST('{}' AS JSONB)"
        data = f"'{data}'" if _is_sqlite(session) else data
        _insert(
            session,
            "enrolment (id, experiment_id, arm, person_id, wave, frozen)",
            f"SELECT :base + i, :experiment, {arm}, {person}, 0, {data} FROM counted",
            common,
        )
        state = f"CASE WHEN {sent} THEN 'sent' ELSE 'queued' END"
        when = f"CASE WHEN {sent} THEN {_moment('at', session)} END"
        _insert(
            session,
            "send (id, experiment_id, arm, person_id, wave, state, due_at, attempts, deferrals,"
            " released_at, accepted_at, settled_at)",
            f"SELECT :base + i, :experiment, {arm}, {person}, 0, {state}, :at, 1, 0,"
            f" {when}, {when}, {when} FROM counted",
            common,
        )
        did = f"CASE WHEN i % {_EIGHTH} = 0 THEN {_moment('did', session)} END"
        _insert(
            session,
            "outcome (send_id, experiment_id, arm, stratum, released_at, closes_at, sent, failed,"
            " bounced, uncertain, untracked, clicks, converted, value, capped, mailed_at,"
            " clicked_at, did_at)",
            f"SELECT :base + i, :experiment, {arm}, '', :at, :closes, TRUE, FALSE, FALSE, FALSE,"
            f" FALSE, CASE WHEN i % {_EIGHTH} = 0 THEN 1 ELSE 0 END, 0, 0.0, 0.0, :at, {did}, {did}"
            f" FROM counted WHERE {sent}",
            common,
        )
        for again in range(hits):
            _insert(
                session,
                "hit (segment_id, segment_offset, send_id, experiment_id, arm, kind, link, at,"
                " method, user_agent, flags, address_class, address_key, verdict, rule,"
                " rule_version, reason, via_proxy, count)",
                f"SELECT :experiment, i * {hits} + {again}, :base + i, :experiment, {arm}, 'click',"
                f" 0, :did, 'GET', 'Mozilla/5.0', {data}, 'unknown', 'x', 'human', 'person', '1',"
                " 'A person.', FALSE, 1 FROM counted",
                common,
            )

        if hits:
            self._memory(session, common)

    def _memory(self, session: Session, common: dict[str, Any]) -> None:
        """What judging remembers of everybody with hits; every twentieth answered, too."""
        empty = "'{}'" if _is_sqlite(session) else "CAST('{}' AS JSONB)"
        _insert(
            session,
            "reaction (send_id, judged_version, links, memory)",
            f"SELECT :base + i, '1', {empty}, '' FROM counted",
            common,
        )
        _insert(
            session,
            "answer (send_id, experiment_id, useful, comment, at)",
            "SELECT :base + i, :experiment, i % 3 > 0, CASE WHEN i % 40 = 0 THEN 'Show me more'"
            " ELSE '' END, :did FROM counted WHERE i % 20 = 0",
            common,
        )

    def leave_out(self, session: Session, people: int) -> None:
        """So many more people of the audience were left out by the filter."""
        _insert(
            session,
            "ineligible (experiment_id, person_id, reason, detail)",
            f"SELECT :experiment, 'o' || ({_FIRST_PERSON} + i), 'filter', '' FROM counted",
            {"first": 0, "last": people - 1, "experiment": self.experiment_id},
        )

    def _arm_of(self, place: int, arm: str) -> str:
        return f"WHEN i % {len(self.arms)} = {place} THEN '{arm}'"

    def _count(self, session: Session) -> None:
        """The counters, as the outcomes have it."""
        known = {
            "released": "COUNT(*)",
            "sent": "COUNT(*)",
            "did": "COUNT(did_at)",
            "human_clickers": "COUNT(clicked_at)",
            "clicks": "SUM(clicks)",
        }
        numbers = [name for name in Counter.model_fields if name not in _KEYS]
        hour = (
            "SUBSTR(released_at, 1, 13) || ':00:00.000000'"
            if _is_sqlite(session)
            else "DATE_TRUNC('hour', released_at)"
        )
        wanted = {"experiment": self.experiment_id}
        session.execute(
            text(
                f"INSERT INTO counter (experiment_id, arm, hour, stratum, {', '.join(numbers)})"
                f" SELECT experiment_id, arm, {hour}, '',"
                f" {', '.join(known.get(name, '0') for name in numbers)} FROM outcome"
                f" WHERE experiment_id = :experiment GROUP BY experiment_id, arm, {hour}"
            ),
            wanted,
        )
        session.execute(
            text(
                "INSERT INTO day_counter (experiment_id, arm, day, people)"
                " SELECT experiment_id, arm, 0, COUNT(*) FROM outcome"
                " WHERE experiment_id = :experiment AND did_at IS NOT NULL"
                " GROUP BY experiment_id, arm"
            ),
            wanted,
        )
        did = hour.replace("released_at", "did_at")
        session.execute(
            text(
                "INSERT INTO did_counter (experiment_id, arm, hour, people)"
                f" SELECT experiment_id, arm, {did}, COUNT(*) FROM outcome"
                " WHERE experiment_id = :experiment AND did_at IS NOT NULL"
                f" GROUP BY experiment_id, arm, {did}"
            ),
            wanted,
        )
        session.execute(
            text(
                "INSERT INTO link_counter (experiment_id, arm, link, hits, clickers, nameless)"
                " SELECT experiment_id, arm, 0, COUNT(*), COUNT(*), 0 FROM outcome"
                " WHERE experiment_id = :experiment AND did_at IS NOT NULL"
                " GROUP BY experiment_id, arm"
            ),
            wanted,
        )


_KEYS = {"experiment_id", "arm", "hour", "stratum"}


def add_people(session: Session, audience_id: str, people: int, *, now: datetime) -> None:
    """An audience of so many people, each with a number of euros."""
    column: dict[str, object] = {"name": "euros", "type": "number", "format": "decimal_point"}
    column |= {"filled": people, "missing": 0, "examples": ["61"], "choices": []}
    made = Audience(id=audience_id, name="Bakers", people=people, columns=[column], created_at=now)
    session.execute(insert(Audience), [made.model_dump()])
    common = {"first": 0, "last": people - 1, "at": now, "audience": audience_id}
    person = f"'p' || ({_FIRST_PERSON} + i)"
    _insert(
        session,
        "person (id, email, email_key, name, timezone, consent_open, consent_click, created_at,"
        " updated_at)",
        f"SELECT {person}, 'p' || i || '@b.example', 'p' || i || '@b.example', 'Baker ' || i, '',"
        " 'unknown', 'unknown', :at, :at FROM counted",
        common,
    )
    data = "'{\"euros\": \"' || (i % 90) || '\"}'"
    data = data if _is_sqlite(session) else f"CAST({data} AS JSONB)"
    _insert(
        session,
        "membership (audience_id, person_id, data)",
        f"SELECT :audience, {person}, {data} FROM counted",
        common,
    )


def _insert(session: Session, into: str, question: str, values: dict[str, Any]) -> None:
    written = f"INSERT INTO {into} {_NUMBERS} {question}"
    moments = [name for name in ("at", "closes", "did") if f":{name}" in question]
    used = {name: value for name, value in values.items() if f":{name}" in written}
    statement = text(written).bindparams(
        *(bindparam(name, type_=UtcDateTime()) for name in moments)
    )
    session.execute(statement, used)


def _moment(name: str, session: Session) -> str:
    """A bound moment inside CASE: PostgreSQL wants to be told what it is."""
    return f":{name}" if _is_sqlite(session) else f"CAST(:{name} AS TIMESTAMPTZ)"


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"
