"""How a mail leaves: by SMTP, by a provider, or into the built-in outbox where nothing leaves.

In: finished mails. Out: replies. Refuses to know: what a mail is about, what a reply means.
"""

import asyncio
from ipaddress import ip_address
from urllib.parse import urlsplit

from app.delivery.transports import dkim_key, providers
from app.delivery.transports.outbox import Outbox
from app.delivery.transports.ports import Transport
from app.delivery.transports.providers.over_http import OverHttp
from app.delivery.transports.server import Server
from app.delivery.transports.smtp import Smtp
from app.platform.config import BadSettings, Settings
from app.platform.db import Database
from app.platform.errors import NotBuiltYet

_OUTBOX = "outbox:"


def open_transport(settings: Settings, database: Database) -> Transport:
    """The transport that `THINSLICE_MAIL` names. Nothing is asked of a server yet."""
    if settings.mail.strip() == _OUTBOX:
        return Outbox(database)
    return _server(settings)


def refuse_unusable(settings: Settings) -> None:
    """Raises BadSettings or NotBuiltYet where no transport of ours is named as it must be.

    And where mails should leave signed, and cannot.
    """
    dkim_key.signer(settings)
    if settings.mail.strip() != _OUTBOX:
        _server(settings)


def look(settings: Settings) -> str:
    """Say whether mail could leave now. Raises AppError with what to do."""
    if settings.mail.strip() == _OUTBOX:
        return "mails stay in the outbox; nothing leaves (THINSLICE_MAIL)"
    return asyncio.run(_server(settings).look())


def _server(settings: Settings) -> Smtp | OverHttp:
    mail = settings.mail.split()
    if len(mail) != 1:
        raise NotBuiltYet("THINSLICE_MAIL takes one mail server; several are not built yet.")
    if providers.is_named(mail[0]):
        return OverHttp(providers.read(mail[0]))
    if not mail[0].startswith("smtp:"):
        raise BadSettings(
            "THINSLICE_MAIL must be outbox:, smtp://user:password@host:port, postmark://TOKEN@/,"
            " resend://KEY@/, mailgun://KEY@domain/ or ses://KEYID:SECRET@region/."
        )
    return Smtp(Server.read(mail[0]), name=_greeting(settings), signer=dkim_key.signer(settings))


def _greeting(settings: Settings) -> str:
    """How we greet a server: our public host, as RFC 5321 wants it."""
    host = urlsplit(settings.public_url).hostname or "localhost"
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return f"[{'IPv6:' if address.version == 6 else ''}{address}]"
