"""The library of every test card and what came of it."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from app.review import store
from app.review.models import Choice
from app.review.store import Decided


@dataclass(frozen=True, slots=True)
class Learning:
    """One decided experiment: what we believed, what we saw, what we do."""

    experiment_id: str
    name: str
    feature: str | None
    slice: str | None
    believe: str
    verify: str
    measure: str
    right_if: str
    call: str
    sentence: str
    decision: str
    learning: str
    reason: str | None
    next_slice: str | None
    next_slice_id: str | None
    decided_by: str
    decided_at: datetime


def search(session: Session, text: str = "") -> tuple[Learning, ...]:
    """Learnings in which every word of the text occurs, the latest first.

    The comparison is ours: databases disagree about what a lower-case É is, and there are hundreds
    of decisions, not millions.
    """
    words = text.casefold().split()
    every = (_learning(row) for row in store.decisions(session))
    return tuple(learning for learning in every if _mentions(learning, words))


def decided_since(session: Session, since: datetime) -> tuple[Learning, ...]:
    """What was decided from a moment on, the latest first."""
    return tuple(_learning(row) for row in store.decisions(session, since=since))


def weeks_avoided(session: Session, *, until: datetime | None = None) -> float:
    """Weeks of building that were not spent: features whose last decision is to stop."""
    weeks: dict[str, float] = {}
    for decision, _, _, feature in reversed(store.decisions(session, until=until)):
        if feature is not None:
            stopped = decision.decision == Choice.STOP
            weeks[feature.id] = (feature.full_build_weeks or 0) if stopped else 0
    return sum(weeks.values())


def _learning(row: Decided) -> Learning:
    decision, experiment, piece, feature = row
    card = experiment.design.get("hypothesis") or {}
    return Learning(
        experiment_id=experiment.id,
        name=experiment.name,
        feature=feature.title if feature else None,
        slice=piece.title if piece else None,
        **{part: card.get(part) or "" for part in ("believe", "verify", "measure", "right_if")},
        call=decision.call,
        sentence=decision.sentence,
        decision=decision.decision,
        learning=decision.learning,
        reason=decision.reason,
        next_slice=decision.next_slice,
        next_slice_id=decision.next_slice_id,
        decided_by=decision.decided_by,
        decided_at=decision.at,
    )


def _mentions(learning: Learning, words: list[str]) -> bool:
    written = " ".join(
        part or ""
        for part in (
            learning.name, learning.feature, learning.slice, learning.believe, learning.verify,
            learning.measure, learning.right_if, learning.call, learning.sentence,
            learning.decision, learning.learning, learning.reason, learning.next_slice,
        )
    ).casefold()  # fmt: skip
    return all(word in written for word in words)
