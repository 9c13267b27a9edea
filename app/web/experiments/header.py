"""Where one is among the pages of one experiment: its name, parents, and tabs by state."""

from dataclasses import dataclass

from sqlmodel import Session

from app.experiments import feature_store
from app.experiments.models import Experiment, Feature, Slice, Status
from app.review.store import About

_NOT_LAUNCHED = {Status.DRAFT}
OPEN = frozenset({Status.RUNNING, Status.PAUSED, Status.MEASURING})


@dataclass(frozen=True, slots=True)
class Place:
    """The head of every page of an experiment."""

    id: str
    name: str
    status: str
    lead: str
    rehearsal: bool
    crumbs: tuple[tuple[str, str], ...]
    tabs: tuple[tuple[str, str], ...]


def can_decide(experiment: Experiment) -> bool:
    """Whether a decision would be taken: of a rehearsal none is."""
    return experiment.status in OPEN and not experiment.rehearsal


def place_of(session: Session, experiment: Experiment) -> Place:
    """The head of this experiment's pages."""
    return _place(experiment, crumbs(session, experiment))


def place_beside(about: About) -> Place:
    """The same where its parents are known."""
    experiment = about.experiment
    return _place(experiment, _crumbs(about.slice, about.feature))


def crumbs(session: Session, experiment: Experiment) -> tuple[tuple[str, str], ...]:
    """Its parents: feature and slice, where it has them."""
    if experiment.slice_id is None:
        return _crumbs(None, None)
    found = feature_store.parents_of(session, (experiment.slice_id,))
    return _crumbs(*found.get(experiment.slice_id, (None, None)))


def _place(experiment: Experiment, crumbs: tuple[tuple[str, str], ...]) -> Place:
    return Place(
        id=experiment.id,
        name=experiment.name,
        status=experiment.status,
        lead="",
        rehearsal=experiment.rehearsal,
        crumbs=crumbs,
        tabs=_tabs(experiment),
    )


def _crumbs(slice_: Slice | None, feature: Feature | None) -> tuple[tuple[str, str], ...]:
    if slice_ is None or feature is None:
        return (("Experiments", "/experiments"),)
    return (
        ("Features", "/features"),
        (feature.title, f"/features/{feature.id}"),
        (slice_.title, f"/slices/{slice_.id}"),
    )


def _tabs(experiment: Experiment) -> tuple[tuple[str, str], ...]:
    home = f"/experiments/{experiment.id}"
    if experiment.status in _NOT_LAUNCHED:
        steps = ("Edit", "Preview", "Checklist", "Launch", "Comments")
        named = ((step, f"{home}/{step.lower()}") for step in steps)
        return (("Overview", home), *named, ("History", f"{home}/versions"))
    tabs = [("Overview", home), ("Readout", f"{home}/readout"), ("Preview", f"{home}/preview")]
    tabs += [("Sends", f"{home}/sends"), ("Replies", f"{home}/replies")]
    tabs += [("Raw events", f"{home}/hits"), ("Comments", f"{home}/comments")]
    if can_decide(experiment):
        tabs.append(("Decide", f"{home}/decide"))
    return tuple(tabs)
