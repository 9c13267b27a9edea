"""A record of a file, made into a person: checked, or refused with a reason."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from app.audience.addresses import CONTROL, BadAddress, key_of
from app.audience.models import Consent
from app.audience.reading import Record
from app.audience.values import text_of

_CONSENT = {
    "yes": Consent.YES,
    "true": Consent.YES,
    "1": Consent.YES,
    "no": Consent.NO,
    "false": Consent.NO,
    "0": Consent.NO,
    "unknown": Consent.UNKNOWN,
}
_LINES = ("name", "external_id", "timezone")  # one line each, for they go into headers and links
_LONGEST = 500  # characters of one of them
OWN = ("email", "name", "external_id", "timezone", "consent_open", "consent_click")


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


def wanted(record: Record) -> Wanted:
    """Read a record. Raises Refused."""
    if record.refused is not None:
        raise Refused(record.refused)
    own = {name: text_of(record.values[name]) for name in OWN if name in record.values}
    if "email" not in own:
        raise Refused("bad_address: there is none on this line")
    try:
        key = key_of(own["email"])
    except BadAddress as error:
        raise Refused(str(error)) from error
    data = {name: value for name, value in record.values.items() if name not in OWN}
    return Wanted(record.line, key, dict(_checked(own)), data, record.named)


def _checked(own: dict[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in own.items():
        if name.startswith("consent_"):
            yield name, _consent(name, value)
            continue
        if name in _LINES and (len(value) > _LONGEST or CONTROL.search(value)):
            raise Refused(f"{name} has a line break or another control character, or is too long")
        if name == "timezone" and value not in _timezones():
            raise Refused(f"timezone “{value[:60]}” is not known; write it like Europe/Oslo")
        yield name, value


@cache
def _timezones() -> frozenset[str]:
    return frozenset(available_timezones())  # each call walks through the time zone files


def _consent(name: str, value: str) -> str:
    try:
        return _CONSENT[value.lower()]
    except KeyError:
        raise Refused(f"{name} must be yes, no or unknown, not “{value[:60]}”") from None


def new_row(one: Wanted, person_id: str, now: datetime) -> dict[str, Any]:
    """A person who was not there, as a row."""
    defaults = {
        "name": "",
        "external_id": None,
        "timezone": "",
        "consent_open": Consent.UNKNOWN,
        "consent_click": Consent.UNKNOWN,
    }
    stamps = {"id": person_id, "email_key": one.key, "created_at": now, "updated_at": now}
    return defaults | one.own | stamps


def merged(held: dict[str, Any], one: Wanted) -> dict[str, Any]:
    """Columns that the file has are replaced (an empty cell empties); the others stay."""
    return {name: value for name, value in held.items() if name not in one.named} | one.data
