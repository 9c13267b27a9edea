"""`thinslice backup`, `restore` and `release`: an installation in one file, and back."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.ops import command_setup
from app.platform import figures

if TYPE_CHECKING:
    from app.ops.backing_up import Taken
    from app.ops.installation import House
    from app.ops.letting_go import Since

_STDOUT = Path("-")


def backup(
    file: Annotated[Path, typer.Argument(help="a name that is free; - is standard output")],
    check: Annotated[
        bool, typer.Option("--check", help="look at every byte of a backup, and write nothing")
    ] = False,
) -> None:
    """Write everything into one file, while all goes on: clicks, rows, keys and settings.

    The file holds the secrets of this installation and the addresses of your customers: only you
    may read it (mode 0600), and whoever has it has all. `thinslice restore` takes it in.
    """
    if check:
        _check(file)
        return
    house = command_setup.house_there(command_setup.settings())
    taken = _write(file, house)
    _note(house, file, taken)
    house.database.close()
    typer.echo(
        f"{file} holds everything until {_moment(taken.made_at)}:"
        f" {figures.plural(taken.rows, 'row')} and {figures.plural(taken.files, 'file')}. It holds"
        " secrets and addresses, too: keep it where nobody else reads it.",
        err=file == _STDOUT,
    )


def restore(file: Annotated[Path, typer.Argument(help="what `thinslice backup` wrote")]) -> None:
    """Put a backup into an empty data folder and an empty database, of either kind.

    Every byte is checked before anything is written. The copy serves pages and clicks, and sends
    nothing until `thinslice release`.
    """
    from app.ops import restoring
    from app.ops.backup_contents import Contents

    settings = command_setup.settings()
    contents = Contents(_there(file))
    restored = restoring.restore(settings, contents)
    typer.echo(
        f"Restored: {figures.plural(restored.rows, 'row')} and"
        f" {figures.plural(restored.files, 'file')}, as of {_moment(contents.made_at)}."
        f" The installation is held: it sends nothing until `thinslice release`."
    )
    typer.echo(
        "Whoever was erased since then is in it again: erase them once more. Whoever was logged in"
        " logs in anew."
    )
    if restored.differing:
        typer.echo(
            f"These settings were others there: {', '.join(restored.differing)}."
            f" {settings.data_dir / 'settings.env'} says how they were."
        )


def _check(file: Path) -> None:
    from app.ops.backup_contents import Contents

    contents = Contents(_there(file))
    for table in contents.tables:
        contents.check_rows(table, sum(chunk.count(b"\n") for chunk in contents.chunks(table)))
    typer.echo(
        f"{file} is sound: {figures.plural(contents.rows, 'row')} of"
        f" {figures.plural(len(contents.tables), 'table')} and"
        f" {figures.plural(len(contents.files), 'file')}, as of {_moment(contents.made_at)}, by"
        f" Thinslice {contents.version}."
    )


def _there(file: Path) -> Path:
    from app.platform.errors import Invalid

    if file == _STDOUT:
        raise Invalid("A backup is checked to its last byte first, so it must be a file: not -.")
    return file


def _write(file: Path, house: "House") -> "Taken":
    from app.ops import backing_up

    if file == _STDOUT:
        taken = backing_up.write(sys.stdout.buffer, house)
        sys.stdout.buffer.flush()
        return taken
    return backing_up.write_to(file, house)


def _note(house: "House", file: Path, taken: "Taken") -> None:
    """In the audit; a backup of a database that takes no changes is one all the same."""
    from sqlalchemy.exc import SQLAlchemyError

    from app.ops.backing_up import ACTION

    try:
        with house.database.write() as session:
            command_setup.note(session, ACTION, file.name, rows=taken.rows, schema=taken.schema)
    except SQLAlchemyError as error:
        reason = command_setup.away_in_words(error) or type(error).__name__
        typer.echo(f"The backup is whole, but the audit could not be told. {reason}", err=True)


def _moment(moment: object) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def release(
    moved: Annotated[
        bool, typer.Option("--moved", help="the other one sent nothing after its backup")
    ] = False,
    lost: Annotated[
        bool, typer.Option("--lost", help="it ran on: what it may have sent waits for a person")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Let a restored installation send again. Says first what would go.

    With --moved, everything goes on where the backup stood. With --lost, nothing that the other
    installation may have sent goes out again by itself: experiments that send are paused, those
    whose start is due are cancelled, mails that a server put off are uncertain, and pushes and
    mails to the team that were owed are stopped. What was being sent at the very moment of the
    backup is uncertain either way.
    """
    from app.ops import letting_go
    from app.platform import clock

    house = command_setup.checked_house()
    waiting = letting_go.look(house, now=clock.now())
    for line in list(letting_go.in_words(waiting)) or ["Nothing waits to be sent."]:
        typer.echo(line)
    since = _since(moved, lost)
    if not yes:
        typer.confirm(f"Release as {since.value}?", abort=True)
    released = letting_go.release(house, since, now=clock.now())
    house.database.close()
    mails = figures.plural(released.uncertain, "mail is", "mails are")
    typer.echo(f"Released: {mails} uncertain. {_LEFT[since.value]}")


_LEFT = {
    "moved": "Everything else goes on where the backup stood.",
    "lost": "What was sending is paused, what was to start is cancelled; each says why. Resume"
    " those of which you know that nothing was sent since.",
}


def _since(moved: bool, lost: bool) -> "Since":
    from app.ops.letting_go import Since
    from app.platform.errors import Invalid

    if moved is lost:
        raise Invalid(
            "Say what the other installation did after its backup: --moved if it was stopped before"
            " or sent nothing since, --lost if it ran on or nobody knows. Nothing was changed."
        )
    return Since.NOTHING if moved else Since.UNKNOWN
