"""What there is with these words in its name, and the learnings that hold them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.agents import arguments
from app.agents.arguments import Kind
from app.agents.asking import Asking
from app.experiments import feature_store, store
from app.okr import store as okr
from app.platform.listing import Asked
from app.review import learnings
from app.review import search as texts
from app.review.learnings import Wanted

_CHARACTERS = 80  # of a learning; list_learnings tells more of it
_LOOKED_THROUGH = 1_000  # of each kind, the newest experiments and the first of the others


@dataclass(frozen=True, slots=True)
class Found:
    """One thing, and how well it fits."""

    kind: Kind
    id: str
    name: str
    score: int


def search(asking: Asking, asked: arguments.Search) -> Any:
    """Best first: every word must begin one of its name; of learnings, of their text."""
    named = [one for one in _named(asking, asked) if one.score]
    best = sorted(named, key=lambda one: -one.score)[: asked.limit]
    items = [{"kind": one.kind, "id": one.id, "name": one.name} for one in best]
    if asked.kind in {None, Kind.LEARNING}:
        items += _learned(asking, asked)
    return {"items": items[: asked.limit]}


def _named(asking: Asking, asked: arguments.Search) -> Iterator[Found]:
    for kind, rows in _rows(asking, asked.kind):
        for row_id, name in rows:
            yield Found(kind, row_id, name, _score(name, asked.query))


def _rows(asking: Asking, kind: Kind | None) -> Iterator[tuple[Kind, list[tuple[str, str]]]]:
    session, most = asking.session, _LOOKED_THROUGH
    if kind in {None, Kind.EXPERIMENT}:
        experiments = store.experiments(session, limit=most)
        yield Kind.EXPERIMENT, [(row.id, row.name) for row in experiments]
    if kind in {None, Kind.KEY_RESULT}:
        key_results = okr.key_results(session, limit=most)
        yield Kind.KEY_RESULT, [(row.id, row.title) for row in key_results]
    if kind in {None, Kind.FEATURE}:
        features = feature_store.features(session, Asked(), limit=most)
        yield Kind.FEATURE, [(row.id, row.title) for row in features]


def _score(name: str, query: str) -> int:
    known = texts.words_of(name)
    wanted = texts.words_of(query)
    holds_all = all(any(word.startswith(one) for word in known) for one in wanted)
    return texts.score(name, "", query) if holds_all else 0


def _learned(asking: Asking, asked: arguments.Search) -> list[dict[str, Any]]:
    found = learnings.search(asking.session, Wanted(asked.query), cursor=None, limit=asked.limit)
    return [
        {
            "kind": Kind.LEARNING,
            "id": one.experiment_id,
            "name": one.name,
            "learning": one.learning[:_CHARACTERS],
        }
        for one in found.learnings
    ]
