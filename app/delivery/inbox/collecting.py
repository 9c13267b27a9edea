"""Take what came to a mailbox: each mail once, whatever is killed between, whoever else reads it.

A mail is settled first and its number written down after: whoever is killed between settles it once
more, which changes nothing. What cannot be settled is tried again beside what is new.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlmodel import Session, col, select

from app.delivery.inbox import hearing, imap
from app.delivery.inbox.hearing import Brought, Heard
from app.delivery.inbox.imap import Account, Mailbox
from app.delivery.models import MailboxPlace
from app.links.keyring import Keyring
from app.platform import install
from app.platform.config import Settings
from app.platform.db import Database
from app.platform.duties import Duty, Trouble, tried
from app.platform.errors import Unavailable
from app.platform.put_off import Work

_AT_ONCE = 50  # mails in a round
_MOST_AGAIN = 200  # mails that could not be settled, and are tried again
_EVERY = timedelta(seconds=30)  # while nothing comes
_ITEM = "mailbox"


@dataclass(slots=True)
class Collector:
    """Reads the mailbox that `THINSLICE_MAILBOX` names, if one is set."""

    database: Database
    settings: Settings
    keyring: Keyring
    rested: datetime | None = None

    def duty(self) -> Duty:
        """Look every half minute; where the server is away, longer each time."""
        is_set = bool(self.settings.mailbox)
        return Duty(
            work=Work.MAILBOX,
            items=self._due,
            do=lambda _item, now: self.collect(now),
            is_shared=not is_set,  # where none is set, none waits
            rest_seconds=_EVERY.total_seconds(),
            waits=lambda _session: is_set,
        )

    def _due(self, _session: Session, now: datetime) -> list[str]:
        rests = self.rested is not None and abs(now - self.rested) < _EVERY
        return [_ITEM] if self.settings.mailbox and not rests else []

    def collect(self, now: datetime) -> int:
        """Take what is there; how many mails. Raises Unavailable."""
        account = Account.read(self.settings.mailbox)
        self.rested = now
        with imap.opened(account) as box:
            taken = self._take(account, box, now)
        if taken:
            self.rested = None  # there may be more
        return taken

    def _take(self, account: Account, box: Mailbox, now: datetime) -> int:
        with self.database.read() as session:
            place, begun = place_of(session, account), install.begun(session)
        if place.validity != box.validity:
            place = MailboxPlace(name=account.name, validity=box.validity)
        again = list(place.again)
        numbers, until = box.newer(
            place.settled_until, since=begun if not place.settled_until else None, limit=_AT_ONCE
        )
        for number in [*again, *numbers]:
            failed = self._one(box, number, now)
            again = [one for one in again if one != number] + ([number] if failed else [])
            self._keep(account, box, max(place.settled_until, number), again)
        if until > place.settled_until:
            self._keep(account, box, until, again)
        return len(numbers)

    def _one(self, box: Mailbox, number: int, now: datetime) -> bool:
        """Settle one; whether it has to be tried again."""
        lying = box.mail(number)
        if lying is None:
            return False
        hear = partial(
            hearing.hear,
            self.database,
            Brought(lying.raw, at=lying.at),
            keyring=self.keyring,
            now=now,
            ours=(self.settings.sender_address,),
        )
        heard: Heard | Trouble = tried(hear, what="a mail of the mailbox")
        if isinstance(heard, Trouble):
            if heard.passes:
                raise Unavailable(heard.sentence)
            return True
        if heard.said is not None:  # others' mail stays as it is
            box.mark(number)
        return False

    def _keep(self, account: Account, box: Mailbox, until: int, again: list[int]) -> None:
        with self.database.write() as session:
            row = session.get(MailboxPlace, account.name, with_for_update=True)
            if row is None or row.validity != box.validity:
                row = session.merge(MailboxPlace(name=account.name, validity=box.validity))
                row.settled_until = 0
            row.settled_until = max(row.settled_until, until)
            row.again = again[-_MOST_AGAIN:]
            session.add(row)


def place_of(session: Session, account: Account) -> MailboxPlace:
    """How far a mailbox was read; at its beginning where it never was."""
    question = select(MailboxPlace).where(col(MailboxPlace.name) == account.name)
    return session.exec(question).one_or_none() or MailboxPlace(name=account.name)


def look(settings: Settings) -> str:
    """Say whether the mailbox can be read now. Raises Unavailable."""
    account = Account.read(settings.mailbox)
    with imap.opened(account):
        return f"the mailbox at {account.host} answers"
