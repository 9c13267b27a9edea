"""What only looks, or works on an installation, makes none: a restore wants an empty folder."""

from pathlib import Path

import pytest
import typer.main

from app import cli
from app.platform import log
from tests.commanded import said
from tests.ops.test_database_in_trouble import commands
from tests.serve import Installation

_MAKES_ONE = {"migrate", "restore", "demo"}
_ASKS_ANOTHER = {"mcp", "dkim"}  # an installation elsewhere; a key
_READS_FIRST = {"playbook take", "people import"}  # a file, which would have to be one
_ANSWERS = ("serve", "edge")  # they take their port first, and say no once they have it
_AGAIN = 75  # a mail server keeps the mail


@pytest.mark.parametrize("database_url", ["", "postgresql"], indirect=True)
def test_no_command_makes_an_installation_by_the_way(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(log, "set_up", lambda *_: None)
    nowhere = Installation(tmp_path / "data", database_url)
    every = dict(commands(typer.main.get_command(cli.app)))
    asked = every.keys() - _MAKES_ONE - _ASKS_ANOTHER - set(_ANSWERS)
    done = {
        name: said(nowhere, *name.split(), *every[name], given="a long word and another\n")
        for name in sorted(asked)
    }

    assert len(done) > 20
    assert [path.name for path in tmp_path.iterdir()] == []
    for name, one in done.items():
        code = _AGAIN if name == "feedback" else 1
        assert (name, one.returncode) == (name, code), one.stderr
        if name not in _READS_FIRST:
            assert one.stderr.startswith(f"There is no installation in {nowhere.data} yet"), name
            assert one.stderr.count("\n") == 1


@pytest.mark.parametrize("command", _ANSWERS)
def test_what_answers_makes_none_unless_asked_to(command: str, tmp_path: Path):
    done = Installation(tmp_path / "data", "").command(command, "--port", "0")

    assert done.returncode == 1
    assert done.stderr.startswith("There is no installation")
    assert [path.name for path in tmp_path.iterdir()] == []
