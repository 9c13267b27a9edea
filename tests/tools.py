"""Programs beside Python that a test uses: a developer may lack one, CI may not."""

import os
import shutil
from pathlib import Path

import pytest

# Debian keeps servers where only root's PATH leads.
_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def tool(name: str, *, package: str) -> Path:
    """Where a program is; skips the test where it is missing, and fails it in CI."""
    found = shutil.which(name, path=_PATH)
    if found is None:
        why = f"`{name}` is not here; Debian has it in the package {package}"
        if os.environ.get("CI"):
            pytest.fail(f"{why}, and .ci/run installs it")
        pytest.skip(why)
    return Path(found)
