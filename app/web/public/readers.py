"""Who reads a page that a mail leads to: whose mail it was, and in which language it was."""

from dataclasses import dataclass

from fastapi import Request
from sqlmodel import Session

from app.delivery import feedback
from app.delivery.models import Send
from app.experiments.models import Experiment
from app.experiments.vocabulary import language_of
from app.languages.words import Words, best_of, words_of
from app.links.token import NEVER_COUNTS, TrackedLink


@dataclass(frozen=True, slots=True)
class Reader:
    """Whoever holds a mail's link, as far as their page must know."""

    send_id: int
    sender: str  # who the mail said it was from, or at least which host
    words: Words
    rehearsal: bool

    @property
    def counts_nowhere(self) -> bool:
        """A link of a test mail, a preview or the outbox: it leads somewhere, and does nothing."""
        return self.send_id == NEVER_COUNTS


def reader_of(request: Request, session: Session, link: TrackedLink) -> Reader:
    """The reader of a link's mail."""
    send = session.get(Send, link.id)
    experiment = session.get(Experiment, send.experiment_id) if send else None
    return Reader(
        send_id=link.id,
        sender=_sender(request, experiment),
        words=words_for(request, experiment),
        rehearsal=feedback.is_rehearsal(session, send),
    )


def words_for(request: Request, experiment: Experiment | None) -> Words:
    """In the experiment's language; where there is none, in one that the browser asks for."""
    if experiment is None:
        return best_of(request.headers.get("accept-language"))
    return words_of(language_of(experiment.design))


def _sender(request: Request, experiment: Experiment | None) -> str:
    name = (experiment.design.get("sender") or {}).get("from_name") if experiment else None
    host: str = request.app.state.settings.sender_address.partition("@")[2]
    return str(name or host)
