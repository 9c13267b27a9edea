"""`thinslice token|people|playbook|folder …`: what an operator does from the shell."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from app.ops import command_setup
from app.platform import figures

tokens = typer.Typer(help="Tokens for other systems.", no_args_is_help=True)
people = typer.Typer(help="People who may be mailed.", no_args_is_help=True)
playbooks = typer.Typer(help="Cycles as templates.", no_args_is_help=True)
data_folders = typer.Typer(help="Folders in which machines keep clicks.", no_args_is_help=True)

RoleName = Annotated[str, typer.Option("--role", help="viewer, editor or admin")]


@tokens.command("add")
def add_token(
    name: str,
    role: RoleName,
    draft: Annotated[
        bool, typer.Option("--draft", help="an agent may write drafts with it; editors only")
    ] = False,
) -> None:
    """Make a token and print it, once, alone on the last line."""
    from app.identity import tokens as identity
    from app.platform import clock

    house = command_setup.checked_house()
    with house.database.write() as session:
        made = identity.add(
            session,
            name=name,
            role=role,
            by=command_setup.BY,
            may_draft=draft,
            now=clock.now(),
        )
        command_setup.note(session, "token add", made.row.id, role=role)
    typer.echo(made.secret)


@tokens.command("list")
def list_tokens() -> None:
    """Print the tokens that open something: id, beginning, role, last use, name."""
    from app.identity import store
    from app.platform import clock

    with command_setup.checked_house().database.read() as session:
        for row in store.tokens(session):
            drafts = "  (agents may draft)" if row.may_draft else ""
            used = clock.iso(row.last_used_at) if row.last_used_at else "never"
            typer.echo(f"{row.id}  {row.hint}…  {row.role}  last used {used}  {row.name}{drafts}")


@tokens.command("revoke")
def revoke_token(
    token: Annotated[str, typer.Argument(help="its id or name, as `token list` prints them")],
) -> None:
    """Let a token open nothing from now on."""
    from app.identity import tokens as identity
    from app.platform import clock

    now = clock.now()
    with command_setup.checked_house().database.write() as session:
        row = identity.named(session, token)
        identity.revoke(session, row.id, now=now)
        command_setup.note(session, "token revoke", row.id)
    typer.echo(f"{row.name} opens nothing any more.")


@people.command("export")
def export_person(email: str) -> None:
    """Print everything that is held about a customer, as JSON."""
    import json

    from app.privacy import export, readmission

    with command_setup.checked_house().database.write() as session:
        person = readmission.person_named(session, email)
        command_setup.note(session, "people export", person.id)
        typer.echo(json.dumps(export.rows_about(session, person.id), ensure_ascii=False, indent=2))


@people.command("erase")
def erase_person(email: str) -> None:
    """Forget a customer for good. Results stay; no import brings them back."""
    from app.platform import clock
    from app.privacy import erasing, readmission

    house, now = command_setup.checked_house(), clock.now()
    with house.database.write() as session:
        person = readmission.person_named(session, email)
        asked = erasing.erase(session, person.id, marker=house.keyring.marks, now=now)
        command_setup.note(session, "people erase", person.id)
    typer.echo(f"{asked.sentence} Traces in files go within minutes, while `serve` runs.")


@people.command("readmit")
def readmit_person(email: str) -> None:
    """Let imports name a customer again who was erased."""
    from app.privacy import readmission

    house = command_setup.checked_house()
    with house.database.write() as session:
        readmission.readmit(session, email, None, marker=house.keyring.marks)
        command_setup.note(session, "people readmit", "")
    typer.echo("The next import that names this address takes it in.")


@people.command("import")
def import_people(
    file: Path,
    audience: Annotated[str, typer.Option("--audience", help="its name; made where missing")],
) -> None:
    """Import a CSV or NDJSON file, with a progress bar."""
    from app.ops.import_file import import_file

    finished = import_file(command_setup.checked_house(), file, audience_name=audience)
    gone = (
        f", {figures.count(finished.erased)} of people who were erased" if finished.erased else ""
    )
    typer.echo(
        f"{figures.plural(finished.rows, 'line')}: {figures.count(finished.added)} added,"
        f" {figures.count(finished.updated)} updated, {figures.count(finished.unchanged)}"
        f" unchanged, {figures.count(finished.refused)} refused{gone}."
    )
    if finished.status == "failed":
        typer.echo(finished.error or "The import failed.", err=True)
        raise typer.Exit(1)


@playbooks.command("write")
def write_playbook(
    cycle: Annotated[str, typer.Argument(help="the cycle's name")],
) -> None:
    """Print a cycle, its cadence, survey and experiment templates as YAML."""
    from app.okr import store
    from app.outreach import playbooks as files
    from app.platform import clock
    from app.platform.errors import NotFound

    house = command_setup.checked_house()
    with house.database.write() as session:
        row = store.cycle_named(session, cycle)
        if row is None:
            raise NotFound(f"There is no cycle “{cycle}”.")
        command_setup.note(session, "playbook write", row.id)
        today = clock.now().astimezone(house.settings.zone).date()
        typer.echo(files.written(session, row, today=today), nl=False)


@playbooks.command("take")
def take_playbook(
    file: Path,
    name: Annotated[str, typer.Option(help="of the cycle that is made")],
    starts: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="its first day")],
    settings: Annotated[
        bool, typer.Option("--settings", help="also take over survey, buckets and digest time")
    ] = False,
) -> None:
    """Make a cycle from a YAML file that `write` or a cycle's page gave."""
    from app.outreach import playbooks as files
    from app.platform import clock
    from app.review.playbook import CopyDraft

    book = files.read(file.read_text(encoding="utf-8"))
    draft = CopyDraft(name=name, starts=starts.date())
    house = command_setup.checked_house()
    with house.database.write() as session:
        made = files.take_over(
            session, book, draft, settings=settings, by=command_setup.BY, now=clock.now()
        )
        command_setup.note(session, "playbook take", made.cycle.id)
    typer.echo(
        f"{made.cycle.name}: {figures.plural(made.objectives, 'objective')},"
        f" {figures.plural(made.key_results, 'key result')}, {figures.plural(made.teams, 'team')}"
        f" and {figures.plural(made.templates, 'experiment template')} added."
    )


