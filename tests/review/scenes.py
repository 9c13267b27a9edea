"""A feature with a slice, its experiment, and somebody who decides."""

from typing import Any

from sqlmodel import Session

from app.experiments.models import Experiment, Feature, Slice
from app.review import decisions
from app.review.models import Decision
from app.review.schemas import DecisionDraft
from tests.analysis.scenes import CLOSED, TUESDAY, click, given_experiment, mail


def given_slice(session: Session, *, title: str = "Waste in euros", weeks: float = 8) -> Slice:
    feature = Feature(title="Waste insights", full_build_weeks=weeks, created_at=TUESDAY)
    session.add(feature)
    session.flush()
    piece = Slice(feature_id=feature.id, title=title, created_at=TUESDAY)
    session.add(piece)
    session.flush()
    return piece


def measured(session: Session, *, clickers: int = 72, first: int = 1, **changes: Any) -> Experiment:
    """600 people were mailed, and this many clicked."""
    experiment = given_experiment(session, **changes)
    mail(session, experiment, 600, first=first)
    click(session, clickers, first=first)
    return experiment


def decided(
    session: Session, experiment: Experiment, choice: str = "build", **more: Any
) -> Decision:
    draft = DecisionDraft.model_validate(
        {"decision": choice, "learning": "Euros draw bakers in."} | more
    )
    return decisions.decide(session, experiment, draft, by="Ann", now=CLOSED)
