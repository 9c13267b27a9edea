"""How a mail leaves: by SMTP, by a provider, or into the built-in outbox where nothing leaves.

In: finished mails. Out: replies. Refuses to know: what a mail is about, what a reply means.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from app.delivery.transports import dkim_key, providers, terms
from app.delivery.transports.outbox import Outbox
from app.delivery.transports.ports import Transport
from app.delivery.transports.providers.over_http import OverHttp
from app.delivery.transports.server import Server
from app.delivery.transports.smtp import Smtp
from app.platform.config import BadSettings, Settings
from app.platform.db import Database
from app.platform.errors import AppError, Unavailable

_OUTBOX, _SMTP = "outbox:", "smtp:"
_LIKE = (
    "THINSLICE_MAIL must be outbox:, smtp://user:password@host:port, postmark://TOKEN@/,"
    " resend://KEY@/, mailgun://KEY@domain/ or ses://KEYID:SECRET@region/; or several of them"
    " (not outbox:), with spaces between."
)


def open_transports(settings: Settings, database: Database) -> list[Transport]:
    """The relays that `THINSLICE_MAIL` names, in its order. Nothing is asked of them yet."""
    if settings.mail.strip() == _OUTBOX:
        return [Outbox(database)]
    return [*_relays(settings)]


def refuse_unusable(settings: Settings) -> None:
    """Raises BadSettings where no relay is named as it must be.

    And where mails should leave signed, and cannot.
    """
    dkim_key.signer(settings)
    names(settings)


def names(settings: Settings) -> list[str]:
    """What the relays are called, in order; none where nothing leaves. Raises BadSettings."""
    if settings.mail.strip() == _OUTBOX:
        return []
    return [relay.name for relay in _relays(settings)]


def hosts(settings: Settings) -> list[str]:
    """The mail servers among the relays: those that take mail by SMTP."""
    urls = [one for one in settings.mail.split() if one.startswith(_SMTP)]
    return [Server.read(terms.taken(url)[0]).host for url in urls]


def look(settings: Settings) -> str:
    """Say whether mail could leave now, by each relay. Raises AppError with what to do."""
    if settings.mail.strip() == _OUTBOX:
        return "mails stay in the outbox; nothing leaves (THINSLICE_MAIL)"
    return asyncio.run(_looked(_relays(settings)))


async def _looked(relays: Sequence[Smtp | OverHttp]) -> str:
    said = await asyncio.gather(*(relay.look() for relay in relays), return_exceptions=True)
    failed = [one for one in said if isinstance(one, BaseException)]
    if strange := [one for one in failed if not isinstance(one, AppError)]:
        raise strange[0]
    told = "; ".join(str(one) for one in said)
    if failed:
        raise Unavailable(told)
    return told


def _relays(settings: Settings) -> list[Smtp | OverHttp]:
    relays = [_relay(url, settings) for url in settings.mail.split()]
    if not relays:
        raise BadSettings(_LIKE)
    called = Counter(relay.name for relay in relays)
    if twice := [name for name, relays_of_it in called.items() if relays_of_it > 1]:
        raise BadSettings(
            f"THINSLICE_MAIL names two relays that are both called {twice[0]}: give each a name"
            " of its own, such as ?name=second."
        )
    is_mixed = len({type(relay) for relay in relays}) > 1
    if is_mixed and not settings.bounce_address:
        raise BadSettings(
            "THINSLICE_MAIL names mail servers and providers: THINSLICE_BOUNCE_ADDRESS must be"
            " set beside them, so that a bounce of either is known for what it is."
        )
    return relays


def _relay(url: str, settings: Settings) -> Smtp | OverHttp:
    bare, own = terms.taken(url)
    if providers.is_named(bare):
        return OverHttp(providers.read(bare), terms=own)
    if not bare.startswith(_SMTP):
        raise BadSettings(_LIKE)
    return Smtp(
        Server.read(bare), name=_greeting(settings), terms=own, signer=dkim_key.signer(settings)
    )


def _greeting(settings: Settings) -> str:
    """How we greet a server: our public host, as RFC 5321 wants it."""
    host = urlsplit(settings.public_url).hostname or "localhost"
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return f"[{'IPv6:' if address.version == 6 else ''}{address}]"
