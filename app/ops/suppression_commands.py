"""`thinslice suppressions …`: the do-not-mail list as a file."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from app.ops import command_setup

work = typer.Typer(help="Addresses that get no mail.", no_args_is_help=True)


@work.command("export")
def export() -> None:
    """Print the list as CSV: email, kind (empty: no mail at all), reason, since."""
    from app.audience import suppression_file

    house = command_setup.checked_house()
    with house.database.write() as session:
        command_setup.note(session, "suppressions export", "")
    with house.database.read() as session:
        for piece in suppression_file.written(session):
            sys.stdout.write(piece.removeprefix("\ufeff"))


@work.command("import")
def take(
    file: Annotated[Path, typer.Argument(help="a CSV, or one address on each line")],
) -> None:
    """Put everybody of a file on the list. Lines that cannot be taken are named; all others are."""
    from app.audience import suppression_file
    from app.experiments.vocabulary import MailKind
    from app.platform import clock

    database = command_setup.checked_house().database
    text = suppression_file.text_of(file.read_bytes())
    with database.write() as session:
        taken = suppression_file.take(
            session, text, kinds=list(MailKind), by=command_setup.BY, now=clock.now()
        )
        command_setup.note(
            session,
            "suppressions import",
            "",
            added=taken.added,
            known=taken.known,
            refused=len(taken.refused),
        )
    for one in taken.refused:
        typer.echo(f"line {one.line}: {one.why}", err=True)
    typer.echo(taken.sentence)
