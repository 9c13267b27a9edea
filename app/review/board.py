"""The board: every slice from idea to decided, the riskiest assumption first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.analysis import readout as readouts
from app.experiments.models import Experiment, Feature, Slice, Status
from app.okr import store as okr
from app.review import store
from app.review.models import Decision

_DECIDED_SHOWN = 30  # of the column that only grows; the learnings hold them all
_NO_CALL_YET = {Status.DRAFT, Status.SCHEDULED, Status.CANCELLED}


@dataclass(frozen=True, slots=True)
class Card:
    """A slice with what it should move, and how far its last experiment is."""

    slice_id: str
    title: str
    assumption: str
    riskiest: str | None
    feature_id: str
    feature: str
    key_result_id: str | None
    key_result: str | None
    experiment_id: str | None
    experiment: str | None
    status: str | None  # of the experiment
    call: str | None  # what its rule says now, or said when it was decided
    decision: str | None


@dataclass(frozen=True, slots=True)
class Board:
    """Three columns. `more`: decided ones that are not shown."""

    idea: tuple[Card, ...]
    testing: tuple[Card, ...]
    decided: tuple[Card, ...]
    more: int


def of(session: Session, *, zone: ZoneInfo, now: datetime) -> Board:
    """The board as it stands."""
    last = _last_experiments(session)
    decided = {one.experiment_id: one for one, *_ in store.decisions(session)}

    def card(piece: Slice, feature: Feature) -> Card:
        tried = last.get(piece.id)
        decision = decided.get(tried.id) if tried else None
        call = decision.call if decision else _call(session, tried, zone=zone, now=now)
        chosen = decision.decision if decision else None
        return _card(session, piece, feature, tried, call=call, decision=chosen)

    columns: dict[str, list[tuple[Slice, Feature]]] = {"idea": [], "testing": [], "decided": []}
    for piece, feature in store.slices(session):
        columns[piece.status].append((piece, feature))
    columns["decided"].sort(key=lambda one: _decided_at(last, decided, one[0]), reverse=True)
    shown = columns["decided"][:_DECIDED_SHOWN]
    return Board(
        idea=tuple(card(*one) for one in columns["idea"]),
        testing=tuple(card(*one) for one in columns["testing"]),
        decided=tuple(card(*one) for one in shown),
        more=len(columns["decided"]) - len(shown),
    )


def _last_experiments(session: Session) -> dict[str, Experiment]:
    """The newest experiment of each slice that was not cancelled."""
    return {
        one.slice_id: one
        for one in store.tests_of_slices(session)
        if one.slice_id and one.status != Status.CANCELLED
    }


def _call(
    session: Session, tried: Experiment | None, *, zone: ZoneInfo, now: datetime
) -> str | None:
    if tried is None or tried.status in _NO_CALL_YET:
        return None
    return readouts.call_of(session, tried, now=now, zone=zone).state


def _decided_at(
    last: Mapping[str, Experiment], decided: Mapping[str, Decision], piece: Slice
) -> str:
    tried = last.get(piece.id)
    decision = decided.get(tried.id) if tried else None
    return decision.at.isoformat() if decision else ""


def _card(
    session: Session,
    piece: Slice,
    feature: Feature,
    tried: Experiment | None,
    *,
    call: str | None,
    decision: str | None,
) -> Card:
    aim = okr.key_result_of(session, feature.key_result_id) if feature.key_result_id else None
    return Card(
        slice_id=piece.id,
        title=piece.title,
        assumption=piece.assumption,
        riskiest=piece.riskiest,
        feature_id=feature.id,
        feature=feature.title,
        key_result_id=aim.id if aim else None,
        key_result=aim.title if aim else None,
        experiment_id=tried.id if tried else None,
        experiment=tried.name if tried else None,
        status=tried.status if tried else None,
        call=call,
        decision=decision,
    )
