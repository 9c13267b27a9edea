"""All SQL of the tally, and its one order of locks (`together`)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Row, TextClause, bindparam, func, select, text, update
from sqlmodel import Session

from app.platform.db import UtcDateTime
from app.tally import sent
from app.tally.models import Counter, Outcome
from app.tally.sent import Released
from app.tally.shares import KEYS, NUMBERS, DayKey, DidKey, HourKey, LinkKey, Moves, added, moves

_OUTCOME = Outcome.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table classes
_COUNTER = Counter.__table__  # type: ignore[attr-defined]  # the same
_CHUNK = 500  # ids per question, far below every database's limit of parameters
_WAITING = "tally waiting"  # in a session's own notes


def _upsert(table: str, keys: Iterable[str], numbers: Iterable[str]) -> TextClause:
    """One row per key; numbers are added to what stands there."""
    keys, numbers = tuple(keys), tuple(numbers)
    columns = (*keys, *numbers)
    added = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in numbers)
    return text(
        f"INSERT INTO {table} ({', '.join(columns)})"  # noqa: S608  # names of our own columns only
        f" VALUES ({', '.join(':' + name for name in columns)})"
        f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {added}"
    )


_MOVE_HOURS = _upsert("counter", KEYS, NUMBERS).bindparams(bindparam("hour", type_=UtcDateTime()))
_MOVE_DAYS = _upsert("day_counter", ("experiment_id", "arm", "day"), ("people",))
_MOVE_DID = _upsert("did_counter", ("experiment_id", "arm", "hour"), ("people",)).bindparams(
    bindparam("hour", type_=UtcDateTime())
)
_LINK = ("experiment_id", "arm", "link")
_MOVE_LINKS = _upsert("link_counter", _LINK, ("hits", "clickers"))
_MOVE_NAMELESS = _upsert("link_counter", _LINK, ("hits", "clickers", "nameless"))


@dataclass(slots=True)
class _Waiting:
    """What a transaction changes, until all of it is known."""

    edits: dict[int, dict[str, object]] = field(default_factory=dict)
    moves: list[Moves] = field(default_factory=list)


@contextmanager
def together(session: Session) -> Iterator[None]:
    """Take what is released and changed within as one change, written at its end.

    Outcomes first, in the order of their ids; counters last, in key order: so two transactions
    that meet never wait for each other in a circle. Whoever calls `release` or `change` several
    times in one transaction does it within; what fails within writes nothing.
    """
    if _WAITING in session.info:  # the outermost writes
        yield
        return
    waiting = session.info[_WAITING] = _Waiting()
    try:
        yield
    finally:
        del session.info[_WAITING]
    _write_edits(session, waiting)
    _write_moves(session, added(waiting.moves))


def release(session: Session, people: Sequence[Released]) -> None:
    """Count people as released, from the moment their send was first reserved."""
    if people:
        move(session, sent.release(session, people))


def lock(session: Session, send_ids: Sequence[int]) -> None:
    """Hold outcomes until the transaction ends, in the order of their ids."""
    ids = sorted(send_ids)
    for start in range(0, len(ids), _CHUNK):
        _locked(session, ids[start : start + _CHUNK])


def change(session: Session, edits: Mapping[int, Mapping[str, object]]) -> None:
    """Set fields of outcomes by send id, and move the counters by the difference.

    Sends without an outcome (not released yet) are passed over.
    """
    with together(session):
        waiting: _Waiting = session.info[_WAITING]
        for send_id, edit in edits.items():
            waiting.edits.setdefault(send_id, {}).update(edit)


def _write_edits(session: Session, waiting: _Waiting) -> None:
    edits = waiting.edits
    ids = sorted(edits)
    if sent.settles(edits):
        for start in range(0, len(ids), _CHUNK):
            some = {send_id: edits[send_id] for send_id in ids[start : start + _CHUNK]}
            waiting.moves.append(sent.change(session, some))
        return
    for start in range(0, len(ids), _CHUNK):
        before = _locked(session, ids[start : start + _CHUNK])
        after = [_edited(row, edits[row.send_id]) for row in before]
        fields = [_fields(old, new) for old, new in zip(before, after, strict=True)]
        for names in sorted({tuple(sorted(one)) for one in fields if one}):
            _set(
                session,
                names,
                [
                    (row.send_id, one)
                    for row, one in zip(before, fields, strict=True)
                    if tuple(sorted(one)) == names
                ],
            )
        waiting.moves.append(moves(before=before, after=after))


def count_links(session: Session, differences: Mapping[LinkKey, tuple[int, int]]) -> None:
    """Move the counters of links by (hits, people)."""
    rows = [
        {"experiment_id": key[0], "arm": key[1], "link": key[2], "hits": hits, "clickers": people}
        for key, (hits, people) in sorted(differences.items())
        if hits or people
    ]
    if rows:
        session.execute(_MOVE_LINKS, rows)


def count_nameless(session: Session, hits: Mapping[LinkKey, int]) -> None:
    """Move the counters of links by hits to which nobody is attached."""
    rows = [
        {"experiment_id": key[0], "arm": key[1], "link": key[2], "nameless": count}
        for key, count in sorted(hits.items())
        if count
    ]
    if rows:
        session.execute(_MOVE_NAMELESS, [row | {"hits": 0, "clickers": 0} for row in rows])


def complaints(session: Session, experiment_id: str) -> tuple[int, int]:
    """People of an experiment who called its mail spam, and those to whom it was delivered."""
    question = select(
        func.coalesce(func.sum(_COUNTER.c.complained), 0),
        func.coalesce(func.sum(_COUNTER.c.sent - _COUNTER.c.returned), 0),
    ).where(_COUNTER.c.experiment_id == experiment_id)
    complained, delivered = session.execute(question).one()
    return int(complained), int(delivered)


def _locked(session: Session, ids: Sequence[int]) -> Sequence[Row[Any]]:
    question = select(_OUTCOME).where(_OUTCOME.c.send_id.in_(ids))
    return session.execute(question.order_by(_OUTCOME.c.send_id).with_for_update()).all()


def _edited(row: Row[Any], edit: Mapping[str, object]) -> SimpleNamespace:
    unknown = edit.keys() - row._fields
    if unknown:
        raise ValueError(f"an outcome has no {', '.join(sorted(unknown))}")
    return SimpleNamespace(**{**row._asdict(), **edit})


def _fields(old: Row[Any], new: SimpleNamespace) -> dict[str, object]:
    return {name: value for name, value in vars(new).items() if value != getattr(old, name)}


def _set(
    session: Session, names: Sequence[str], edits: Sequence[tuple[int, Mapping[str, object]]]
) -> None:
    statement = (
        update(_OUTCOME)
        .where(_OUTCOME.c.send_id == bindparam("row_id"))
        .values({name: bindparam(f"new_{name}") for name in names})
    )
    session.connection().execute(
        statement,
        [
            {"row_id": send_id, **{f"new_{name}": fields[name] for name in names}}
            for send_id, fields in edits
        ],
    )


def move(session: Session, difference: Moves) -> None:
    """Add to the counters: last in a transaction, in key order."""
    with together(session):
        waiting: _Waiting = session.info[_WAITING]
        waiting.moves.append(difference)


def _write_moves(session: Session, difference: Moves) -> None:
    hours = [_hour_row(key, difference.hours[key]) for key in sorted(difference.hours)]
    days = [_people_row("day", key, difference.days[key]) for key in sorted(difference.days)]
    did = [_people_row("hour", key, difference.did[key]) for key in sorted(difference.did)]
    if hours:
        session.execute(_MOVE_HOURS, hours)
    if days:
        session.execute(_MOVE_DAYS, days)
    if did:
        session.execute(_MOVE_DID, did)


def _hour_row(key: HourKey, numbers: Mapping[str, float]) -> dict[str, object]:
    return {**dict(zip(KEYS, key, strict=True)), **numbers}


def _people_row(name: str, key: DayKey | DidKey, people: int) -> dict[str, object]:
    return {"experiment_id": key[0], "arm": key[1], name: key[2], "people": people}
