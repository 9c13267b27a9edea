"""`thinslice audit …`: whether anybody changed what it says."""

from typing import Annotated

import typer

from app.ops import command_setup
from app.platform import figures

work = typer.Typer(help="Who did what, sealed row by row.", no_args_is_help=True)


@work.command("verify")
def verify(
    head: Annotated[
        str, typer.Option(help="what an earlier verify printed as head: rows cut off since show")
    ] = "",
) -> None:
    """Look at every row: was one changed, taken out or put in by whoever has no key?

    Keep the head that it prints where nobody who may write to the database can change it.
    """
    from app.identity.audit import Head, Seals

    noted = Head.of(head) if head else None
    house = command_setup.checked_house()
    with house.database.read() as session:
        found = Seals(house.keyring.seals).verified(session, noted=noted)
    for fault in found.faults:
        typer.echo(fault, err=True)
    if found.unsealed:
        rows = figures.plural(found.unsealed, "row")
        typer.echo(f"{rows} from before version 0.8 are not sealed.")
    if found.erased:
        typer.echo(f"{figures.plural(found.erased, 'row')} named somebody who was erased since.")
    if found.faults:
        raise typer.Exit(1)
    typer.echo(f"{figures.plural(found.rows, 'row')}, as they were written. Head: {found.head}")
