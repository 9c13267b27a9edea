"""A record of a file, made into a person: checked, or refused with a reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.audience import words
from app.audience.addresses import CONTROL, BadAddress, key_of
from app.audience.columns import folded
from app.audience.own import EMPTY, OWN, Consent, Kept
from app.audience.profile import printed
from app.audience.reading import Record
from app.audience.zones import zone_of

_UNKNOWN = {"unknown", "unbekannt", "ukjent", "inconnu"}
_REFUSALS = {
    "optedout", "optout", "unsubscribed", "withdrawn", "revoked", "refused", "declined", "denied",
    "never", "donottrack", "abgemeldet", "widerrufen", "abgelehnt",
}  # fmt: skip
_AGREEMENTS = {"optedin", "optin", "subscribed", "granted", "given", "accepted", "angemeldet"}
_LONGEST = 500  # characters of one of them
_SHOWN = 60  # characters of a cell that a note repeats


class _Unkept(ValueError):
    """A cell of one of our columns that cannot be kept; the text is why."""


class Refused(ValueError):
    """A record that is no person; the text is the reason that the report shows."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a record says of a person. `own` holds only the columns that it fills."""

    line: int
    key: str
    own: dict[str, str]
    data: dict[str, Any]
    named: tuple[str, ...]  # the columns that the record speaks of, empty cells among them
    opted_out: tuple[str, ...] = ()  # columns that say so
    notes: tuple[tuple[str, str, str], ...] = ()  # column, cell and sentence of what was left empty


def wanted(record: Record) -> Wanted:
    """Read a record. Raises Refused."""
    if record.refused is not None:
        raise Refused(record.refused)
    own = _own(record.values)
    if "email" not in own:
        raise Refused("bad_address: there is none on this line")
    try:
        key = key_of(own["email"])
    except BadAddress as error:
        raise Refused(error.on_a_line) from error
    data = {name: value for name, value in record.values.items() if name not in OWN}
    notes: list[tuple[str, str, str]] = []
    kept = _checked(own, notes)
    return Wanted(record.line, key, kept, data, record.named, record.opted_out, tuple(notes))


def _own(values: Mapping[str, Any]) -> dict[str, str]:
    """The columns that are ours, without words that mean nothing."""
    said = {name: printed(values[name]).strip() for name in OWN if name in values}
    return {name: text for name, text in said.items() if text and not words.is_nothing(text)}


def _checked(own: Mapping[str, str], notes: list[tuple[str, str, str]]) -> dict[str, str]:
    """What can be kept; what cannot is noted and left empty, and costs nobody the mail."""
    kept = {}
    for name, value in own.items():
        try:
            kept[name] = _kept(name, value)
        except _Unkept as error:
            notes.append((name, value[:_SHOWN], f"{error}; it was left empty"))
    return kept


def _kept(name: str, value: str) -> str:
    how = OWN[name].kept
    if how is Kept.ADDRESS:
        return value
    if how is Kept.CONSENT:
        return _consent(name, value)
    line = CONTROL.sub(" ", " ".join(value.split()))
    if len(line) > _LONGEST:
        raise _Unkept(f"{name} is longer than {_LONGEST} characters")
    return _zone(line) if how is Kept.ZONE else line


def _zone(value: str) -> str:
    found = zone_of(value)
    if found is None:
        raise _Unkept("this time zone is not known; write it like Europe/Oslo")
    return found


def _consent(name: str, value: str) -> str:
    word = folded(value)
    answer = {"1": True, "0": False}.get(value, words.yes_or_no(value))
    if answer is True or word in _AGREEMENTS:
        return Consent.YES
    if answer is False or word in _REFUSALS:
        return Consent.NO
    if word in _UNKNOWN:
        return Consent.UNKNOWN
    raise _Unkept(f"{name} says neither yes, no nor unknown")


def new_row(one: Wanted, person_id: str, now: datetime) -> dict[str, Any]:
    """A person who was not there, as a row."""
    stamps = {"id": person_id, "email_key": one.key, "created_at": now, "updated_at": now}
    return {**EMPTY, **one.own, **stamps}


def merged(held: dict[str, Any], one: Wanted) -> dict[str, Any]:
    """Columns that the file has are replaced (an empty cell empties); the others stay."""
    return {name: value for name, value in held.items() if name not in one.named} | one.data
