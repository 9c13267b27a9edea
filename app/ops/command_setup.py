"""Settings and house of a command, and what it says where nobody can log in yet."""

import logging
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from app.identity import names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlmodel import Session

    from app.ops.installation import House
    from app.platform.config import Settings

log = logging.getLogger(__name__)
BY = names.COMMANDS  # who did it, in the audit


def settings() -> "Settings":
    """As the environment says. Raises Invalid."""
    from app.platform import config

    return config.load()


def settings_at(host: str, port: int) -> "Settings":
    """Where nobody said what the public address is, it is where we listen."""
    from app.platform import config

    if "THINSLICE_PUBLIC_URL" in os.environ:
        return config.load()
    shown = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound
    return config.load(public_url=f"http://{f'[{shown}]' if ':' in shown else shown}:{port}")


def house(settings: "Settings") -> "House":
    """The house of these settings, unchecked."""
    from app.ops.installation import open_house

    return open_house(settings)


def house_there(settings: "Settings") -> "House":
    """The house of these settings, unchecked. Raises NoInstallation where nobody began one."""
    from app.ops.installation import refuse_nothing

    refuse_nothing(settings)
    return house(settings)


def child_house(name: str) -> "House":
    """The house of a process that `serve` or `edge` started, which is called so in the log."""
    from app.platform import log

    found = settings()
    log.set_up(name, found.log_format)
    return house(found)


def begin_child(found: "House") -> None:
    """From here on this process has a thread, which ends it with whoever started it."""
    from app.ops.installation import meet
    from app.ops.supervise import end_with_parent

    end_with_parent()
    meet(found)


@contextmanager
def watched(found: "House", host: str, port: int | None) -> "Iterator[None]":
    """Let a worker be asked how it is while the block runs, where a port was given."""
    if port is None:
        yield
        return
    from app.main import create_watch
    from app.ops import supervise
    from app.ops.web_process import answering

    with answering(create_watch(found), supervise.listen(host, port)):
        yield


def checked_house() -> "House":
    """The house of the environment. Raises where its database does not fit, or is away."""
    from app.ops.installation import check

    found = house_there(settings())
    check(found)
    return found


def start_checked(found: "House", *, migrating: bool) -> None:
    """Bring the database up to date where that is asked for; refuse one that does not fit.

    And a mail server that nobody could send by: better said now than when mails are due.
    """
    from app.delivery import hooks, transports
    from app.delivery.transports import dkim_key
    from app.ops.installation import prepare, refuse_misfits, set_up_token

    transports.refuse_unusable(found.settings)
    hooks.sources(found.settings.mail_events)
    if weak := dkim_key.weakness(dkim_key.signer(found.settings)):
        log.warning(weak)
    if migrating:
        tell_set_up(found, prepare(found))
        return
    refuse_misfits(found)
    tell_set_up(found, set_up_token(found))


def warn_of_settings() -> None:
    """What has no effect is told; a start is no less for it, and goes on."""
    from app.platform import config

    for sentence in config.without_effect():
        log.warning(sentence)


def tell_set_up(found: "House", token: str | None) -> None:
    """Where the first person goes who logs in."""
    if token is not None:
        typer.echo(
            f"Nobody can log in yet. Begin here: {found.settings.public_url}/setup?token={token}"
        )


def away_in_words(error: Exception) -> str | None:
    """Why a command could not be done where that is the database's trouble; None: it is not."""
    from app.platform import away

    if not isinstance(error, away.AWAY):
        return None
    return f"{away.advised(away.in_words(error))} It says: {away.reason_of(error)}"


def of_the_system_in_words(error: OSError) -> str:
    """What the system refused, of which file; and what helps where a file is somebody else's."""
    told = f"{error.strerror or error}: {error.filename or ''}".rstrip(": ")
    if not isinstance(error, PermissionError) or not error.filename:
        return told
    return (
        f"{told}. This runs as user {os.geteuid()}: the data folder (THINSLICE_DATA_DIR) and all in"
        " it must be that user's. A command is given as the user that the service runs as."
    )


def note(session: "Session", action: str, subject: str, **details: object) -> None:
    """What a command did, in the audit, as the page and the API note it."""
    from app.identity import audit
    from app.platform import clock

    audit.note(session, actor=BY, action=action, subject=subject, details=details, now=clock.now())
