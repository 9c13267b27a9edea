"""The part of outcomes that sending decides: released and settled in bulk, with their counters."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlmodel import Session

from app.platform.bulk import Bulk, Written
from app.tally.shares import NUMBERS, HourKey, Moves, full_hour

_FLAGS = ("sent", "failed", "bounced", "uncertain", "untracked")
_COUNTED = (*_FLAGS, "returned")
_AT = "mailed_at"
_SETTLED = frozenset({*_FLAGS, _AT})
_BOOLEANS = dict.fromkeys(_FLAGS, "boolean")
_CHANGED = Written("outcome", keys={"send_id": "bigint"}, values=_BOOLEANS)
_MAILED = Written("outcome", keys={"send_id": "bigint"}, values=_BOOLEANS | {_AT: "timestamptz"})
_RELEASED = Written(
    "outcome",
    keys={"send_id": "bigint"},
    values={
        "experiment_id": "text",
        "arm": "text",
        "stratum": "text",
        "released_at": "timestamptz",
        "closes_at": "timestamptz",
        "covariate": "float8",
        **_BOOLEANS,
        "clicks": "bigint",
        "converted": "bigint",
        "value": "float8",
        "capped": "float8",
    },
)
_NOTHING_YET = (*[False] * len(_FLAGS), 0, 0, 0.0, 0.0)
_HELD = f"""
    SELECT send_id, experiment_id, arm, stratum, released_at, {", ".join(_FLAGS)}
      FROM outcome
     WHERE send_id IN ({{ids}})
     ORDER BY send_id {{lock}}
"""  # noqa: S608  # names of our own columns only


class Released(NamedTuple):
    """Somebody who is released just now, and to whom nothing has happened yet."""

    send_id: int
    experiment_id: str
    arm: str
    stratum: str
    released_at: datetime
    closes_at: datetime
    covariate: float | None = None


def release(session: Session, people: Sequence[Released]) -> Moves:
    """Keep an outcome of each; by how much counters move."""
    bulk = Bulk(session)
    hours: dict[HourKey, dict[str, float]] = {}
    rows: list[tuple[object, ...]] = []
    for one in sorted(people):
        moments = bulk.moment(one.released_at), bulk.moment(one.closes_at)
        rows.append((*one[:4], *moments, one.covariate, *_NOTHING_YET))
        key = (one.experiment_id, one.arm, full_hour(one.released_at), one.stratum)
        sums = hours.setdefault(key, dict.fromkeys(NUMBERS, 0))
        sums["released"] += 1
        if one.covariate:
            sums["x"] += one.covariate
            sums["xx"] += one.covariate * one.covariate
    bulk.add_new(_RELEASED, rows)
    return Moves(hours, {}, {})


def settles(edits: Mapping[int, Mapping[str, object]]) -> bool:
    """Whether sending alone decides all that is changed."""
    return all(edit.keys() <= _SETTLED for edit in edits.values())


def change(session: Session, edits: Mapping[int, Mapping[str, object]]) -> Moves:
    """Write such edits, of outcomes that are there; by how much counters move."""
    bulk = Bulk(session)
    hours: dict[HourKey, dict[str, float]] = {}
    changed: list[tuple[object, ...]] = []
    mailed: list[tuple[object, ...]] = []
    for send_id, experiment_id, arm, stratum, released_at, *flags in bulk.by_ids(
        _HELD, sorted(edits)
    ):
        edit = edits[send_id]
        before = [bool(flag) for flag in flags]
        after = [bool(edit.get(name, flag)) for name, flag in zip(_FLAGS, before, strict=True)]
        if _AT in edit:
            at: Any = edit[_AT]
            mailed.append((send_id, *after, at and bulk.moment(at)))
        elif after != before:
            changed.append((send_id, *after))
        if after != before:
            key = (experiment_id, arm, full_hour(bulk.read_moment(released_at)), stratum)
            _move(hours.setdefault(key, dict.fromkeys(NUMBERS, 0)), before, after)
    bulk.update(_CHANGED, changed)
    bulk.update(_MAILED, mailed)
    return Moves({key: sums for key, sums in hours.items() if any(sums.values())}, {}, {})


def _move(sums: dict[str, float], before: Sequence[bool], after: Sequence[bool]) -> None:
    for name, was, now in zip(_COUNTED, _counted(before), _counted(after), strict=True):
        sums[name] += now - was


def _counted(flags: Sequence[bool]) -> tuple[int, ...]:
    sent, failed, bounced, *_ = flags
    return (*map(int, flags), int(sent and (bounced or failed)))
