"""What calculates is imported when something is calculated, and not before."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from app.stats import special

_STATS = "".join(
    f"import app.stats.{path.stem};"
    for path in Path(special.__file__).parent.glob("*.py")
    if path.stem != "__init__"
)
_HELP = (
    "from typer.testing import CliRunner; from app.cli import app;"
    "assert CliRunner().invoke(app, ['--help']).exit_code == 0;"
)


@pytest.mark.parametrize("program", [_STATS, _HELP], ids=["the room", "thinslice --help"])
def test_no_heavy_library_is_imported_before_something_is_calculated(program: str):
    told = (
        "import sys;"
        "heavy = {'scipy', 'pandas', 'matplotlib', 'statsmodels', 'numpy'};"
        "print(sorted(heavy & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program + told], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


def told_to_mypy() -> dict[str, str]:
    """Which package each name is from, as type checkers read it."""
    tree = ast.parse(Path(special.__file__).read_text(encoding="utf-8"))
    return {
        alias.name: one.module
        for block in tree.body
        if isinstance(block, ast.If)
        for one in block.body
        if isinstance(one, ast.ImportFrom) and one.module
        for alias in one.names
    }


def test_what_is_imported_late_is_what_type_checkers_are_told_of():
    late = vars(special)["_FROM"]

    assert late == told_to_mypy()
    for name, package in late.items():
        assert getattr(special, name) is getattr(import_module(package), name)


def test_a_name_that_nobody_wrote_down_is_refused_as_any_module_does():
    with pytest.raises(AttributeError, match="no ndrti"):
        _ = special.ndrti  # type: ignore[attr-defined]  # wrong on purpose
