"""`thinslice …` called within the process of a test: what it does, without a start of Python.

`Installation.command` starts a process as an operator does; one test of each group of commands
does that, for how output, exit code and standard input get from one process to another.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import BytesIO, StringIO, TextIOWrapper
from subprocess import CompletedProcess

import pytest

from app import cli
from app.ops import command_setup
from app.ops.installation import House
from app.platform import garbage
from app.platform.config import Settings
from tests import moments
from tests.serve import Installation


def said(of: Installation, *arguments: str, given: str = "") -> "CompletedProcess[str]":
    """What a command of this installation printed, and its exit code."""
    out, err = StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        for name, value in of.own_environment().items():
            patch.setenv(name, value)
        if of.at:
            moments.state(patch, of.at)
        patch.setattr(sys, "argv", ["thinslice", *arguments])
        patch.setattr(sys, "stdin", TextIOWrapper(BytesIO(given.encode())))
        patch.setattr(garbage, "load_quickly", lambda: None)  # we are loaded
        with _houses_closed(patch), pytest.raises(SystemExit) as ended:
            cli.run()
    code = ended.value.code
    assert isinstance(code, int)
    return CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


@contextmanager
def _houses_closed(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """A command leaves its house to the end of its process; here it ends before."""
    houses: list[House] = []
    house = command_setup.house

    def kept(settings: Settings) -> House:
        houses.append(house(settings))
        return houses[-1]

    patch.setattr(command_setup, "house", kept)
    try:
        yield
    finally:
        for one in houses:
            one.database.close()
