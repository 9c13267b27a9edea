"""Tell each of the team what concerns them, once: at their bell, and by mail where they want it.

It happens in the transaction that marks the event as told, by one worker at a time; a line behind
a bell stands for its mail, so no retry sends a second one.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session

from app.identity import news
from app.identity import store as identity
from app.identity.models import User
from app.identity.roles import Role
from app.outreach import fanout, reply_mails, store
from app.outreach.fanout import Hear
from app.outreach.notice_kinds import KINDS, Name, NoticeKind, Written, kinds_of
from app.outreach.team_mails import Letters
from app.platform.events import Event
from app.platform.texts import line_part

NOTICE = "notice.told"  # what a chat is owed
_LONGEST = 500  # characters of a sentence behind the bell
_HIDDEN = "(an address)"


def hearing(letters: Letters) -> Hear:
    """Everything that is told to the team of what happened."""
    replies = reply_mails.hearing(letters)

    def hear(session: Session, event: Event, now: datetime) -> None:
        replies(session, event, now)
        for kind in kinds_of(event):
            written = kind.write(session, event)
            if written is not None:
                tell(session, letters, kind, written, event, now=now)

    return hear


def tell(
    session: Session,
    letters: Letters,
    kind: NoticeKind,
    written: Written,
    event: Event,
    *,
    now: datetime,
) -> None:
    """A fact, to everybody whom it concerns and who may see it, and to the chats."""
    for user in _may_see(session, kind, kind.whom(session, event)):
        is_new = news.add(
            session,
            user.id,
            fact=f"{kind.name}:{event.id}",
            kind=kind.name,
            sentence=shown(written.line)[:_LONGEST],
            href=written.href,
            now=now,
        )
        if is_new and by_mail(session, user.id)[kind.name]:
            _mail(session, letters, user, kind, written, now=now)
    if kind.to_chats:
        for chat in store.chats(session):
            fanout.owe(session, chat, NOTICE, _for_chat(letters, written), now=now)


def by_mail(session: Session, user_id: str) -> Mapping[Name, bool]:
    """Of every kind whether somebody gets it by mail, too."""
    chosen = news.choices_of(session, user_id)
    return {name: chosen.get(name, kind.by_mail) for name, kind in KINDS.items()}


def shown(sentence: str) -> str:
    """In one line, without what looks like an address: a server's answer may name a customer."""
    words = line_part(sentence).split(" ")
    return " ".join(_HIDDEN if "@" in word.strip("@") else word for word in words)


def _may_see(session: Session, kind: NoticeKind, wanted: Sequence[str]) -> list[User]:
    """Those who are still here, and whose role opens what the notice leads to."""
    if not wanted:
        return []
    every = identity.users(session)
    return [one for one in every if one.id in set(wanted) and Role(one.role).may(kind.least)]


def _mail(
    session: Session,
    letters: Letters,
    user: User,
    kind: NoticeKind,
    written: Written,
    *,
    now: datetime,
) -> None:
    home = letters.settings.public_url
    letters.queue_one(
        session,
        user.email,
        kind="notice",
        subject=shown(written.heading),
        heading=shown(written.heading),
        paragraphs=[shown(written.sentence)],
        parts=written.parts,
        picture=written.picture(),
        link=f"{home}{written.href}",
        label=written.label,
        foot=f"{kind.why} Choose what comes by mail: {home}/account/notices",
        now=now,
    )


def _for_chat(letters: Letters, written: Written) -> dict[str, str]:
    lines = [f"*{shown(written.heading)}*", shown(written.sentence)]
    lines += [f"• {line}" for part in written.parts for line in part.lines]
    link = f"{letters.settings.public_url}{written.href}"
    return {"text": "\n".join(lines), "link": link, "label": written.label}
