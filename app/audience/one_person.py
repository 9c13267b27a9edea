"""One person added or changed by hand: checked as a line of a file is, and counted at once."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from app.audience import (
    changes,
    column_rows,
    headers,
    opt_outs,
    own,
    people,
    people_rows,
    profile,
    store,
    suppression_store,
)
from app.audience.changes import Changes
from app.audience.erased import Marker
from app.audience.models import Import, Membership, Person
from app.audience.own import OWN
from app.audience.people import Refused, Wanted
from app.audience.reading import Record
from app.audience.room import Room
from app.platform.errors import Conflict, Invalid

_LONGEST = 10_000  # characters of a cell
ERASED = (
    "This person was erased, and stays away. If they ask for mail again, an admin lets them come"
    " back under Customers."
)


def add(
    session: Session,
    audience_id: str,
    cells: Mapping[str, Any],
    *,
    by: str,
    marker: Marker,
    now: datetime,
) -> Person:
    """Somebody new in an audience, or more about somebody who is in it.

    A column that says that they opted out elsewhere does what it does in a file: they get no mail.

    Raises:
        Invalid: an address or cell that cannot be kept.
        Conflict: they were erased, or their external id is somebody else's.
    """
    store.locked_audience(session, audience_id)
    row = Import(audience_id=audience_id, format="", folder="", created_at=now)
    one = _wanted(cells)
    _refuse_too_many(session, row, one)
    if changes.erased_among(session, {one.key: one}, marker):
        raise Conflict(ERASED)
    held = store.people_by_key(session, [one.key])
    before = people_rows.member(session, audience_id, held[one.key].id) if held else None
    data = dict(before.data) if before else None
    found = Changes(session, row, now)
    found.apply({one.key: one})
    for reason in found.reasons.values():
        raise Conflict(f"{reason.replace('external_id', 'The id', 1)}.")
    if one.opted_out:
        reason = opt_outs.REASON
        suppression_store.suppress_all(session, [one.key], reason, by=by, now=now)
    session.expire_all()
    _come_by_hand(session, audience_id, found.ids[one.key])
    count(session, audience_id, before=data, after=found.cells[one.key])
    return store.person_of(session, found.ids[one.key])


def count(
    session: Session,
    audience_id: str,
    *,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
) -> None:
    """Say at once what an audience's columns hold, with what one person had there and has now."""
    audience = store.locked_audience(session, audience_id)
    if before is not None:
        audience.columns = profile.without(audience.columns, before)
    audience.people += before is None
    audience.columns = profile.with_(audience.columns, after, audience.people)
    audience.revision += 1
    session.add(audience)
    session.flush()


def change(
    session: Session,
    audience_id: str,
    person_id: str,
    cells: Mapping[str, Any],
    *,
    by: str,
    marker: Marker,
    now: datetime,
) -> Person:
    """Other columns of somebody in an audience: an empty cell empties, the others stay.

    An address stays: with another one they are somebody else, and whoever was not to be mailed
    would be.
    """
    person = store.person_of(session, person_id)
    people_rows.member(session, audience_id, person_id, is_needed=True)
    if "email" in cells and cells["email"] != person.email:
        raise Invalid.at("email", "An address stays as it is. Add whoever has the other one.")
    emptied = {name: cells[name] for name in cells if name in OWN and cells[name] in ("", None)}
    for name in emptied:
        setattr(person, name, own.EMPTY[name])
        person.updated_at = now
    session.add(person)
    session.flush()
    if emptied:
        column_rows.touch(session, audience_id, [person_id])
    told = {**cells, "email": person.email}
    return add(session, audience_id, told, by=by, marker=marker, now=now)


def _wanted(cells: Mapping[str, Any]) -> Wanted:
    names = {name: _named(name) for name in cells}
    if len(set(names.values())) < len(names):
        raise Invalid.at("columns", "Two columns have one name.")
    filled = {names[name]: _kept(name, cell) for name, cell in cells.items()}
    says_no = tuple(
        name
        for name, cell in cells.items()
        if (how := opt_outs.guessed(name)) and cell is not None and opt_outs.is_out(how, cell)
    )
    values = {name: cell for name, cell in filled.items() if cell not in ("", None)}
    record = Record(0, 0, 0, "", values=values, named=tuple(filled), opted_out=says_no)
    try:
        one = people.wanted(record)
    except Refused as error:
        _, _, why = str(error).partition(": ")
        raise Invalid.at("email", f"This address cannot be used: {why}.") from error
    if one.notes:
        name, _cell, why = one.notes[0]
        raise Invalid.at(name, f"{why.removesuffix('; it was left empty').capitalize()}.")
    return one


def _refuse_too_many(session: Session, row: Import, one: Wanted) -> None:
    try:
        Room.of(session, row).take(one.named)
    except Refused as error:
        raise Invalid.at("columns", f"{str(error).capitalize()}.") from error


def _named(name: str) -> str:
    return name if name in OWN else headers.free(headers.plain_name(name), set())


def _kept(name: str, cell: Any) -> Any:
    if isinstance(cell, str) and len(cell) > _LONGEST:
        raise Invalid.at(name, "A cell holds 10,000 characters at most.")
    return cell.strip() if isinstance(cell, str) else cell


def _come_by_hand(session: Session, audience_id: str, person_id: str) -> None:
    """No line of a file named them last."""
    member = session.get(Membership, (audience_id, person_id))
    if member is not None:
        member.import_id = member.line = None
        session.add(member)
