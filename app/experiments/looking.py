"""Before a launch starts, every mail is composed once: how far that is, and whose it is not yet."""

from dataclasses import dataclass

from sqlmodel import Session

from app.audience import store as audience
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


def looking(session: Session, experiment: Experiment) -> Looking | None:
    """How far a launched experiment is looked through; None before its time and once it began."""
    waits = experiment.status == Status.SCHEDULED and not experiment.undo_seconds
    if not waits or experiment.audience_id is None:
        return None
    done = store.count_enrolled(session, experiment.id)
    done += sum(store.reasons(session, experiment.id).values())
    if not done and not _at_once(experiment):
        return None
    people = audience.people_in(session, experiment.audience_id)
    return Looking(looked_at=min(done, people), people=people)


def _at_once(experiment: Experiment) -> bool:
    starts, launched = experiment.scheduled_at, experiment.launched_at
    return starts is not None and launched is not None and starts <= launched
