"""`thinslice put-off …`: what could not be done and waits, as its page and the API show it."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from app.ops import command_setup
from app.platform import figures

if TYPE_CHECKING:
    from app.outreach.troubles import Trouble

work = typer.Typer(help="What could not be done and waits.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="as `put-off list` prints it")]

_PART = 200  # rows asked for at a time


@work.command("list")
def show() -> None:
    """Print it, the oldest first: id, what, how often tried, when again, and why."""
    from app.outreach import troubles
    from app.platform import paging

    with command_setup.checked_house().database.read() as session:
        read = partial(troubles.page, session, limit=_PART)
        for trouble in paging.every(lambda cursor: read(cursor=cursor)):
            typer.echo(_line(trouble))


@work.command("retry")
def retry(put_off_id: Id) -> None:
    """Try it at the worker's next opportunity, one that was cancelled too."""
    from app.outreach import troubles
    from app.platform import clock

    now = clock.now()
    with command_setup.checked_house().database.write() as session:
        told = troubles.retry(session, put_off_id, now=now)
        command_setup.note(session, "put-off retry", told.id)
    typer.echo(f"{told.what}: a worker tries it at once.")


@work.command("cancel")
def cancel(put_off_id: Id) -> None:
    """Try it no more: the start of an experiment cancels it, and an import ends as failed."""
    from app.outreach import troubles
    from app.platform import clock

    now = clock.now()
    with command_setup.checked_house().database.write() as session:
        told = troubles.cancel(session, put_off_id, by=command_setup.BY, now=now)
        command_setup.note(session, "put-off cancel", told.id)
    typer.echo(f"{told.what}: it is tried no more.")


def _line(trouble: "Trouble") -> str:
    from app.platform import clock

    tried = figures.plural(trouble.attempts, "time")
    again = (
        f"cancelled by {trouble.cancelled_by}"
        if trouble.cancelled_at
        else f"again at {clock.iso(trouble.next_at)}"
    )
    return f"{trouble.id}  {trouble.what}  tried {tried}, {again}  {trouble.reason}"
