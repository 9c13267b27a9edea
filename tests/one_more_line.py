"""Reads a module of the product with one line more, as if somebody had declared something there."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

_ROOT = Path(__file__).parent.parent


def declare(module: str, line: str, *, before: str) -> None:
    """To be called before anything reads the module: by a plugin of pytest."""
    found = find_spec(module)
    assert found
    assert found.origin
    source = Path(found.origin).read_text(encoding="utf-8")
    assert source.count(before) == 1
    read = ModuleType(module)
    read.__file__ = found.origin
    sys.modules[module] = read
    exec(compile(source.replace(before, line + before), found.origin, "exec"), vars(read))


def told_with(plugin: str, story: str) -> subprocess.CompletedProcess[str]:
    """Run the tests of a file in a process of their own, in which a plugin declared something."""
    told = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", plugin, story]
    return subprocess.run(
        [*told, "-k", "not postgresql"],
        cwd=_ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
