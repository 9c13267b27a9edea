"""The processes of `thinslice serve`: N for the web, one ingester, one sender; they end together.

A child watches a pipe that only the supervisor holds open, so a killed supervisor takes its
children with it. A child that dies is started again, later each time it dies young.
"""

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from app.platform.config import Settings
from app.platform.errors import AppError
from app.platform.stopping import Stopping

log = logging.getLogger(__name__)

_GRACE_SECONDS = 20  # a mail under way may take this long to be answered
_YOUNG_SECONDS = 10  # a child that lived shorter than this waits before it is started again
_LONGEST_WAIT_SECONDS = 15
_WATCH_SECONDS = 0.5  # between looks whether a child died
PARENT_PIPE = "THINSLICE_PARENT_PIPE"


class PortTaken(AppError):
    """Somebody else listens there already."""

    title = "The port is taken"


@dataclass
class Child:
    """One process of ours, and what starts it."""

    name: str
    arguments: Sequence[str]
    sockets: tuple[int, ...] = ()
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    deaths: int = 0
    not_before: float = field(default=0.0)


def listen(host: str, port: int) -> socket.socket:
    """Bind once, before anything is started, so that a taken port is one clear sentence."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise PortTaken(
            f"Nothing can listen on {host}:{port}: {error.strerror}. Choose another with --port."
        ) from error
    listener.listen(2048)
    listener.set_inheritable(True)
    return listener


def children_of(
    listener: socket.socket, *, kind: Literal["web", "edge"], processes: int, sender: bool
) -> list[Child]:
    """What `serve` and `edge` run: who answers, who ingests and, where wanted, who sends."""
    fd = listener.fileno()
    children = [
        Child(f"{kind}-{number}", [f"_{kind}", "--fd", str(fd)], (fd,))
        for number in range(1, processes + 1)
    ]
    children.append(Child("ingester", ["_ingester"]))
    if sender:
        children.append(Child("sender", ["_sender"]))
    return children


class Supervisor:
    """Starts the children, watches them, and ends them in order: the web first."""

    def __init__(self, children: list[Child], settings: Settings) -> None:
        self.children = children
        self.environment = os.environ | _environment_of(settings)
        self.stopping = Stopping()
        self._pipe_read, self._pipe_write = os.pipe()

    def run(self) -> None:
        """Run until told to stop (SIGTERM, SIGINT)."""
        self.stopping.on_signals()
        try:
            while not self.stopping.is_set():
                self.watch()
                self.stopping.wait(_WATCH_SECONDS)
        finally:
            self.end()

    def watch(self) -> None:
        """Start whatever is not running and may be."""
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                self._note_death(child)
            if child.process is None and time.monotonic() >= child.not_before:
                self._start(child)

    def end(self) -> None:
        """Ask each to finish, the web first, so that what it journalled is still ingested."""
        for child in self.children:
            if child.process is not None and child.process.poll() is None:
                child.process.terminate()
                self._wait_for(child.process)
        os.close(self._pipe_write)
        os.close(self._pipe_read)

    def _start(self, child: Child) -> None:
        environment = self.environment | {PARENT_PIPE: str(self._pipe_read)}
        child.process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "app.cli", *child.arguments],
            env=environment,
            pass_fds=(*child.sockets, self._pipe_read),
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which ends them in order
        )
        child.started = time.monotonic()

    def _note_death(self, child: Child) -> None:
        assert child.process is not None
        lived = time.monotonic() - child.started
        child.deaths = child.deaths + 1 if lived < _YOUNG_SECONDS else 0
        wait = min(_LONGEST_WAIT_SECONDS, 0.2 * 2**child.deaths)
        log.warning(
            "%s ended (%s); starting it again in %.1f s", child.name, child.process.returncode, wait
        )
        child.process, child.not_before = None, time.monotonic() + wait

    @staticmethod
    def _wait_for(process: "subprocess.Popen[bytes]") -> None:
        try:
            process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def end_with_parent() -> None:
    """In a child: when the supervisor's end of the pipe closes, ask ourselves to stop."""
    pipe = os.environ.get(PARENT_PIPE)
    if pipe is None:
        return
    threading.Thread(target=_wait_for_end, args=(int(pipe),), daemon=True).start()


def _wait_for_end(pipe: int) -> None:
    os.set_inheritable(pipe, False)
    os.read(pipe, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE_SECONDS)
    os._exit(1)


def _environment_of(settings: Settings) -> dict[str, str]:
    """Children see the settings of the supervisor, whatever the flags changed."""
    changed = settings.model_dump(exclude_unset=True, mode="json")
    return {f"THINSLICE_{name.upper()}": _as_text(value) for name, value in changed.items()}


def _as_text(value: object) -> str:
    if isinstance(value, list):
        return " ".join(str(part) for part in value)
    return "" if value is None else str(value)
