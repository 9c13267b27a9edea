"""What a unit of systemd lets a process do, without systemd: its filter of system calls.

A filter that is too narrow shows nowhere else: the unit is sound, and its service never starts.
"""

import ctypes
import errno
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

UNIT = "TEST_UNIT"  # in the environment of a process of `tests.forked`: the unit that it is in
_UNITS = Path(__file__).parent.parent / "deploy/systemd"
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM  # of seccomp
_ANALYSE = "systemd-analyze"


def of_unit(name: str) -> dict[str, str]:
    """What to set so that a process runs as in this unit; nothing on a machine without systemd."""
    return {UNIT: str(_UNITS / name)} if shutil.which(_ANALYSE) else {}


def enter(unit: str) -> None:
    """From here on this process and all that it starts are refused what the unit refuses."""
    seccomp = ctypes.CDLL("libseccomp.so.2")
    seccomp.seccomp_init.restype = ctypes.c_void_p
    kept = ctypes.c_void_p(seccomp.seccomp_init(ctypes.c_uint32(_REFUSE)))
    for name in allowed(Path(unit).read_text()):
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:  # this kind of processor has it
            seccomp.seccomp_rule_add(kept, ctypes.c_uint32(_ALLOW), number, ctypes.c_uint(0))
    assert seccomp.seccomp_load(kept) == 0


def allowed(unit: str) -> set[str]:
    """Names of the system calls that a unit's text allows, line by line as systemd reads it."""
    told = subprocess.run([_ANALYSE, "syscall-filter"], capture_output=True, text=True, check=True)
    sets = {
        name: re.findall(r"^    ([@\w-]+)$", text, re.MULTILINE)
        for name, text in re.findall(r"^(@[\w-]+)\n((?:    .*\n)+)", told.stdout, re.MULTILINE)
    }
    found = {"execve", *_named("@default", sets)}
    for line in re.findall(r"^SystemCallFilter=(.+)$", unit, re.MULTILINE):
        names = {one for word in line.lstrip("~").split() for one in _named(word, sets)}
        found = found - names if line.startswith("~") else found | names
    return found


def _named(word: str, sets: Mapping[str, list[str]]) -> Iterator[str]:
    if not word.startswith("@"):
        yield word
        return
    for one in sets[word]:
        yield from _named(one, sets)
