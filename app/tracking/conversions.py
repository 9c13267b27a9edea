"""What people did elsewhere, told by other systems: kept once, counted wherever it belongs.

What an enrolment holds follows from the conversions that are stored, never from their order: each
time one arrives, everything that person did is added up again.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import ConfigDict
from sqlmodel import Session

from app.platform.errors import Conflict, FieldError, Invalid
from app.platform.shapes import answered
from app.tally import store as tally
from app.tracking import conversion_rows as rows
from app.tracking.models import Conversion
from app.tracking.personal import FORGOTTEN
from app.tracking.ports import Enrolled, Enrolments, People
from app.tracking.schemas import RECORDED, ConversionDraft

_AHEAD = timedelta(minutes=5)  # how far another machine's clock may be before ours
SETTLES_AFTER = timedelta(minutes=1)  # by then whatever was released at that moment is visible
_TRIED_EVERY = timedelta(minutes=10)  # how late an import may bring somebody's conversions in
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of one: whether the person is known, and where it counts."""

    __pydantic_config__: ClassVar[ConfigDict] = answered(RECORDED)

    id: str
    matched: bool  # the person is known
    duplicate: bool  # it was here before, or twice in the request
    experiment_ids: tuple[str, ...]  # where it counts


def record(
    session: Session,
    drafts: Sequence[ConversionDraft],
    *,
    people: People,
    enrolments: Enrolments,
    now: datetime,
) -> list[Recorded]:
    """Keep conversions and count them; all of them or none.

    Raises:
        Conflict: an id is here already, with another body. Invalid: one lies in the future.
    """
    _refuse_future(drafts, now=now)
    digests = [digest(draft) for draft in drafts]
    whose = [_Whose.of(draft, people) for draft in drafts]
    known = _known(session, whose, people)
    gone = people.erased(session, [one.label for one in whose])
    fresh = [
        _row(draft, body, one, known.get(one.label), now=now)
        for draft, body, one in zip(drafts, digests, whose, strict=True)
        if one.label not in gone
    ]
    added = rows.add(session, fresh)
    stored = rows.by_id(session, sorted({draft.id for draft in drafts}))
    _refuse_other_bodies(drafts, digests, stored)
    counted = count(session, stored.values(), enrolments=enrolments)
    seen: set[str] = set()
    recorded = []
    for draft in drafts:
        row, repeated = stored.get(draft.id), draft.id not in added or draft.id in seen
        seen.add(draft.id)
        if row is None:  # of somebody who was erased: nothing of it is kept
            recorded.append(Recorded(draft.id, matched=False, duplicate=False, experiment_ids=()))
            continue
        where = tuple(sorted(counted.get(row.id, ())))
        recorded.append(Recorded(row.id, row.person_id is not None, repeated, where))
    return recorded


@dataclass(frozen=True, slots=True)
class _Whose:
    """Who did it, as we compare people."""

    email_key: str | None
    external_id: str | None

    @classmethod
    def of(cls, draft: ConversionDraft, people: People) -> "_Whose":
        return cls(people.key_of(draft.email) if draft.email else None, draft.external_id)

    @property
    def label(self) -> str:
        return f"email:{self.email_key}" if self.email_key else f"external:{self.external_id}"


def _known(session: Session, whose: Sequence[_Whose], people: People) -> dict[str, str]:
    emails = sorted({one.email_key for one in whose if one.email_key})
    externals = sorted({one.external_id for one in whose if one.external_id})
    return people.people_of(session, emails, externals)


def count(
    session: Session, conversions: Collection[Conversion], *, enrolments: Enrolments
) -> dict[str, list[str]]:
    """Add up again what their people did; by conversion, the experiments in which it counts."""
    pairs = {
        (conversion.person_id, conversion.event)
        for conversion in conversions
        if conversion.person_id is not None
    }
    enrolled = enrolments.enrolled(session, sorted(pairs)) if pairs else []
    tally.lock(session, [one.send_id for one in enrolled])  # before reading: nobody's is missed
    done: defaultdict[tuple[str, str], list[Conversion]] = defaultdict(list)
    for row in rows.of_people(session, sorted({person for person, _ in pairs})):
        done[row.person_id or "", row.event].append(row)
    where: defaultdict[str, list[str]] = defaultdict(list)
    edits = {}
    for one in enrolled:
        inside = [row for row in done[one.person_id, one.event] if _is_inside(row, one)]
        edits[one.send_id] = _sum(inside, one)
        for row in inside:
            where[row.id].append(one.experiment_id)
    tally.change(session, edits)
    return dict(where)


