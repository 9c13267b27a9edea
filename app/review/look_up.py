"""Whatever has some words in its name or text: experiments, features, key results and others."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, select

from app.experiments.models import Experiment, Feature, Slice
from app.okr.models import KeyResult, Objective
from app.platform.listing import holds
from app.review import experiment_rows, learnings

SHORTEST = 2  # characters: one stands nearly everywhere
_MOST_WORDS = 8  # each is looked for in every row


class Kind(StrEnum):
    """What was found, in the order in which it is shown."""

    EXPERIMENT = "experiment"
    FEATURE = "feature"
    SLICE = "slice"
    KEY_RESULT = "key result"
    LEARNING = "learning"


@dataclass(frozen=True, slots=True)
class Found:
    """One thing; `beside` says what it belongs to, or how far it is."""

    kind: Kind
    id: str
    title: str
    beside: str


def everything(session: Session, words: str, *, limit: int) -> dict[Kind, list[Found]]:
    """By kind the newest with all these words, one more than `limit` at most.

    Each kind is asked for once, and reads each of its rows once.
    """
    found = {
        Kind.EXPERIMENT: _experiments(session, words, limit + 1),
        Kind.FEATURE: _features(session, words, limit + 1),
        Kind.SLICE: _slices(session, words, limit + 1),
        Kind.KEY_RESULT: _key_results(session, words, limit + 1),
        Kind.LEARNING: _learnings(session, words, limit + 1),
    }
    return {kind: rows for kind, rows in found.items() if rows}


def _experiments(session: Session, words: str, limit: int) -> list[Found]:
    listing = experiment_rows.listing_of(session)
    query = _with(experiment_rows.QUERY, words, *listing.words)
    rows = session.exec(query.order_by(col(Experiment.id).desc()).limit(limit))
    return [Found(Kind.EXPERIMENT, row.id, row.name, row.status) for row in rows]


def _features(session: Session, words: str, limit: int) -> list[Found]:
    query = _with(select(Feature), words, col(Feature.title), col(Feature.problem))
    rows = session.exec(query.order_by(col(Feature.id).desc()).limit(limit))
    return [Found(Kind.FEATURE, row.id, row.title, row.problem) for row in rows]


def _slices(session: Session, words: str, limit: int) -> list[Found]:
    joined: Any = select(Slice, Feature.title).join(Feature, col(Feature.id) == Slice.feature_id)
    query = _with(joined, words, col(Slice.title), col(Slice.assumption))
    rows = session.exec(query.order_by(col(Slice.id).desc()).limit(limit))
    return [Found(Kind.SLICE, row.id, row.title, feature) for row, feature in rows]


def _key_results(session: Session, words: str, limit: int) -> list[Found]:
    joined: Any = select(KeyResult, Objective.title).join(
        Objective, col(Objective.id) == KeyResult.objective_id
    )
    query = _with(joined, words, col(KeyResult.title), col(Objective.title), col(KeyResult.owner))
    rows = session.exec(query.order_by(col(KeyResult.id).desc()).limit(limit))
    return [Found(Kind.KEY_RESULT, row.id, row.title, objective) for row, objective in rows]


def _learnings(session: Session, words: str, limit: int) -> list[Found]:
    """By the index of their words: each is the beginning of one of theirs."""
    rows = learnings.newest_with(session, words, limit=limit)
    return [Found(Kind.LEARNING, row.experiment_id, row.learning, row.name) for row in rows]


def _with(query: Any, words: str, *columns: Any) -> Any:
    return query.where(*(holds(columns, word) for word in words.split()[:_MOST_WORDS]))
