"""What `doctor` says of mail: whether it could leave, and whether what comes of it comes back."""

from datetime import datetime

from app.delivery import hooks, rate_store, reply_store, transports
from app.delivery.inbox import collecting
from app.delivery.inbox.imap import Account
from app.ops.installation import House
from app.platform import clock, figures
from app.platform.config import Settings
from app.platform.errors import Unavailable

_NEVER = "nothing has come back yet"


def leaves(house: House) -> str:
    """Whether mail could leave now."""
    told = transports.look(house.settings)
    rates = house.settings.mail_rates
    if rates:
        told = f"{told}; mails a minute at most: {rates} (THINSLICE_MAIL_RATES)"
    return told + warms_up(house)


def warms_up(house: House) -> str:
    """How many mails may leave today, and how many did; nothing where no limit rises."""
    settings = house.settings
    warming, today = settings.warming, clock.now().astimezone(settings.zone).date()
    if warming is None:
        return ""
    limit = warming.limit(today)
    if limit is None:
        return "; warm-up: over (THINSLICE_WARM_UP)"
    with house.database.read() as session:
        gone = rate_store.gone_on(session, today)
    most = f"{figures.plural(limit, 'mail')} at most today, {figures.count(gone)} so far"
    return f"; warm-up: {most} (THINSLICE_WARM_UP)"


def comes_back(house: House) -> str:
    """Whether bounces and answers have an address of ours, and how they come from there."""
    settings = house.settings
    if settings.mailbox:
        told = collecting.look(settings)
        _refuse_stuck(house)
    else:
        told = "by thinslice inbox or thinslice feedback"
    if settings.mail_events:
        told = f"{told}; events of {' and '.join(hooks.sources(settings.mail_events))}"
    elif not (settings.bounce_address or settings.mail_replies):
        return (
            "not set: what bounces later counts as delivered, and nothing here knows of answers"
            " (THINSLICE_BOUNCE_ADDRESS, THINSLICE_MAIL_REPLIES)"
        )
    with house.database.read() as session:
        last = reply_store.last_heard(session)
    return f"{_addresses(settings)}; {told}; {_when(last)}"


def _addresses(settings: Settings) -> str:
    bounces, answers = settings.bounce_address, settings.mail_replies
    return (
        f"bounces to {bounces or settings.sender_address},"
        f" answers to {answers or 'the address that each experiment names'}"
    )


def _when(last: datetime | None) -> str:
    return f"last heard at {clock.iso(last)}" if last else _NEVER


def _refuse_stuck(house: House) -> None:
    with house.database.read() as session:
        place = collecting.place_of(session, Account.read(house.settings.mailbox))
    if place.again:
        were = figures.plural(len(place.again), "mail", "mails")
        raise Unavailable(
            f"The mailbox has {were} that could not be settled. They are tried again every half"
            " minute; the log of the sender says what is wrong."
        )
