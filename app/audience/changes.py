"""What the lines of a file change: whom they speak of, and which of them are refused."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session

from app.audience import column_rows, erased, own, store
from app.audience.erased import Marker
from app.audience.models import Import
from app.audience.people import Refused, Wanted, merged, new_row, wanted
from app.audience.reading import Record
from app.audience.room import Room
from app.platform import encodings
from app.platform.ids import new_id


@dataclass
class SortedOut:
    """The people that records speak of, by their keys, and the lines that speak of none."""

    people: dict[str, Wanted] = field(default_factory=dict)
    refused: list[dict[str, Any]] = field(default_factory=list)
    opted_out: list[Wanted] = field(default_factory=list)  # on whatever line it stands

    def leave(self, gone: set[str]) -> None:
        """People who were erased: nothing of theirs is kept, not even that they opted out."""
        self.people = {key: one for key, one in self.people.items() if key not in gone}
        self.opted_out = [one for one in self.opted_out if one.key not in gone]


def sorted_out(row: Import, records: Sequence[Record], room: Room) -> SortedOut:
    """Whom these records speak of. A line that is refused still says who opted out."""
    found = SortedOut()
    for record in records:
        row.encoding = row.encoding if record.encoding == encodings.UTF_8 else record.encoding
        try:
            one = wanted(record)
            found.opted_out += [one] if one.opted_out else []
            _refuse_twice(found.people, one)
            room.take(one.named)
        except Refused as error:
            found.refused.append(refusal(row, record, str(error)))
        else:
            found.people[one.key] = one
    row.named = room.new
    return found


def erased_among(session: Session, people: dict[str, Wanted], marker: Marker) -> set[str]:
    """Of these people, those who were erased: nothing of their lines is kept."""
    labels = {erased.by_email(key): key for key in people}
    labels |= {
        erased.by_external_id(one.own["external_id"]): key
        for key, one in people.items()
        if "external_id" in one.own
    }
    return {labels[label] for label in erased.among(session, labels, marker)}


def _refuse_twice(people: dict[str, Wanted], one: Wanted) -> None:
    if one.key in people:
        raise Refused(f"duplicate: the same address stands on line {people[one.key].line}")


def refusal(row: Import, record: Record, reason: str) -> dict[str, Any]:
    """A line that is not taken, as it is kept."""
    return {"import_id": row.id, "line": record.line, "reason": reason, "raw": record.raw}


class Changes:
    """What a chunk's people change: new, changed, as they were, or refused for another's sake."""

    def __init__(self, session: Session, row: Import, now: datetime) -> None:
        self.session, self.row, self.now = session, row, now
        self.ids: dict[str, str] = {}  # of people, by their keys
        self.cells: dict[str, dict[str, Any]] = {}  # and what they have in this audience then
        self.reasons: dict[int, str] = {}  # of the lines that are refused after all
        self.added = self.updated = self.unchanged = 0
        self._new_people: list[dict[str, Any]] = []
        self._changed_people: list[dict[str, Any]] = []
        self._new_members: list[dict[str, Any]] = []
        self._changed_members: list[dict[str, Any]] = []
        self._same_members: list[dict[str, Any]] = []

    def apply(self, people: dict[str, Wanted]) -> None:
        """Write it."""
        self.sort(people)
        store.change_people(self.session, self._changed_people)  # first: it frees external ids
        store.add_people(self.session, self._new_people)
        store.add_memberships(self.session, self._new_members)
        store.change_memberships(self.session, self._changed_members)
        store.name_memberships(self.session, self._same_members)
        if self.added or self.updated:
            changed = [changed_person["id"] for changed_person in self._changed_people]
            column_rows.touch(self.session, self.row.audience_id, changed)

    def refused(self, records: Sequence[Record]) -> list[dict[str, Any]]:
        """The lines that are refused after all."""
        return [
            refusal(self.row, record, self.reasons[record.line])
            for record in records
            if record.line in self.reasons
        ]

    def sort(self, people: dict[str, Wanted]) -> None:
        """Find out what it would change."""
        held = store.people_by_key(self.session, list(people))
        externals = [one.own["external_id"] for one in people.values() if "external_id" in one.own]
        self._owners = store.people_by_external_id(self.session, externals)
        members = store.memberships(
            self.session, self.row.audience_id, [p.id for p in held.values()]
        )
        for one in people.values():
            person = held.get(one.key)
            try:
                self._sort(one, person, members.get(person.id) if person else None)
            except Refused as error:
                self.reasons[one.line] = str(error)

    def _sort(self, one: Wanted, person: Any, member: Any) -> None:
        if member is not None and member.import_id == self.row.id:
            raise Refused(f"duplicate: the same address stands on line {member.line}")
        person_id = person.id if person is not None else new_id()
        self.ids[one.key] = person_id
        self._refuse_taken(one, person_id)
        if person is None:
            self._new_people.append(new_row(one, person_id, self.now))
        changed = person is not None and self._change(one, person)
        self.cells[one.key] = one.data if member is None else merged(member.data, one)
        if member is None:
            self._new_members.append(self._membership(one, person_id, one.data))
            self.added += 1
            return
        data = self.cells[one.key]
        is_as_it_was = data == member.data
        same = is_as_it_was and not changed
        self.updated += not same
        self.unchanged += same
        row = self._membership(one, person_id, data)
        if is_as_it_was:
            del row["data"]
        (self._same_members if is_as_it_was else self._changed_members).append(row)

    def _refuse_taken(self, one: Wanted, person_id: str) -> None:
        external = one.own.get("external_id")
        if external is None:
            return
        if self._owners.setdefault(external, person_id) != person_id:
            raise Refused(f"external_id “{external[:60]}” belongs to another person")

    def _change(self, one: Wanted, person: Any) -> bool:
        """Whether a known person's own columns differ. An address in other letters does not."""
        new = {
            name: value
            for name, value in one.own.items()
            if name != "email" and getattr(person, name) != value
        }
        if "external_id" in new and self._owners.get(person.external_id) == person.id:
            del self._owners[person.external_id]  # a later line may take it
        if new:
            self._changed_people.append(
                {**own.of(person), **new, "id": person.id, "updated_at": self.now}
            )
        return bool(new)

    def _membership(self, one: Wanted, person_id: str, data: dict[str, Any]) -> dict[str, Any]:
        return {
            "audience_id": self.row.audience_id,
            "person_id": person_id,
            "data": data,
            "import_id": self.row.id,
            "line": one.line,
        }
