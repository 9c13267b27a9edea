"""The library of every test card and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from app.analysis import claims, record
from app.analysis import store as snapshots
from app.analysis.claims import Claim
from app.analysis.record import Record
from app.platform.paging import Order, Part, part_of
from app.review import search as texts
from app.review import store
from app.review.models import Choice
from app.review.store import Decided

_BEST_FIRST = Order("learnings", (int, datetime, str), is_descending=True)


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


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody looks for; what is left out does not narrow."""

    text: str = ""
    decision: str | None = None
    call: str | None = None
    feature_id: str | None = None
    key_result_id: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One page of learnings, and how many there are in all."""

    learnings: Part[Learning]
    total: int


def search(
    session: Session, wanted: Wanted, *, cursor: str | None = None, limit: int = 50
) -> Found:
    """Learnings in which every word occurs, best first; without words the latest first.

    How well one fits depends on its own words alone, so that no other changes its place.
    """
    rows = [row for row in store.decisions(session) if _fits(row, wanted)]
    scores: Mapping[str, int] = {}
    if wanted.text.strip():
        found = set(texts.matching(session, wanted.text))
        rows = [row for row in rows if row[0].id in found]
        scores = {row[0].id: texts.score(*_words(_learning(row)), wanted.text) for row in rows}
    page = part_of(
        rows,
        _BEST_FIRST,
        lambda row: (scores.get(row[0].id, 0), row[0].at, row[0].id),
        cursor=cursor,
        limit=limit,
    )
    return Found(Part([_learning(row) for row in page], page.next), total=len(rows))


def keep_words(session: Session, experiment_id: str) -> None:
    """Keep what the search looks in: once decided, and when a parent gets another name."""
    for row in store.decisions(session, experiment_id=experiment_id):
        title, body = _words(_learning(row))
        texts.write(session, row[0].id, title=title, body=body)


def _words(one: Learning) -> tuple[str, str]:
    """Its names, and what was written about it."""
    return _told(one.name, one.feature, one.slice), _told(
        one.believe, one.verify, one.measure, one.right_if, one.call, one.sentence,
        one.decision, one.learning, one.reason, one.next_slice,
    )  # fmt: skip


def keep_words_of(session: Session, feature_id: str) -> None:
    """Keep the words of everything that was decided about a feature."""
    for row in store.decisions(session):
        if row[3] is not None and row[3].id == feature_id:
            keep_words(session, row[1].id)


def decided_since(session: Session, since: datetime) -> tuple[Learning, ...]:
    """What was decided from a moment on, the latest first."""
    return tuple(_learning(row) for row in store.decisions(session, since=since))


def track_record(session: Session) -> Record | None:
    """What came of all that was decided, and of what authors said beforehand."""
    return record.of(
        [
            (experiment.design.get("forecast"), decision.call)
            for decision, experiment, _, _ in store.decisions(session)
        ]
    )


def claim(session: Session) -> Claim | None:
    """What the compared experiments that were decided add up to, luck taken back."""
    compared = [
        experiment.id
        for _, experiment, _, _ in store.decisions(session)
        if experiment.design["rule"]["kind"] == "comparison"
    ]
    return claims.of(snapshots.finals_of(session, compared)) if compared else None


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


def _fits(row: Decided, wanted: Wanted) -> bool:
    decision, _, _, feature = row
    pairs = (
        (wanted.decision, decision.decision),
        (wanted.call, decision.call),
        (wanted.feature_id, feature.id if feature else None),
        (wanted.key_result_id, feature.key_result_id if feature else None),
    )
    return all(asked is None or asked == had for asked, had in pairs)


def _told(*parts: str | None) -> str:
    return " ".join(part or "" for part in parts)
