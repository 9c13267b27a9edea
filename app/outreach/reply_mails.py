"""What a customer wrote back goes on to whoever ran the experiment, once; their answer goes back.

No mail can go round: this one says that a program sent it (RFC 3834), so whatever brings it back to
us is taken for an automatic answer, which is kept nowhere and told to nobody; and what would be
sent to the address that answers come to us by is not sent at all.
"""

from datetime import datetime

from sqlmodel import Session

from app.audience.models import Person
from app.delivery import reply_store
from app.delivery.inbox.replying import REPLIED
from app.delivery.models import WrittenBack
from app.delivery.notices import About
from app.experiments.models import Experiment
from app.identity import users
from app.links import return_address
from app.outreach import team_mails
from app.outreach.fanout import Hear
from app.outreach.team_mails import Letters
from app.platform import figures
from app.platform.events import Event
from app.platform.texts import line_part

_PARAGRAPHS = 60  # of an answer; the page shows all of it
_NO_WORDS = "They wrote no words of their own."
_UNREAD = "Their text could not be read: ask them to write it once more."


def hearing(letters: Letters) -> Hear:
    """What is told by mail of what happened."""

    def hear(session: Session, event: Event, now: datetime) -> None:
        letters.hear(session, event, now)
        if event.kind == REPLIED:
            _pass_on(session, letters, event, now=now)

    return hear


def _pass_on(session: Session, letters: Letters, event: Event, *, now: datetime) -> None:
    found = reply_store.answer_of(session, event.facts["reply_id"])
    experiment = session.get(Experiment, event.subject)
    if found is None or experiment is None:  # erased meanwhile
        return
    to = _owner(session, experiment)
    if to and not _is_ours(to, letters):
        _write(session, letters, (to, experiment.name), found, now=now)


def _owner(session: Session, experiment: Experiment) -> str:
    """Where its author wants answers, or else whoever launched it."""
    wanted = (experiment.design.get("sender") or {}).get("reply_to")
    if wanted:
        return str(wanted)
    user = users.who_did(session, ending=team_mails.LAUNCH, subject=experiment.id)
    return user.email if user else ""


def _is_ours(address: str, letters: Letters) -> bool:
    """Whether mail to an address would come back to us."""
    settings = letters.settings
    ours = {one.casefold() for one in (settings.mail_replies, settings.bounce_address) if one}
    return return_address.without_token(address).casefold() in ours


def _write(
    session: Session,
    letters: Letters,
    whom: tuple[str, str],
    found: tuple[WrittenBack, Person],
    *,
    now: datetime,
) -> None:
    (to, experiment), (row, person) = whom, found
    who, name = line_part(person.name or person.email), line_part(experiment)
    letters.queue_one(
        session,
        to,
        kind="reply",
        subject=f"{who} wrote back: {name}",
        heading=f"{who} wrote back to “{name}”",
        paragraphs=[*_words(row), *_more(row)],
        link=f"{letters.settings.public_url}/experiments/{row.experiment_id}/replies",
        label="See every answer",
        foot="Your reply to this mail goes to them. You get this because you ran the experiment.",
        about=About(person.id, person.email),
        now=now,
    )


def _words(row: WrittenBack) -> list[str]:
    if row.is_unread:
        return [_UNREAD]
    lines = [line.strip() for line in row.words.split("\n") if line.strip()]
    return lines[:_PARAGRAPHS] or [_NO_WORDS]


def _more(row: WrittenBack) -> list[str]:
    """What of it does not stand here."""
    said = []
    if row.is_cut or row.words.count("\n") >= _PARAGRAPHS:
        said.append("There was more, which is not in this mail.")
    if row.left_out:
        files = figures.plural(row.left_out, "file")
        said.append(f"It came with {files}, which Thinslice does not keep: ask for them.")
    if row.is_from_elsewhere:
        said.append("It was written by another address than the one that was mailed.")
    return said
