"""What new hits of some sends come to, until it is written in bulk."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import NamedTuple

from sqlmodel import Session

from app.tally import reached, store
from app.tally.reached import Reached
from app.tally.shares import LinkKey
from app.tracking import hit_rows, reaction_rows, reactions
from app.tracking.memory import Memory
from app.tracking.ports import Facts
from app.tracking.reaction_rows import Remembered
from app.tracking.reactions import Bucket, Fresh, Links, Whose, Window
from app.tracking.verdicts import Judgement


class Send(NamedTuple):
    """One send, as it was found."""

    id: int
    facts: Facts | None
    outcome: Reached | None
    window: Window | None
    before: Remembered
    whose: Whose  # with experiment and arm where they are known

    @property
    def links(self) -> Links:
        """What the counters of links hold for it."""
        return self.before.links


@dataclass(slots=True)
class Change:
    """What some hits of one send come to."""

    send: Send
    memory: Memory
    links: Links
    kept: list[tuple[Fresh, Judgement]] = field(default_factory=list)
    counted: dict[Bucket, int] = field(default_factory=dict)
    judged_again: list[tuple[int, Judgement]] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)
    outcome: Reached | None = None
    due_at: datetime | None = None
    is_afresh: bool = False

    def count(self, bucket: Bucket, hits: int) -> None:
        """Some of which nothing else is kept."""
        self.counted[bucket] = self.counted.get(bucket, 0) + hits


def write(session: Session, changes: Sequence[Change]) -> None:
    kept = [(change.send.whose, hit, said) for change in changes for hit, said in change.kept]
    again = [
        (change.send.whose, number, said)
        for change in changes
        for number, said in change.judged_again
    ]
    counted = {
        (change.send.whose, bucket): more
        for change in changes
        for bucket, more in change.counted.items()
    }
    hit_rows.drop(session, list(chain.from_iterable(change.dropped for change in changes)))
    hit_rows.add(session, kept)
    hit_rows.judge_again(session, again)
    hit_rows.adopt(session, [change.send.whose for change in changes if change.is_afresh])
    hit_rows.count(session, counted)
    onward = [change for change in changes if not (change.is_afresh or change.send.before.is_new)]
    reaction_rows.go_on(
        session, [(change.send.id, change.links, change.memory) for change in onward]
    )
    others = [change for change in changes if change.is_afresh or change.send.before.is_new]
    rows = [(other.send.whose, other.due_at, other.links, other.memory) for other in others]
    reaction_rows.remember(session, rows)
    reached.change(
        session,
        {change.send.id: change.send.outcome for change in changes if change.send.outcome},
        {change.send.id: change.outcome for change in changes if change.outcome},
    )
    store.count_links(session, _link_moves(changes))


def _link_moves(changes: Iterable[Change]) -> dict[LinkKey, tuple[int, int]]:
    moved: dict[LinkKey, tuple[int, int]] = {}
    for change in changes:
        for link, (hits, people) in reactions.difference(change.send.links, change.links).items():
            key = (*change.send.whose.arm_of, link)
            was = moved.get(key, (0, 0))
            moved[key] = (was[0] + hits, was[1] + people)
    return moved
