"""The SQL of what judging remembers of each send, in bulk."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from app.platform.bulk import Bulk, Written
from app.tracking import memory
from app.tracking.hit_rows import EDITIONS
from app.tracking.memory import Memory
from app.tracking.reactions import Links, Whose

_REMEMBERED = Written(
    "reaction", keys={"send_id": "bigint"}, values={"links": "jsonb", "memory": "text"}
)
_REACTION = Written(
    "reaction",
    keys={"send_id": "bigint"},
    values={"judged_version": "text", "due_at": "timestamptz", "links": "jsonb", "memory": "text"},
)
_HELD = """
    SELECT send_id, due_at, CAST(links AS TEXT), memory, gone
      FROM reaction
     WHERE send_id IN ({ids})
     ORDER BY send_id {lock}
"""


@dataclass(slots=True)
class Remembered:
    """The reaction of one send, held until the transaction ends."""

    is_new: bool  # no hit of this send was ever kept
    waits: bool  # it is to be judged again
    links: Links
    memory: Memory | None  # None: its hits have to be read again
    gone: bool = False  # some were let go for their age: what was counted stays


def held(session: Session, send_ids: Sequence[int]) -> dict[int, Remembered]:
    """What is remembered of some sends; nobody else judges them until the transaction ends."""
    bulk = Bulk(session)
    begun = _begun(bulk, send_ids)
    remembered = {
        number: Remembered(
            False,
            due_at is not None,
            memory.from_json(links),
            memory.read(written) if written else None,
            bool(gone),
        )
        for number, due_at, links, written, gone in bulk.by_ids(_HELD, send_ids)
        if number not in begun
    }
    for number in send_ids:
        if number not in remembered:
            remembered[number] = Remembered(True, False, {}, Memory())
    return remembered


def _begun(bulk: Bulk, send_ids: Sequence[int]) -> set[int]:
    """Sends of which nothing is known yet: from now on ours. SQLite has one writer anyway."""
    if bulk.is_sqlite:
        return set()
    begun = """
        INSERT INTO reaction (send_id, judged_version, links, memory)
        SELECT unnest(array({ids})), '', '{{}}'::jsonb, ''
        ORDER BY 1
        ON CONFLICT DO NOTHING
        RETURNING send_id
    """
    return {row[0] for row in bulk.by_ids(begun, send_ids)}


def go_on(session: Session, rows: Iterable[tuple[int, Links, Memory]]) -> None:
    """Keep what the next hits of some sends need that were judged before, and wait for nothing."""
    written = [(number, _links(links), kept.written()) for number, links, kept in rows]
    Bulk(session).update(_REMEMBERED, written)


def remember(
    session: Session, rows: Iterable[tuple[Whose, datetime | None, Links, Memory]]
) -> None:
    """Keep what the next hits of some sends need, and when to judge them again."""
    bulk = Bulk(session)
    bulk.replace(
        _REACTION,
        [
            (
                whose.send_id,
                EDITIONS[whose.edition],
                None if due_at is None else bulk.moment(due_at),
                _links(links),
                kept.written(),
            )
            for whose, due_at, links, kept in rows
        ],
    )


def _links(links: Links) -> str:
    """Hand-made, for each hit changes it."""
    each = ",".join([f'"{link}":[{hits},{people}]' for link, (hits, people) in links.items()])
    return f"{{{each}}}"
