"""A process of `thinslice` as a copy of one that has loaded everything, not started by Python.

What an installation does is the same: processes of its own, pids, signals, `kill -9`, exit codes.
Only loading falls away, which took half of the time of all tests: four processes an installation,
1.8 s each. Faults, commands' own tests and measurements start Python itself.
"""

import atexit
import importlib
import multiprocessing
import multiprocessing.connection
import os
import pkgutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing.context import ForkServerProcess
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any, NoReturn

import app
from app.platform import clock
from tests import sandbox

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.loaded"])
_MOST_FILES = 4096


class Forked:
    """`thinslice` with these arguments; of `subprocess.Popen` what tests ask for."""

    def __init__(
        self, arguments: Sequence[str], *, env: Mapping[str, str], out: int, cwd: Path
    ) -> None:
        given = (list(arguments), dict(env), str(cwd), DupFd(out))
        self._process: ForkServerProcess = CONTEXT.Process(target=_live, args=given, daemon=True)
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code. Raises subprocess.TimeoutExpired."""
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            assert timeout is not None
            raise subprocess.TimeoutExpired("thinslice", timeout)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class _Child:
    """What a forked supervisor starts its children by."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        pass_fds: Sequence[int],
        start_new_session: bool,
    ) -> None:
        assert start_new_session, "each child is its own session"
        assert list(command[:3]) == [sys.executable, "-m", "app.cli"], command
        self.returncode: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.setsid()
                _close_all_but(pass_fds)
                _run(command[3:], env)
            finally:
                os._exit(70)  # nothing of the supervisor's goes on here

    def poll(self) -> int | None:
        return self._reap(os.WNOHANG)

    def wait(self, timeout: float | None = None) -> int:
        if timeout is None:
            code = self._reap(0)
            assert code is not None
            return code
        with suppress(ChildProcessError):
            opened = os.pidfd_open(self.pid)
            try:
                multiprocessing.connection.wait([opened], timeout)
            finally:
                os.close(opened)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired("thinslice", timeout)
        return code

    def terminate(self) -> None:
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def _send(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def _reap(self, how: int) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, how)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


def load_all() -> None:
    """Import every module of the application."""
    for found in pkgutil.walk_packages(app.__path__, "app."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)


def _live(arguments: list[str], env: dict[str, str], cwd: str, out: Any) -> NoReturn:
    from app.ops import supervise

    os.setsid()
    os.chdir(cwd)
    told = out.detach()
    os.dup2(told, 1)
    os.dup2(told, 2)
    os.close(told)
    sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    vars(supervise)["subprocess"] = _AsForked
    if sandbox.UNIT in env:
        sandbox.enter(env[sandbox.UNIT])
    _run(arguments, env)


class _AsForked:
    """In place of the module of that name, for the supervisor."""

    Popen = _Child
    TimeoutExpired = subprocess.TimeoutExpired


def _run(arguments: Sequence[str], env: Mapping[str, str]) -> NoReturn:
    """As a Python that has just begun: default signals, this environment, these arguments."""
    from app import cli

    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(env)
    importlib.reload(clock)  # it read the environment when it was loaded
    sys.argv = ["thinslice", *arguments]
    code: object = 1
    try:
        cli.run()
    except SystemExit as ended:
        code = ended.code
    except Exception:  # noqa: BLE001 - told as Python tells it
        sys.excepthook(*sys.exc_info())
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else int(code is not None))


def _close_all_but(kept: Sequence[int]) -> None:
    """Every file but these, and what is said on standard output and error."""
    last = 2
    for number in sorted(kept):
        os.closerange(last + 1, number)
        last = number
    os.closerange(last + 1, _MOST_FILES)
