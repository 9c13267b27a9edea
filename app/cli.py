"""`thinslice …`: what an operator types. Each command imports what it needs when it is called."""

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from app.ops import (
    audit_commands,
    backup_commands,
    command_setup,
    commands,
    dkim_commands,
    feedback_commands,
    put_off_commands,
    range_commands,
    suppression_commands,
    user_commands,
)
from app.platform import figures, garbage
from app.platform.errors import AppError

app = typer.Typer(
    name="thinslice",
    help="Ship a thin slice, measure it this week, move the key result.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(user_commands.users, name="user")
app.add_typer(commands.tokens, name="token")
app.add_typer(commands.people, name="people")
app.add_typer(commands.playbooks, name="playbook")
app.add_typer(commands.data_folders, name="folder")
app.add_typer(range_commands.lists, name="ranges")
app.add_typer(put_off_commands.work, name="put-off")
app.add_typer(audit_commands.work, name="audit")
app.add_typer(suppression_commands.work, name="suppressions")

app.command()(feedback_commands.feedback)
app.command()(dkim_commands.dkim)
app.command()(backup_commands.backup)
app.command()(backup_commands.restore)
app.command()(backup_commands.release)

Descriptor = Annotated[int, typer.Option("--fd", help="an open socket")]


def run() -> NoReturn:
    """The entry point: what failed is one clear line on standard error, and exit code 1."""
    garbage.load_quickly()
    try:
        app(standalone_mode=True)
    except AppError as error:
        _fail(str(error))
    except OSError as error:
        _fail(command_setup.of_the_system_in_words(error))
    except Exception as error:
        sentence = command_setup.away_in_words(error)
        if sentence is None:
            raise
        _fail(sentence)
    sys.exit(0)


@app.command()
def serve(
    host: str = "127.0.0.1",
    port: int = 8000,
    workers: Annotated[int, typer.Option(min=1, help="web processes")] = 1,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="leave sending to others")] = False,
    migrate: Annotated[
        bool, typer.Option("--migrate", help="bring the database up to date first")
    ] = False,
) -> None:
    """Serve pages, API and tracking, ingest what comes in, and send what is due."""
    from app.ops import supervise
    from app.platform import log

    settings = command_setup.settings_at(host, port)
    log.set_up("serve", settings.log_format)
    command_setup.warn_of_settings()
    listener = supervise.listen(host, port)
    begin = command_setup.house if migrate else command_setup.house_there
    house = begin(settings)
    command_setup.start_checked(house, migrating=migrate)
    children = supervise.children_of(listener, kind="web", processes=workers, sender=not no_worker)
    typer.echo(f"Thinslice is at {settings.public_url}")
    house.database.close()
    supervise.Supervisor(children, settings).run()


@app.command()
def edge(
    host: str = "127.0.0.1",
    port: int = 8000,
    workers: Annotated[int, typer.Option(min=1, help="edge processes")] = 1,
) -> None:
    """Serve the tracked addresses alone, and ingest what they journal."""
    from app.ops import supervise
    from app.ops.installation import refuse_misfits
    from app.platform import log

    settings = command_setup.settings_at(host, port)
    log.set_up("edge", settings.log_format)
    command_setup.warn_of_settings()
    listener = supervise.listen(host, port)
    house = command_setup.house_there(settings)
    refuse_misfits(house)  # and tell no set-up address: there is no log-in here
    children = supervise.children_of(listener, kind="edge", processes=workers, sender=False)
    typer.echo(f"Links are followed at {settings.tracking}")
    house.database.close()
    supervise.Supervisor(children, settings).run()


@app.command()
def worker(
    host: str = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(help="where /health, /ready and /metrics are answered")
    ] = None,
) -> None:
    """Send and schedule, on this machine, until told to stop."""
    from contextlib import closing

    from app.ops.second_sender import SecondSender
    from app.platform import log
    from app.worker import run_sender

    settings = command_setup.settings()
    log.set_up("worker", settings.log_format)
    command_setup.warn_of_settings()
    house = command_setup.house_there(settings)
    with closing(SecondSender(house)) as second, command_setup.watched(house, host, port):
        command_setup.start_checked(house, migrating=False)
        run_sender(house, second)


