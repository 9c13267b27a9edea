"""`thinslice ranges …`: lists of address ranges, by which people and machines are told apart."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.ops import command_setup
from app.platform import figures

if TYPE_CHECKING:
    from app.ops.installation import House

lists = typer.Typer(help="Lists of address ranges.", no_args_is_help=True)


@lists.command("update")
def update(
    file: Path,
    of_class: Annotated[
        str | None,
        typer.Option("--class", help="of all of it: datacenter, vendor or people"),
    ] = None,
    name: Annotated[str | None, typer.Option(help="else the file's")] = None,
) -> None:
    """Take in a list of address ranges, in the place of the one of that name.

    Amazon's ip-ranges.json, Google's cloud.json, Azure's service tags, Microsoft 365's endpoints,
    Apple's list of its relay, or text: one network a line, with a class behind it (vendor: a mail
    scanner's own network, datacenter, people). A list that cannot be read changes nothing; every
    process of this data folder has the new one within seconds.
    """
    from app.platform import clock
    from app.tracking import range_files, range_lists

    house = command_setup.checked_house()
    assumed = range_lists.class_named(of_class) if of_class else None
    source = range_files.update(house.ranges, file, name=name, assumed=assumed, now=clock.now())
    _note(house, "update", source.name, sha256=source.sha256)
    typer.echo(
        f"{source.name} of {source.dated}: {range_files.networks_in_words(source.networks)}."
    )


@lists.command("list")
def show() -> None:
    """Print the lists in force: name, date, networks by class, checksum."""
    from app.tracking import range_files, ranges

    held = range_files.networks_in_words(ranges.built_in_networks())
    typer.echo(f"built in  {ranges.BUILT_IN_DATE}  {held}  {ranges.BUILT_IN_SOURCE}")
    for source in range_files.sources(command_setup.house_there(command_setup.settings()).ranges):
        held = range_files.networks_in_words(source.networks)
        typer.echo(f"{source.name}  {source.dated}  {held}  sha256 {source.sha256}")


@lists.command("remove")
def remove(name: Annotated[str, typer.Argument(help="as `ranges list` prints it")]) -> None:
    """Forget a list; what came meanwhile stays as it was placed."""
    from app.tracking import range_files

    house = command_setup.checked_house()
    range_files.remove(house.ranges, name)
    _note(house, "remove", name)
    typer.echo(f"{name} is forgotten.")


@lists.command("reset")
def reset() -> None:
    """Forget every list: only the table that is built in is left."""
    from app.tracking import range_files

    house = command_setup.checked_house()
    gone = range_files.back_to_built_in(house.ranges)
    _note(house, "reset", "", lists=", ".join(gone))
    typer.echo(f"{figures.plural(len(gone), 'list')} forgotten: {', '.join(gone) or 'none'}.")


def _note(house: "House", done: str, subject: str, **details: str) -> None:
    """As the page and the API note it."""
    with house.database.write() as session:
        command_setup.note(session, f"ranges {done}", subject, **details)
