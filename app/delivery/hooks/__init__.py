"""What providers tell of mails that they took from us, each in its own shape and proof.

In: a request's head and bytes. Out: whether anything is new. What is not proven changes nothing;
whose mail it is, only a token tells that we signed and the provider hands back. What becomes of the
send, `app.delivery.inbox.came_back` knows: the same as of a mail that came back.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from urllib.parse import SplitResult, urlsplit

from sqlmodel import Session

from app.delivery import feedback
from app.delivery.hooks import sns
from app.delivery.hooks.mailgun import MailgunEvents
from app.delivery.hooks.postmark import PostmarkEvents
from app.delivery.hooks.resend import ResendEvents
from app.delivery.hooks.ses import SesEvents
from app.delivery.hooks.told import Brought, Proven, Source, Told, Unproven
from app.delivery.inbox import came_back
from app.links import return_address
from app.links.keyring import Keyring, Kind
from app.links.token import BadToken
from app.platform import once
from app.platform.config import BadSettings
from app.platform.db import Database
from app.platform.errors import Invalid, NotFound
from app.platform.foreign import read_json

_READ: Mapping[str, Callable[[SplitResult], Source]] = {
    "mailgun": MailgunEvents.read,
    "postmark": PostmarkEvents.read,
    "resend": ResendEvents.read,
    "ses": SesEvents.read,
}
_Shapes = (TypeError, AttributeError, LookupError, ValueError)


def sources(setting: str) -> Mapping[str, Source]:
    """Read `THINSLICE_MAIL_EVENTS`: one source a provider. Raises BadSettings without secrets."""
    found: dict[str, Source] = {}
    for written in setting.split():
        name = written.partition(":")[0]
        if name not in _READ or name in found:
            raise BadSettings(
                "THINSLICE_MAIL_EVENTS names providers, each once, such as"
                f" postmark://user:password@; known are {', '.join(sorted(_READ))}."
            )
        try:
            found[name] = _READ[name](urlsplit(written))
        except ValueError:
            raise BadSettings(f"THINSLICE_MAIL_EVENTS: {name}:// cannot be read.") from None
    return found


def hear(
    database: Database,
    name: str,
    brought: Brought,
    *,
    setting: str,
    keyring: Keyring,
    now: datetime,
) -> bool:
    """Take one request of a provider; whether anything of it is new.

    Raises:
        NotFound: no events of this provider are expected here.
        Unproven: it is not from there.
        Invalid: it is, and cannot be read.
        Unreachable: what proves it, or asks for it, lies elsewhere and is not to be had now.
    """
    source = sources(setting).get(name)
    if source is None:
        raise NotFound("No events of this provider are taken here (THINSLICE_MAIL_EVENTS).")
    proven = source.prove(brought, now=now)
    if proven.asks:
        sns.confirm(proven.asks)
    if proven.event is None:
        return bool(proven.asks)
    _refuse_another(database, name, proven, now=now)
    try:
        told = list(source.told(read_json(proven.event)))
    except _Shapes as error:
        raise Invalid("This is not an event as the provider documents it.") from error
    return _settle(database, told, keyring, now=now)


def _refuse_another(database: Database, name: str, proven: Proven, *, now: datetime) -> None:
    """A number is good for one event; that event may come again, and says the same again."""
    asked = sha256(proven.event or b"").hexdigest()
    caller = f"hooks:{name}"
    if proven.number and not once.bind(
        database, caller=caller, key=proven.number, asked=asked, now=now
    ):
        raise Unproven("Its number came with another event before.")


def _settle(database: Database, told: Iterable[Told], keyring: Keyring, *, now: datetime) -> bool:
    is_new = False
    for one in told:
        with suppress(BadToken):
            send_id = return_address.read(one.token, Kind.RETURN, keyring)
            with database.write() as session:
                is_new |= _hear(session, send_id, one, now=now)
    return is_new


def _hear(session: Session, send_id: int, told: Told, *, now: datetime) -> bool:
    is_new = came_back.hear(session, send_id, told.said, now=now)  # holds the send
    if told.unsubscribes:
        is_new |= feedback.unsubscribe(session, send_id, now=now).is_counted
    return is_new
