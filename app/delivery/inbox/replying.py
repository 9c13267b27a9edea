"""An answer that somebody wrote to their mail: kept once, and counted within their window."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.message import Message
from email.utils import parseaddr
from hashlib import sha256

from sqlmodel import Session

from app.audience.models import Person
from app.delivery.inbox import store, written
from app.delivery.inbox.written import Written
from app.delivery.models import Send, WrittenBack
from app.experiments.metrics import Source, of_design
from app.experiments.models import Experiment
from app.platform import bounded, events
from app.platform.bounded import OverLimit
from app.tally import store as tally
from app.tally.models import Outcome

REPLIED = "send.replied"  # the event; its facts name nobody
_LONGEST = 1_000  # characters of a header that is looked at
_ADDRESS = re.compile(r"[^\s<>@]{1,64}@[^\s<>@,;]{0,254}\w")
_NUMBER = re.compile(r"\+?\d(?:[ ().\-/]{0,2}\d){6,14}")
_WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came, before it is known whose it is. `written`: None where it could not be read."""

    number: str  # the same however often and by whichever door it comes
    sender: str
    sender_name: str
    written: Written | None
    at: datetime

    @classmethod
    def of(cls, message: Message, raw: bytes, ours: Iterable[str], *, at: datetime) -> "Answer":
        """Read an answer; its text in a child process, for a mail may be anything."""
        name, sender = parseaddr(str(message.get("From", ""))[:_LONGEST])
        try:
            said = bounded.ask(written.read, raw, tuple(ours))
        except OverLimit:
            said = None
        number = str(message.get("Message-ID", "")).strip()[:_LONGEST]
        return cls(number or (said.words if said else ""), sender, name, said, at)


def keep(session: Session, send: Send, answer: Answer, *, now: datetime) -> bool:
    """Keep it with its send, and let it be told; False: it was here, or there are too many."""
    key = sha256(f"{send.id}|{answer.number}".encode("utf-8", "replace")).hexdigest()[:32]
    if not store.has_room_for(session, send.id, key):
        return False
    said, person = answer.written or Written(""), session.get(Person, send.person_id)
    if person is None:  # whoever was erased has nothing kept
        return False
    row = WrittenBack(
        id=key,
        send_id=send.id,
        experiment_id=send.experiment_id,
        at=answer.at,
        words=said.words,
        nameless=without_names(said.words, [person.name or "", answer.sender_name]),
        is_cut=said.is_cut,
        is_unread=answer.written is None,
        is_from_elsewhere=answer.sender.casefold() != person.email.casefold(),
        left_out=said.left_out,
    )
    session.add(row)
    session.flush()
    events.record(session, REPLIED, subject=send.experiment_id, now=now, facts={"reply_id": key})
    return True


def count(session: Session, send: Send) -> None:
    """One answer of a send counts, the first: what they hold follows from what is kept."""
    outcome = session.get(Outcome, send.id, populate_existing=True)
    if outcome is None:
        return
    came = store.answered(session, send.id, since=outcome.released_at, before=outcome.closes_at)
    first = min((at for at in (came, outcome.replied_at) if at is not None), default=None)
    if first is None or first == outcome.replied_at:
        return
    experiment = session.get_one(Experiment, send.experiment_id)
    counts = of_design(experiment.design).source is Source.REPLY
    tally.change(session, {send.id: {"replied_at": first} | ({"did_at": first} if counts else {})})


def without_names(words: str, names: Iterable[str]) -> str:
    """For whoever may not see who wrote: no address, no telephone number, none of these names."""
    bare = _NUMBER.sub("(number)", _ADDRESS.sub("(address)", words))
    parts = {part.casefold() for name in names for part in _WORD.findall(name)}
    return _WORD.sub(lambda found: "(name)" if found[0].casefold() in parts else found[0], bare)
