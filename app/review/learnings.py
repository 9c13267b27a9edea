"""The library of every test card and what came of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from pydantic import ConfigDict
from sqlalchemy import ColumnElement
from sqlmodel import Session, col

from app.analysis import claims, record
from app.analysis import store as snapshots
from app.analysis.claims import Claim
from app.analysis.record import Record
from app.experiments.models import Experiment, Feature
from app.platform.listing import Asked, Listing
from app.platform.paging import Order, Part, part_of
from app.platform.shapes import answered
from app.review import examples, store
from app.review import search as texts
from app.review.models import Decision
from app.review.store import Decided

LISTING = Listing(
    name="learnings page",
    key=col(Decision.id),
    usual="-decided",
    sorts={
        "decided": col(Decision.at),
        "name": col(Experiment.name),
        "result": col(Decision.call),
        "decision": col(Decision.decision),
    },
)
_BEST_FIRST = Order("learnings", (int, datetime, str), is_descending=True)


@dataclass(frozen=True, slots=True)
class Learning:
    """A decided experiment: what was believed, seen and done."""

    __pydantic_config__: ClassVar[ConfigDict] = answered(examples.LEARNING)

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
    sort: str = ""  # empty: best first with words, else the latest first


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
    if wanted.text.strip() and not wanted.sort:
        return _matching(session, wanted, cursor=cursor, limit=limit)
    narrowed = _narrowed(wanted)
    if wanted.text.strip():
        narrowed.append(col(Decision.id).in_(texts.matching(session, wanted.text)))
    asked = Asked(sort=wanted.sort, cursor=cursor)
    page = LISTING.part(session, store.decisions(*narrowed), asked, limit=limit)
    ids = [row.id for row in page]
    told = {row.id: _learning(row) for row in store.decided(session, col(Decision.id).in_(ids))}
    total = store.count_decided(session, *narrowed)
    return Found(Part([told[one] for one in ids], page.next), total=total)


def newest_with(session: Session, words: str, *, limit: int) -> list[Learning]:
    """The latest in which every word occurs; none is weighed against another."""
    found = texts.matching(session, words)
    rows = store.decided(session, col(Decision.id).in_(found), limit=limit) if found else []
    return [_learning(row) for row in rows]


def _matching(session: Session, wanted: Wanted, *, cursor: str | None, limit: int) -> Found:
    """Those with the words: only they are scored."""
    found = texts.matching(session, wanted.text)
    rows = store.decided(session, *_narrowed(wanted), col(Decision.id).in_(found))
    scores = {row.id: texts.score(*_words(_learning(row)), wanted.text) for row in rows}
    page = part_of(
        rows,
        _BEST_FIRST,
        lambda row: (scores[row.id], row.at, row.id),
        cursor=cursor,
        limit=limit,
    )
    return Found(Part([_learning(row) for row in page], page.next), total=len(rows))


def keep_words(session: Session, experiment_id: str) -> None:
    """Keep what the search looks in, once it is decided."""
    _keep_words(session, col(Decision.experiment_id) == experiment_id)


def _words(learning: Learning) -> tuple[str, str]:
    """Its names, and what was written about it."""
    names = _told(learning.name, learning.feature, learning.slice)
    return names, _told(
        learning.believe, learning.verify, learning.measure, learning.right_if,
        learning.call, learning.sentence, learning.decision, learning.learning,
        learning.reason, learning.next_slice,
    )  # fmt: skip


def keep_words_of(session: Session, feature_id: str) -> None:
    """Keep the words of everything that was decided about a feature: it may have another name."""
    _keep_words(session, col(Feature.id) == feature_id)


def _keep_words(session: Session, wanted: ColumnElement[bool]) -> None:
    for row in store.decided(session, wanted):
        title, body = _words(_learning(row))
        texts.write(session, row.id, title=title, body=body)


@dataclass(frozen=True, slots=True)
class DecidedSince:
    """What was decided in a span of time, the latest first; weeks of building avoided by its end.

    Avoided are those of features whose last decision is to stop.
    """

    learnings: tuple[Learning, ...]
    weeks_avoided: float


def decided_since(
    session: Session, since: datetime, *, until: datetime | None = None
) -> DecidedSince:
    """What was decided from a moment on, or before another."""
    rows, weeks = store.decided_between(session, since, until)
    return DecidedSince(tuple(_learning(row) for row in rows), weeks)


def track_record(session: Session) -> Record | None:
    """What came of all that was decided, and of what authors said beforehand."""
    return record.record_of([(row.forecast, row.call) for row in store.forecasts(session)])


def claim(session: Session) -> Claim | None:
    """What the compared experiments that were decided add up to, luck taken back."""
    compared = store.compared(session)
    return claims.claim_of(snapshots.finals_of(session, compared)) if compared else None


def weeks_avoided(session: Session) -> float:
    """Weeks of building that were not spent: features whose last decision is to stop."""
    return store.weeks_avoided(session)


def _learning(row: Decided) -> Learning:
    card = row.hypothesis or {}
    names = (
        "experiment_id", "name", "feature", "slice", "call", "sentence", "decision", "learning",
        "reason", "next_slice", "next_slice_id", "decided_by",
    )  # fmt: skip
    return Learning(
        **{part: card.get(part) or "" for part in ("believe", "verify", "measure", "right_if")},
        **{name: getattr(row, name) for name in names},
        decided_at=row.at,
    )


def _narrowed(wanted: Wanted) -> list[ColumnElement[bool]]:
    pairs = (
        (wanted.decision, Decision.decision),
        (wanted.call, Decision.call),
        (wanted.feature_id, Feature.id),
        (wanted.key_result_id, Feature.key_result_id),
    )
    return [col(column) == asked for asked, column in pairs if asked is not None]


def _told(*parts: str | None) -> str:
    return " ".join(part or "" for part in parts)
