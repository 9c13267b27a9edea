"""`thinslice user …`: who logs in, from the shell."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from app.ops import command_setup

if TYPE_CHECKING:
    from app.identity.passwords import Hashed

users = typer.Typer(help="People who log in.", no_args_is_help=True)

RoleName = Annotated[str, typer.Option("--role", help="viewer, editor or admin")]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="read it from standard input")]


@users.command("add")
def add_user(
    email: str,
    role: RoleName,
    password_stdin: FromStdin = False,
) -> None:
    """Add somebody who logs in."""
    from app.identity import users as identity
    from app.platform import clock

    house = command_setup.checked_house()
    hashed = _hashed(_typed_password(password_stdin))
    with house.database.write() as session:
        user = identity.add(
            session, email=email, role=role, password=hashed, name="", now=clock.now()
        )
        command_setup.note(session, "user add", user.id, role=role)
    typer.echo(f"{email} may log in as {role}.")


@users.command("list")
def list_users() -> None:
    """Print who can log in: address, role, name."""
    from app.identity import store

    with command_setup.checked_house().database.read() as session:
        for user in store.users(session):
            typer.echo(f"{user.email}  {user.role}  {user.name}")


@users.command("password")
def set_password(email: str, password_stdin: FromStdin = False) -> None:
    """Set somebody's password; every session of theirs ends, and every agent they let in."""
    from app.identity import users as identity
    from app.platform import clock

    house = command_setup.checked_house()
    hashed = _hashed(_typed_password(password_stdin))
    with house.database.write() as session:
        user = identity.named(session, email)
        identity.change_password(session, user, hashed, now=clock.now())
        command_setup.note(session, "user password", user.id)
    typer.echo(f"{user.email} has a new password, and is logged out everywhere.")


@users.command("reset-second-step")
def reset_second_step(email: str) -> None:
    """Ask somebody for no code any more who lost phone and recovery codes."""
    from app.identity import second_step
    from app.identity import users as identity

    with command_setup.checked_house().database.write() as session:
        user = identity.named(session, email)
        second_step.turn_off(session, user.id)
        command_setup.note(session, "user reset-second-step", user.id)
    typer.echo(f"{user.email} logs in with the password alone, until they set a code up again.")


@users.command("remove")
def remove_user(email: str) -> None:
    """End somebody's log-in, their sessions and the tokens that they made."""
    from app.identity import users as identity
    from app.platform import clock

    now = clock.now()
    with command_setup.checked_house().database.write() as session:
        user = identity.named(session, email)
        identity.remove(session, user, now=now)
        command_setup.note(session, "user remove", user.id)
    typer.echo(f"{email} can log in no more. What they wrote keeps their name.")


def _typed_password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


def _hashed(password: str) -> "Hashed":
    from app.identity import passwords

    return passwords.hashed(password)