def due(session: Session, *, now: datetime) -> list[str]:
    """What arrived while somebody may have been released, or was of nobody whom we knew."""
    conversions = (
        *rows.unmatched(session, tried_before=now - _TRIED_EVERY, limit=_CHUNK),
        *rows.unsettled(session, before=now - SETTLES_AFTER, limit=_CHUNK),
    )
    return list(dict.fromkeys(conversion.id for conversion in conversions))


def settle(
    session: Session,
    ids: Sequence[str],
    *,
    people: People,
    enrolments: Enrolments,
    now: datetime,
) -> int:
    """Count these once more; match late people. How many were looked at."""
    wanted = rows.by_id(session, ids).values()
    late = [
        conversion
        for conversion in wanted
        if conversion.person_id is None and conversion.tried_at < now - _TRIED_EVERY
    ]
    whose = {row.id: _Whose(row.email_key, row.external_id) for row in late}
    known = _known(session, list(whose.values()), people)
    for row in late:
        row.person_id, row.tried_at = known.get(whose[row.id].label), now
        session.add(row)
    settled = [
        conversion
        for conversion in wanted
        if not conversion.settled and conversion.received_at < now - SETTLES_AFTER
    ]
    session.flush()
    count(session, [*late, *settled], enrolments=enrolments)
    rows.settle(session, [conversion.id for conversion in settled])
    return len(late) + len(settled)


def digest(draft: ConversionDraft) -> str:
    """What tells two bodies apart: the fields that were sent."""
    sent = draft.model_dump(mode="json", exclude_unset=True)
    return hashlib.sha256(json.dumps(sent, sort_keys=True).encode()).hexdigest()


def _row(
    draft: ConversionDraft, body: str, whose: _Whose, person_id: str | None, *, now: datetime
) -> dict[str, object]:
    return {
        "id": draft.id,
        "event": draft.event,
        "email_key": whose.email_key,
        "external_id": whose.external_id,
        "person_id": person_id,
        "value": draft.value or 0.0,
        "occurred_at": draft.occurred_at or now,
        "received_at": now,
        "digest": body,
        "tried_at": now,
        "settled": False,
    }


def _sum(inside: Sequence[Conversion], enrolled: Enrolled) -> dict[str, object]:
    value = sum(row.value for row in sorted(inside, key=lambda row: row.id))
    capped = value if enrolled.cap is None else min(value, enrolled.cap)
    did = inside and (capped != 0 or not enrolled.needs_value)
    return {
        "converted": len(inside),
        "value": value,
        "capped": capped,
        "did_at": min(row.occurred_at for row in inside) if did else None,
    }


def _is_inside(row: Conversion, enrolled: Enrolled) -> bool:
    """From the release on, and before the window closes."""
    return enrolled.released_at <= row.occurred_at < enrolled.closes_at


def _refuse_future(drafts: Sequence[ConversionDraft], *, now: datetime) -> None:
    wrong = [
        FieldError(f"conversions.{place}.occurred_at", "lies in the future")
        for place, draft in enumerate(drafts)
        if draft.occurred_at is not None and draft.occurred_at > now + _AHEAD
    ]
    if wrong:
        raise Invalid(
            "A conversion lies in the future: send it once it has happened.", errors=tuple(wrong)
        )


def _refuse_other_bodies(
    drafts: Sequence[ConversionDraft], digests: Sequence[str], stored: dict[str, Conversion]
) -> None:
    wrong = [
        FieldError(f"conversions.{place}.id", f"“{draft.id}” is here already, with another body")
        for place, draft in enumerate(drafts)
        if draft.id in stored and stored[draft.id].digest not in {digests[place], FORGOTTEN}
    ]
    if wrong:
        raise Conflict(
            "An id that was sent before came with another body. Nothing was kept; give what is new"
            " an id of its own.",
            errors=tuple(wrong),
        )