@data_folders.command("list")
def list_folders() -> None:
    """Print each machine's folder: its state, and up to when its clicks are in."""
    from app.platform import clock
    from app.tracking import alike, folder_rows, folders

    house = command_setup.checked_house()
    now = clock.now()
    with house.database.read() as session:
        names, rows = folders.labels(session), folder_rows.folders(session)
        wrong = alike.wrong(rows, now=now)
        for row in rows:
            until = clock.iso(row.ingested_until) if row.ingested_until else "never"
            state = folders.state_of(row, now=now)
            typer.echo(f"{names[row.id]}  {state}  clicks are in up to {until}  {row.id}")
            if row.id in wrong:
                typer.echo(f"  {wrong[row.id]}")


@data_folders.command("retire")
def retire_folder(
    name: Annotated[str, typer.Argument(help="its name or id, as `folder list` prints them")],
) -> None:
    """Wait no longer for a machine that is gone for good; what nobody read of it is lost."""
    from app.platform import clock
    from app.tracking import folders

    house = command_setup.checked_house()
    now = clock.now()
    with house.database.write() as session:
        row = folders.retire(session, name, by=command_setup.BY, now=now)
        command_setup.note(session, "folder retire", row.id)
    typer.echo(f"{name} is retired: results wait for it no longer.")


@data_folders.command("acknowledge")
def acknowledge_losses(
    name: Annotated[str, typer.Argument(help="its name or id, as `folder list` prints them")],
) -> None:
    """Take note of clicks that could not be kept: `doctor` tells them no more, readouts do."""
    from app.tracking import folders

    house = command_setup.checked_house()
    with house.database.write() as session:
        row = folders.acknowledge(session, name)
        command_setup.note(session, "folder acknowledge", row.id)
    typer.echo(
        f"{name}: {figures.plural(row.lost, 'lost click or open', 'lost clicks and opens')}"
        " taken note of."
    )
