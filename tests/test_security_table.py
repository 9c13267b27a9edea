"""SECURITY.md names tests: each of them is there."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
_NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def test_every_test_that_is_named_is_there():
    named = _NAMED.findall((ROOT / "SECURITY.md").read_text())
    missing = [f"{path}::{name}" for path, name in named if name not in _tests_of(path)]

    assert len(named) > 30
    assert missing == []


def test_every_row_names_one():
    rows = re.findall(r"^\| \d+\.[\d.]+ \|.*$", (ROOT / "SECURITY.md").read_text(), re.MULTILINE)

    assert len(rows) > 20
    assert [row for row in rows if not _NAMED.search(row)] == []


def _tests_of(path: str) -> set[str]:
    file = ROOT / path
    tree = ast.parse(file.read_text()) if file.exists() else ast.Module([], [])
    return {one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}
