"""What CONTRIBUTING and README send a reader to is there."""

import re
import tomllib
from pathlib import Path

import pytest

_HERE = Path(__file__).parent.parent
_TREE = ("app", "templates", "migrations", "tests", "deploy")
_QUOTED = re.compile(r"`([^`\n]+)`")
_MODULE = re.compile(r"python -m (tests\.[\w.]+)")
_TASK = re.compile(r"\bpoe (\w[\w-]*)")
_ASKED = re.compile(r"pytest (?:-\w+ )*(tests/[\w/.]+)")


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "README.md", "app/DECISIONS.md"])
def test_every_path_task_and_module_is_there(name: str):
    said = (_HERE / name).read_text(encoding="utf-8")
    paths = [one for one in _QUOTED.findall(said) if one.split("/")[0] in _TREE and " " not in one]
    paths += _ASKED.findall(said)
    paths += [module.replace(".", "/") + ".py" for module in _MODULE.findall(said)]
    tasks = tomllib.loads((_HERE / "pyproject.toml").read_text())["tool"]["poe"]["tasks"]

    assert paths or name == "README.md"
    assert [one for one in paths if not (_HERE / one).exists()] == []
    assert set(_TASK.findall(said)) <= tasks.keys()


def test_every_room_is_in_the_table():
    said = (_HERE / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rooms = [one.parent.name for one in (_HERE / "app").glob("*/__init__.py")]

    assert [one for one in rooms if f"`app/{one}`" not in said] == []
