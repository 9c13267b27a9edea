"""Before a launch starts, every mail is composed once: how far that is, and whose it is not yet."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from app.experiments import store
from app.experiments.models import Experiment, Status
from app.platform import figures


@dataclass(frozen=True, slots=True)
class Looking:
    """Of the people of the audience, whose mail was composed, or who was left out with a reason."""

    looked_at: int
    people: int

    @property
    def sentence(self) -> str:
        """What somebody reads who launched it and sees no mail leave."""
        mails = figures.plural(self.people, "mail")
        return (
            f"Looking through {mails} before the first one leaves:"
            f" {figures.count(self.looked_at)} so far. It starts by itself."
        )


def looks(session: Session, experiments: Sequence[Experiment]) -> dict[str, Looking]:
    """How far launched experiments are looked through; none before its time and once it began."""
    waiting = {experiment.id: experiment for experiment in experiments if _waits(experiment)}
    if not waiting:
        return {}
    found = store.looked_through(session, list(waiting))
    return {
        key: Looking(looked_at=min(done, people), people=people)
        for key, (done, people) in found.items()
        if done or _at_once(waiting[key])
    }


def _waits(experiment: Experiment) -> bool:
    return experiment.status == Status.SCHEDULED and not experiment.undo_seconds


def _at_once(experiment: Experiment) -> bool:
    starts, launched = experiment.scheduled_at, experiment.launched_at
    return starts is not None and launched is not None and starts <= launched
