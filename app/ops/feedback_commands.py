"""`thinslice feedback`: what a mail server pipes in."""

import sys
from typing import Annotated

import typer

_AGAIN = 75  # EX_TEMPFAIL of sysexits.h: the mail server keeps the mail, and tries again
_MOST_READ = 25 * 10**6  # bytes; what is longer is read and left aside, so that nobody waits for us


def feedback(
    to: Annotated[
        list[str] | None,
        typer.Option("--to", help="the address that the mail was brought to; more than one goes"),
    ] = None,
) -> None:
    """Read one bounce, complaint or answer on standard input, and settle its send.

    Exit code 75 tells the mail server to keep the mail and to try again later.
    """
    from app.delivery.inbox import hearing
    from app.ops import command_setup
    from app.platform import clock
    from app.platform.errors import AppError

    raw = _read()
    try:
        house = command_setup.checked_house()
        heard = hearing.hear(
            house.database,
            hearing.Brought(raw, to or ()),
            keyring=house.keyring,
            now=clock.now(),
            ours=(house.settings.sender_address,),
        )
    except Exception as error:  # whatever it is: with another code the server would drop the mail
        said = str(error) if isinstance(error, AppError) else command_setup.away_in_words(error)
        typer.echo(said or f"It could not be settled ({type(error).__name__}).", err=True)
        raise typer.Exit(_AGAIN) from error
    typer.echo(heard.sentence)


def _read() -> bytes:
    """As much as is looked at; the rest is taken too, or the server would see a broken pipe."""
    from app.delivery.inbox.reading import MOST_BYTES

    raw = sys.stdin.buffer.read(MOST_BYTES)
    left = _MOST_READ
    while left > 0 and (more := sys.stdin.buffer.read(MOST_BYTES)):
        left -= len(more)
    return raw