@app.command()
def inbox(host: str = "127.0.0.1", port: int = 2400) -> None:
    """Take bounces, complaints and answers over LMTP or SMTP, until told to stop."""
    from app.ops import inbox as taking
    from app.platform import log

    settings = command_setup.settings()
    log.set_up("inbox", settings.log_format)
    house = command_setup.house_there(settings)
    command_setup.start_checked(house, migrating=False)
    typer.echo(f"Mail that comes back is taken at {host}:{port} (LMTP or SMTP)")
    taking.run(house, host=host, port=port)


@app.command()
def migrate() -> None:
    """Make the data folder and keys where missing; bring the database up to date."""
    from app.ops.installation import prepare

    house = command_setup.house(command_setup.settings())
    token = prepare(house)
    typer.echo("The database is up to date.")
    command_setup.tell_set_up(house, token)


@app.command()
def demo(
    port: int = 8000,
    data: Annotated[Path, typer.Option(help="the demo's own folder")] = Path("thinslice-demo"),
) -> None:
    """Start Halvern, an organisation whose customers click. Ctrl-C stops; again continues."""
    from app.demo.run import run_demo
    from app.platform import log

    log.set_up("demo")
    run_demo(port=port, data=data)


@app.command()
def reclassify(
    experiment: Annotated[str | None, typer.Option(help="one experiment's id")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="only print what would change")
    ] = False,
) -> None:
    """Print what the newest rules on people and machines would change; then adopt them.

    An experiment keeps the rules of its launch until this command is run for it, or for all.
    """
    from app.platform import clock
    from app.tracking import reclassify as again
    from app.tracking.verdicts import VERSION
    from app.worker import facts_of

    house = command_setup.checked_house()
    facts = facts_of(house)
    count = 0
    for change in again.preview(house.database, facts, experiment):
        count += 1
        typer.echo(
            f"hit {change.hit_id} of send {change.send_id}: {change.before} → {change.after}"
        )
    if not dry_run:
        again.adopt(house.database, facts, experiment, now=clock.now())
        with house.database.write() as session:
            command_setup.note(session, "reclassify", experiment or "", hits=count)
    typer.echo(
        f"{figures.plural(count, 'hit')} {'would change' if dry_run else 'changed'},"
        f" by the rules of version {VERSION}."
    )


@app.command()
def doctor() -> None:
    """Look at settings, database, mail, disk, clock and address; say what is wrong."""
    from app.ops.doctor import look

    findings = look(command_setup.settings())
    for finding in findings:
        typer.echo(
            f"{'ok    ' if finding.fine else 'WRONG '} {finding.subject}: {finding.sentence}"
        )
    raise typer.Exit(0 if all(finding.fine for finding in findings) else 1)


@app.command()
def mcp(
    url: Annotated[
        str | None, typer.Option(help="the installation; else the public address")
    ] = None,
    token: Annotated[str, typer.Option(envvar="THINSLICE_TOKEN", help="a token, tsl_…")] = "",
) -> None:
    """Let an agent on this machine ask over standard input and output, with a token."""
    from app.identity.oauth.offered import INSTALL, is_installed

    if not is_installed():
        _fail(f"Agents need one part more: {INSTALL}")
    if not token:
        _fail("Set THINSLICE_TOKEN to a token: an admin makes one under Tokens.")
    from app.agents import bridge

    bridge.run(url or command_setup.settings().public_url, token)


@app.command("_web", hidden=True)
def web_process(fd: Descriptor) -> None:
    """One web process of `serve`, on a socket that is open already."""
    from app.main import create_app
    from app.ops.web_process import run_web

    run_web("web", create_app, fd=fd)


@app.command("_edge", hidden=True)
def edge_process(fd: Descriptor) -> None:
    """The tracked addresses alone, on a socket that is open already."""
    from app.main import create_edge_alone
    from app.ops.web_process import run_web

    run_web("edge", create_edge_alone, fd=fd)


@app.command("_ingester", hidden=True)
def ingester_process() -> None:
    """The ingester of `serve`."""
    from app.worker import run_ingester

    house = command_setup.child_house("ingester")
    command_setup.begin_child(house)
    run_ingester(house)


@app.command("_sender", hidden=True)
def sender_process() -> None:
    """The sender and scheduler of `serve`."""
    from contextlib import closing

    from app.ops.second_sender import SecondSender
    from app.worker import run_sender

    house = command_setup.child_house("sender")
    with closing(SecondSender(house)) as second:
        command_setup.begin_child(house)
        run_sender(house, second)


def _fail(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    sys.exit(1)


if __name__ == "__main__":
    run()
