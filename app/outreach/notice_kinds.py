"""Every kind of notice: what it is told of, whom, in which sentence, and where it leads.

A kind stands here once. The bell, the settings, mails, chats and the API read this registry; every
webhook gets the events themselves. A test goes through all of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, partial
from typing import Any

from sqlmodel import Session

from app.analysis import verdicts
from app.audience import imports
from app.audience import store as audience
from app.audience.models import Import
from app.delivery.mail.pictures import Picture
from app.experiments.models import Experiment
from app.identity import watching
from app.identity.roles import Role
from app.outreach import stuck
from app.outreach.verdict_pictures import in_numbers, picture_of
from app.outreach.week_text import Part
from app.platform import figures
from app.platform.errors import NotFound
from app.platform.events import Event
from app.review import comments
from app.review.models import Comment


class Name(StrEnum):
    """What a kind is called by the API and in what somebody chose."""

    VERDICT = "verdict"
    GUARDRAIL = "guardrail"
    SENDING = "sending"
    IMPORT = "import"
    MENTION = "mention"
    COMMENT = "comment"


@dataclass(frozen=True, slots=True)
class Written:
    """A notice in words. `sentence` is the page's own; `heading` says what it is about."""

    heading: str
    sentence: str
    href: str
    label: str
    parts: tuple[Part, ...] = ()
    names: str = ""  # what it is about, where the sentence says all else
    picture: Callable[[], Picture | None] = lambda: None  # drawn for whoever gets a mail

    @property
    def line(self) -> str:
        """As it stands behind the bell."""
        return (
            f"{self.names}: {self.sentence}" if self.names else f"{self.heading}. {self.sentence}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeKind:
    """One kind: `whom` may be told names users by id, whatever became of them since."""

    name: Name
    label: str
    why: str  # somebody gets it
    events: tuple[str, ...]
    write: Callable[[Session, Event], Written | None]  # None: nobody needs to know
    whom: Callable[[Session, Event], Sequence[str]]
    least: Role = Role.VIEWER
    by_mail: bool = True  # until somebody chooses otherwise
    to_chats: bool = False


def kinds_of(event: Event) -> Sequence[NoticeKind]:
    """Those that are told of an event."""
    return _BY_EVENT.get(event.kind, ())


def watching_it(session: Session, event: Event) -> Sequence[str]:
    """Who watches what it happened to, by id."""
    return [user.id for user in watching.watchers(session, event.subject)]


def _verdict(session: Session, event: Event) -> Written | None:
    experiment = session.get(Experiment, event.subject)
    if experiment is None:
        return None
    said = event.facts
    return Written(
        heading=f"“{experiment.name}”: {_said_of(said)}",
        names=f"“{experiment.name}”{_before(said)}",
        sentence=str(said["sentence"]),
        href=f"/experiments/{experiment.id}/readout",
        label="Open the readout",
        parts=in_numbers(said.get("estimates") or ()),
        picture=cache(partial(picture_of, experiment, said)),
    )


_VERDICTS = {
    "validated": "validated",
    "refuted": "refuted",
    "inconclusive": "inconclusive",
    "waiting": "too early to say again",
}


def _said_of(said: Mapping[str, Any]) -> str:
    word = _VERDICTS[said["call"]]
    provisionally = "provisionally " if said["provisional"] else ""
    return f"{provisionally}{word}{_before(said)}"


def _before(said: Mapping[str, Any]) -> str:
    """What was told before, where that was a verdict."""
    return "" if said["was"] == "waiting" else f" (was {_VERDICTS[said['was']]})"


def _guardrail(session: Session, event: Event) -> Written | None:
    experiment = session.get(Experiment, event.subject)
    if experiment is None:
        return None
    return Written(
        heading=f"“{experiment.name}”: a guardrail is breached",
        sentence=str(event.facts["sentence"]),
        href=f"/experiments/{experiment.id}/readout",
        label="Open the readout",
    )


def _sending(session: Session, event: Event) -> Written | None:
    """It stands still, and not because somebody wished it."""
    reason = event.facts.get("reason")
    experiment = session.get(Experiment, event.subject)
    if not reason or experiment is None:
        return None
    is_over = event.kind == "experiment.cancelled"
    is_stuck = event.kind == stuck.STUCK
    state = "was cancelled" if is_over else "is stuck" if is_stuck else "paused itself"
    what = f"{event.facts['what']} does not go on. " if is_stuck else ""
    return Written(
        heading=f"“{experiment.name}” {state}",
        sentence=f"{what}{reason}",
        href=f"/experiments/{experiment.id}",
        label="Look at it",
    )


def _import(session: Session, event: Event) -> Written | None:
    row = session.get(Import, event.subject)
    if row is None:
        return None
    return Written(
        heading=f"The file for “{_audience(session, row)}” needs you",
        sentence=_of_file(event),
        href=f"/imports/{row.id}",
        label="See the lines",
    )


def _audience(session: Session, row: Import) -> str:
    try:
        return audience.audience_of(session, row.audience_id).name
    except NotFound:
        return "an audience that is gone"


def _of_file(event: Event) -> str:
    """Counts alone: a file's own words may be a customer's."""
    facts = event.facts
    if event.kind == stuck.STUCK:
        return f"Reading the file does not go on. {facts['reason']}"
    if facts["status"] == "failed":
        return f"It could not be read to its end: it stopped after {_lines(facts['lines'])}."
    if not facts["taken"]:
        return "Every line was refused, so nobody was added or changed."
    refused = facts["refused"]
    were = "was" if refused == 1 else "were"
    return f"{_lines(refused)} of {figures.count(facts['lines'])} {were} refused."


def _lines(number: int) -> str:
    return figures.plural(number, "line")


def _by_whom(session: Session, event: Event) -> Sequence[str]:
    row = session.get(Import, event.subject)
    return [row.created_by_id] if row is not None and row.created_by_id else []


def _comment(session: Session, event: Event) -> Written | None:
    return _spoken(session, event, f"{event.facts['by']} commented on “{event.facts['name']}”")


def _mention(session: Session, event: Event) -> Written | None:
    return _spoken(session, event, f"{event.facts['by']} named you at “{event.facts['name']}”")


def _spoken(session: Session, event: Event, heading: str) -> Written | None:
    row = session.get(Comment, event.facts["comment_id"])
    if row is None:  # taken back meanwhile
        return None
    return Written(
        heading=heading,
        sentence=comments.shortened(row.text),
        href=comments.href_of(row.about, row.subject),
        label="Read it",
    )


def _mentioned(_session: Session, event: Event) -> Sequence[str]:
    return [one for one in event.facts["mentions"] if one != event.facts["by_id"]]


def _listening(session: Session, event: Event) -> Sequence[str]:
    """Who watches it, but whoever wrote it, and whom it names: those are told so."""
    but = {event.facts["by_id"], *event.facts["mentions"]}
    return [one for one in watching_it(session, event) if one not in but]


_WATCHED = "You get this because you watch it."

KINDS: Mapping[Name, NoticeKind] = {
    kind.name: kind
    for kind in (
        NoticeKind(
            name=Name.VERDICT,
            label="A verdict falls, or changes",
            why=_WATCHED,
            events=(verdicts.FELL,),
            write=_verdict,
            whom=watching_it,
            to_chats=True,
        ),
        NoticeKind(
            name=Name.GUARDRAIL,
            label="A guardrail is breached",
            why=_WATCHED,
            events=(verdicts.BREACHED,),
            write=_guardrail,
            whom=watching_it,
            to_chats=True,
        ),
        NoticeKind(
            name=Name.SENDING,
            label="A sending pauses itself, or is stuck",
            why=_WATCHED,
            events=("experiment.paused", "experiment.cancelled", stuck.STUCK),
            write=_sending,
            whom=watching_it,
            least=Role.EDITOR,
            to_chats=True,
        ),
        NoticeKind(
            name=Name.IMPORT,
            label="A file of yours could not be read, or lines of it were refused",
            why="You get this because you brought the file.",
            events=(imports.INCOMPLETE, stuck.STUCK),
            write=_import,
            whom=_by_whom,
            least=Role.EDITOR,
        ),
        NoticeKind(
            name=Name.MENTION,
            label="Somebody names you in a comment",
            why="You get this because you were named.",
            events=(comments.MADE, comments.NAMED),
            write=_mention,
            whom=_mentioned,
        ),
        NoticeKind(
            name=Name.COMMENT,
            label="Somebody comments on what you watch",
            why=_WATCHED,
            events=(comments.MADE,),
            write=_comment,
            whom=_listening,
            by_mail=False,
        ),
    )
}
_BY_EVENT: Mapping[str, Sequence[NoticeKind]] = {
    event: [kind for kind in KINDS.values() if event in kind.events]
    for event in {event for kind in KINDS.values() for event in kind.events}
}
