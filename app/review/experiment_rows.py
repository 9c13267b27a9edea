"""Experiments as a list is asked for them: with what they are about and what came of them."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Float, and_, case, cast, func, true, type_coerce
from sqlmodel import Session, col, select

from app.analysis.models import Snapshot
from app.analysis.readout_types import State
from app.analysis.store import is_what_counts
from app.experiments.models import Experiment, Feature, Slice, Status
from app.experiments.vocabulary import RuleKind
from app.platform.db import UtcDateTime
from app.platform.listing import Asked, Listing
from app.platform.paging import Part
from app.review.models import Choice, Decision

STATES: Mapping[str, tuple[Status, ...]] = {
    "Drafts": (Status.DRAFT,),
    "Running": (Status.SCHEDULED, Status.RUNNING, Status.PAUSED, Status.MEASURING),
    "Finished": (Status.DECIDED, Status.CANCELLED),
}
QUERY: Any = (
    select(Experiment)
    .outerjoin(Slice, col(Slice.id) == col(Experiment.slice_id))
    .outerjoin(Feature, col(Feature.id) == col(Slice.feature_id))
    .outerjoin(Decision, col(Decision.experiment_id) == col(Experiment.id))
    .outerjoin(Snapshot, is_what_counts())
)
_WENT: Any = func.coalesce(
    col(Experiment.started_at), col(Experiment.scheduled_at), type_=UtcDateTime()
)


def page(
    session: Session, asked: Asked, *wanted: ColumnElement[bool], limit: int
) -> Part[Experiment]:
    """The newest first, or as it is asked for."""
    return listing_of(session).part(session, QUERY.where(*wanted), asked, limit=limit)


def only(*, statuses: Collection[Status], slice_id: str | None) -> list[ColumnElement[bool]]:
    """What narrows it to some states, and to the tests of one slice."""
    states = [col(Experiment.status).in_(statuses)] if statuses else []
    return states + ([col(Experiment.slice_id) == slice_id] if slice_id else [])


def listing_of(session: Session) -> Listing:
    """What can be asked of it. What runs has no result that is kept: there it comes last."""
    return Listing(
        name="experiments page",
        key=col(Experiment.id),
        usual="-made",
        sorts={
            "made": col(Experiment.id),
            "name": col(Experiment.name),
            "number": _rate(session),
            "people": col(Experiment.enrolled),
            "result": col(Snapshot.call),
            "decision": col(Decision.decision),
            "by": col(Experiment.created_by),
            "sent": _WENT,
        },
        words=(
            col(Experiment.name), col(Experiment.created_by), col(Slice.title), col(Feature.title),
            col(Decision.learning), _text(session, "hypothesis", "believe"),
        ),
        filters={
            "show": {"All": true()}
            | {name: col(Experiment.status).in_(states) for name, states in STATES.items()},
            "result": {state.value: col(Snapshot.call) == state for state in State},
            "decision": {one.value: col(Decision.decision) == one for one in Choice}
            | {"none": and_(col(Decision.id).is_(None), col(Snapshot.id).is_not(None))},
        },
    )  # fmt: skip


def counts(session: Session) -> dict[str, int]:
    """How many there are, by the states that a list is narrowed to."""
    by_status = dict(
        session.execute(
            select(Experiment.status, func.count()).group_by(col(Experiment.status))
        ).all()
    )
    found = {name: sum(by_status.get(one, 0) for one in states) for name, states in STATES.items()}
    return {"All": sum(by_status.values())} | found


def _rate(session: Session) -> ColumnElement[Any]:
    """The share that was measured last; of versions that are compared, and of values, none."""
    kind = _text(session, "rule", "kind")
    share = cast(col(Snapshot.hits), Float) / func.nullif(col(Snapshot.people), 0)
    return type_coerce(case((kind == RuleKind.THRESHOLD, share), else_=None), Float)


def _text(session: Session, *path: str) -> ColumnElement[Any]:
    """A text inside a design; nothing where SQLite keeps what is no document."""
    design: Any = col(Experiment.design)
    text: ColumnElement[Any] = design[path].as_string()
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    return case((func.json_valid(design) == 1, text)) if is_sqlite else text
