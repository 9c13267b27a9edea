"""Who did what: a row in the transaction of the change itself, sealed with the row before it.

Whoever can write to the database but has no key cannot change a row, take one out, or put one in,
without `verified` saying so. Of rows taken from the end it says so where the head of an earlier day
was noted elsewhere. An address that is taken out of a row because its owner was erased is sealed
as such.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, text
from sqlmodel import Session, col, select

from app.identity.models import AuditHead, AuditRow
from app.links.keyring import Mac
from app.platform import clock
from app.platform.errors import Invalid

_NOTED, _ERASED, _TOLD = "audit.noted", "audit.erased", "audit.told"  # of a session, to its end
_AT_ONCE = 1_000  # rows read
_BEYOND = 2**31 - 1  # of a column of 32 bits
_BEGIN = text(
    "INSERT INTO audit_head (id, number, seal, unsealed)"
    " SELECT 1, 0, '', COUNT(*) - :noted FROM audit WHERE number IS NULL"
    " ON CONFLICT DO NOTHING"
)


def note(
    session: Session,
    *,
    actor: str,
    actor_id: str = "",
    action: str,
    now: datetime,
    subject: str = "",
    details: dict[str, Any] | None = None,
) -> None:
    """Keep one row; never a secret among the details."""
    row = AuditRow(
        at=now,
        actor=actor,
        actor_id=actor_id,
        action=action,
        subject=subject,
        details=details or {},
    )
    session.add(row)
    session.info.setdefault(_NOTED, []).append(row)


def tell(session: Session, **details: Any) -> None:
    """What a change changed, for the row that its page or its API notes; never a secret."""
    session.info.setdefault(_TOLD, {}).update(details)


def told(session: Session) -> dict[str, Any]:
    """What was told in this transaction so far, once."""
    found: dict[str, Any] = session.info.pop(_TOLD, {})
    return found


def erased_from(session: Session, row_id: str) -> None:
    """A row says less since this transaction, for somebody was erased."""
    session.info.setdefault(_ERASED, []).append(row_id)


@dataclass(frozen=True, slots=True)
class Head:
    """Where the audit ended at some moment: the number and the seal of its last row."""

    number: int
    seal: str

    def __str__(self) -> str:
        return f"{self.number}:{self.seal}"

    @classmethod
    def of(cls, written: str) -> "Head":
        """As `verify` prints it. Raises Invalid."""
        number, _, seal = written.strip().partition(":")
        if not (number.isascii() and number.isdigit() and len(number) < 18 and seal):
            raise Invalid.at("head", "A head is a number, a colon and a seal, as verify prints it.")
        return cls(int(number), seal)


@dataclass(slots=True)
class Verified:
    """What a look at every row found."""

    head: Head
    rows: int = 0
    unsealed: int = 0  # from before rows had seals
    erased: int = 0  # rows that somebody was erased from
    faults: list[str] = field(default_factory=list)  # in words, in the order of the rows


class Seals:
    """What seals rows and knows the seals again; the first key seals, every one is accepted."""

    def __init__(self, keys: Sequence[Mac]) -> None:
        self._keys = keys

    def close(self, session: Session) -> None:
        """Seal what this transaction noted: the last that it does, for others wait meanwhile."""
        noted = session.info.pop(_NOTED, [])
        erased = session.info.pop(_ERASED, [])
        if not noted and not erased:
            return
        session.flush()
        if noted:
            self._append(session, noted)
        for row_id in erased:
            row = session.get_one(AuditRow, row_id, populate_existing=True)
            row.erased_digest = self._mac("erased", _said(row))
        session.flush()

    def _append(self, session: Session, noted: Sequence[AuditRow]) -> None:
        head = _kept_head(session, len(noted))
        for row in noted:
            row.number, row.digest = head.number + 1, self._mac("row", _said(row))
            row.seal = self._mac("seal", _linked(head.seal or _first(head), row))
            head.number, head.seal = row.number, row.seal

    def verified(self, session: Session, *, noted: Head | None = None) -> Verified:
        """Every row looked at, against the keys, the row before and a head that was noted."""
        head = session.get(AuditHead, 1) or AuditHead()
        found = Verified(Head(head.number, head.seal))
        unsealed = select(func.count()).where(col(AuditRow.number).is_(None))
        found.unsealed = session.exec(unsealed).one()
        if head.number and found.unsealed != head.unsealed:
            found.faults.append(
                f"{found.unsealed} rows have no seal; when seals began, {head.unsealed} had none."
            )
        number, seal = 0, _first(head)
        for row in _sealed(session):
            found.rows += 1
            if not isinstance(row.number, int):
                found.faults.append(f"{_named(row)} has no number that can be read.")
                continue
            found.erased += row.erased_digest is not None
            found.faults += self._faults(row, number, seal)
            number, seal = row.number, row.seal or ""
            if noted and noted.number == number and noted.seal != seal:
                found.faults.append(f"Row {number} has another seal than the head that was noted.")
        found.faults += _at_the_end(found, number, seal, noted)
        return found

    def _faults(self, row: AuditRow, number: int, seal: str) -> Iterator[str]:
        if row.number != number + 1:
            missing = f"Row {number + 1}" if row.number == number + 2 else f"Row {number + 1} on"
            yield f"{missing} is missing, up to row {row.number}."
        elif not self._is_mac(row.seal, "seal", _linked(seal, row)):
            yield f"{_named(row)} does not follow the row before it."
        if row.erased_digest is not None:
            is_whole = self._is_mac(row.erased_digest, "erased", _said(row))
        else:
            is_whole = self._is_mac(row.digest, "row", _said(row))
        if not is_whole:
            yield (
                f"{_named(row)} was changed after it was written,"
                " or the key that sealed it is not among the keys any more."
            )

    def _mac(self, kind: str, text: str) -> str:
        return self._keys[0].of(f"{kind} {text}".encode()).hex()

    def _is_mac(self, given: str | None, kind: str, text: str) -> bool:
        return any(key.of(f"{kind} {text}".encode()).hex() == given for key in self._keys)


def _kept_head(session: Session, noted: int) -> AuditHead:
    """The end of the audit, ours alone until this transaction ends.

    Whoever moved it back, or took it away, stops nobody from noting more.
    """
    query = select(AuditHead).with_for_update().execution_options(populate_existing=True)
    head = session.exec(query).first()
    if head is None:
        session.execute(_BEGIN, {"noted": noted})
        head = session.exec(query).one()
    number = col(AuditRow.number)  # SQLite may hold a text there, which is greater than any
    last = session.exec(select(func.max(number)).where(number < _BEYOND)).one()
    head.number = max(head.number, last or 0)
    return head


def _sealed(session: Session) -> Iterator[AuditRow]:
    last = 0
    while True:
        number = col(AuditRow.number)
        query = select(AuditRow).where(number > last).order_by(number).limit(_AT_ONCE)
        rows = session.exec(query).all()
        yield from rows
        if len(rows) < _AT_ONCE:
            return
        last = rows[-1].number or 0
        session.expunge_all()


def _at_the_end(found: Verified, number: int, seal: str, noted: Head | None) -> Iterator[str]:
    if (number, seal) != (found.head.number, found.head.seal or seal):
        yield f"The audit should end with row {found.head.number}; it ends with row {number}."
    if noted and noted.number > number:
        yield f"Row {noted.number} was there when the head was noted; the last is row {number} now."


def _said(row: AuditRow) -> str:
    """All that a row says, always written the same."""
    said = [
        row.id,
        _micros(row.at),
        row.actor,
        row.actor_id,
        row.action,
        row.subject,
        row.details,
    ]
    return json.dumps(said, sort_keys=True)


def _micros(at: object) -> object:
    """As it was sealed; a moment that is damaged never fits."""
    return clock.micros_of(at) if isinstance(at, datetime) else at


def _linked(before: str, row: AuditRow) -> str:
    return f"{before} {row.number} {row.digest}"


def _first(head: AuditHead) -> str:
    return f"after {head.unsealed} without a seal"


def _named(row: AuditRow) -> str:
    held: object = row.at
    at = clock.iso(held) if isinstance(held, datetime) else "at a moment that cannot be read"
    return f"Row {row.number} ({row.action}, by {row.actor}, {at})"
