"""Real processes for tests: `thinslice serve` as an operator starts it, and a real SMTP server."""

import os
import re
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import ClassVar, TypeVar

import httpx
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from app.identity import tokens
from app.platform import clock, config
from app.platform.db import Database
from tests.forked import Forked
from tests.moments import shift_to
from tests.ports import free_port

BROWSER = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/141.0.0.0 Safari/537.36"
)

OURS = Path(__file__).parent.parent  # this version

BREAKS_OFF = "421 and the line goes dead"  # what a rule of a mailbox may answer

_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # reading who is to be trusted takes its time

T = TypeVar("T")


def wait_until(look: Callable[[], T | None], *, seconds: float = 120, what: str = "it") -> T:
    """Look again and again until there is an answer; fail saying what was waited for.

    Looking costs the one that is waited for: what takes longer is looked at less often.
    """
    deadline, pause = time.monotonic() + seconds, 0.05
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come about in {seconds} seconds")
        time.sleep(pause)
        pause = min(1.3 * pause, 0.5)


@dataclass
class Installation:
    """One data folder, one database, and the processes on it."""

    data: Path
    database_url: str
    mail: str = "outbox:"
    port: int = field(default_factory=free_port)
    settings: dict[str, str] = field(default_factory=dict)
    at: datetime | None = None  # its moment when next started; else it shares this process's clock
    process: "subprocess.Popen[bytes] | Forked | None" = None
    tokens: dict[str, str] = field(default_factory=dict)  # by role, made once
    code: Path = OURS  # which version of ours runs
    forks: ClassVar[bool] = False  # as copies of one that has loaded everything

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.data.parent / f"{self.data.name}.log").read_text()

    def environment(self) -> dict[str, str]:
        return os.environ | self.own_environment()

    def own_environment(self) -> dict[str, str]:
        return {
            "THINSLICE_DATA_DIR": str(self.data),
            "THINSLICE_DATABASE_URL": self.database_url,
            "THINSLICE_MAIL": self.mail,
            "THINSLICE_PUBLIC_URL": self.url,
            clock.SHIFT: str((shift_to(self.at) if self.at else clock.shift()).total_seconds()),
            **self.settings,
        }

    def command(self, *arguments: str, given: str = "") -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "app.cli", *arguments],
            env=self.environment(),
            input=given,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.code,
        )

    def start(self, *flags: str, command: str = "serve", ready: bool = True) -> None:
        """Start `serve` and wait until it says that it is ready, or at least answers."""
        arguments = [command, "--port", str(self.port), *flags]
        with (self.data.parent / f"{self.data.name}.log").open("ab") as out:
            if self.forks and self.code == OURS:
                told = out.fileno()
                self.process = Forked(arguments, env=self.environment(), out=told, cwd=self.code)
            else:
                self.process = subprocess.Popen(
                    [sys.executable, "-m", "app.cli", *arguments],
                    env=self.environment(),
                    stdout=out,
                    stderr=out,
                    start_new_session=True,
                    cwd=self.code,
                )
        look = self.is_ready if ready else self.answers
        try:
            wait_until(look, what="a service that answers")
        except AssertionError as error:
            error.add_note(self.log)
            if self.process.poll() is None:
                self.kill()
            raise

    def answers(self) -> bool:
        return self._status("/health") == httpx.codes.OK

    def is_ready(self) -> bool:
        return self._status("/ready") == httpx.codes.OK

    def _status(self, path: str) -> int:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"serve ended: {self.log}")
        try:
            return httpx.get(f"{self.url}{path}", timeout=15, verify=_NO_TLS).status_code
        except httpx.HTTPError:
            return 0

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(90)

    def kill(self) -> None:
        """`kill -9` of the supervisor and of every child, and theirs, at once.

        What they held is free then: one that waits for a disk lets go of its port only when that
        has written.
        """
        assert self.process is not None
        killed = [pid for _, pid in family_of(self.process.pid)]
        for pid in killed:
            _kill(pid)
        self.process.wait(60)
        wait_until(lambda: all(map(is_gone, killed)), what="the end of what was killed")

    def token(self, role: str = "admin") -> str:
        if role not in self.tokens:
            self.tokens[role] = self._new_token(role)
        return self.tokens[role]

    def _new_token(self, role: str) -> str:
        settings = config.load(data_dir=self.data, database_url=self.database_url)
        database = Database(settings.database)
        with database.write() as session:
            made = tokens.add(session, name=role, role=role, by="a test", now=clock.now())
        database.close()
        return made.secret

    @contextmanager
    def api(self, role: str = "admin") -> Iterator[httpx.Client]:
        headers = {"Authorization": f"Bearer {self.token(role)}"}
        address = f"{self.url}/api/v1"
        with httpx.Client(base_url=address, headers=headers, timeout=30, verify=_NO_TLS) as client:
            yield client


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # it ended by itself in the meantime


def is_gone(pid: int) -> bool:
    """Whether this process has ended, seen by whoever started it or not.

    One whose first thread is over looks as if it had, and has its files and its port until the last
    one is, which may wait for a disk.
    """
    process = Path(f"/proc/{pid}")
    try:
        is_over = (process / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
        return is_over and len(list((process / "task").iterdir())) == 1
    except (FileNotFoundError, ProcessLookupError):
        return True


def children_of(pid: int) -> list[int]:
    """Processes whose parent is this one."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parts = status.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(parts[1]) == pid:
            found.append(int(status.parent.name))
    return found


def family_of(pid: int, over: str = "") -> Iterator[tuple[str, int]]:
    """A process of ours and all below it, each with what it does.

    A copy does what the one `over` it does, and is called so: `sender beside`.
    """
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return
    does = words[3].removeprefix("_") if words[1:3] == ["-m", "app.cli"] else "child"
    yield f"{does} beside" if does == over else does, pid
    for child in sorted(children_of(pid)):
        yield from family_of(child, does)


def most_megabytes(pid: int) -> Counter[str]:
    """The most memory that each of its family ever held, by what they do."""
    found = Counter[str]()
    for does, one in family_of(pid):
        try:
            status = Path(f"/proc/{one}/status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if told := re.search(r"VmHWM:\s+(\d+) kB", status):  # one that has ended holds nothing
            found[does] += int(told[1]) // 1024
    return found


class Mailbox:
    """What a receiving server took, in order. `rule` may refuse or break off.

    It keeps a ledger of its own, whatever our rows say: every mail of which it may have heard the
    end, by address and Message-ID.
    """

    def __init__(self) -> None:
        self.taken: list[tuple[str, bytes]] = []
        self._heard: Counter[tuple[str, str]] = Counter()
        self.rule: Callable[[str, Envelope], str | None] = lambda _address, _envelope: None
        self._lock = threading.Lock()

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        address, content = envelope.rcpt_tos[0], envelope.content
        assert isinstance(content, bytes)
        answer = self.rule(address, envelope)
        with self._lock:
            if answer in {None, BREAKS_OFF}:
                self._heard[address, message_id_of(content)] += 1
            if answer is None:
                self.taken.append((address, content))
        if answer == BREAKS_OFF:
            server.transport.abort()  # type: ignore[union-attr]  # it is connected
        return answer or "250 OK"

    def mails(self, after: int = 0) -> list[tuple[str, EmailMessage]]:
        """What was taken, in order; past so many, where somebody has read those."""
        with self._lock:
            taken = self.taken[after:]
        return [(to, message_from_bytes(raw, policy=policy.default)) for to, raw in taken]

    def mailed_twice(self) -> list[tuple[str, str]]:
        """Address and Message-ID of every mail that somebody may have got more than once."""
        with self._lock:
            return sorted(mail for mail, times in self._heard.items() if times > 1)


def message_id_of(content: bytes) -> str:
    """The Message-ID of a mail, which is the same at every try."""
    return str(message_from_bytes(content, policy=policy.default)["Message-ID"])


@contextmanager
def smtp_server(port: int | None = None) -> Iterator[tuple[Mailbox, str]]:
    """A real SMTP server on loopback, and the MAIL setting that reaches it.

    Whatever a test did with it: in the end nobody was mailed twice.
    """
    mailbox = Mailbox()
    port = port or free_port()
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield mailbox, f"smtp://127.0.0.1:{port}?tls=none"
    finally:
        controller.stop()
    assert mailbox.mailed_twice() == []


def links_in(mail: EmailMessage) -> list[str]:
    """The tracked links of the plain part, in order."""
    part = mail.get_body(("plain",))
    assert part is not None
    words = part.get_content().replace("<", " ").replace(">", " ").split()
    return [word.strip("()[].,") for word in words if "/c/" in word]


def click(link: str, *, agent: str = BROWSER) -> httpx.Response:
    headers = {
        "User-Agent": agent,
        "Accept": "text/html,application/xhtml+xml",
        "Accept-Language": "en",
    }
    return httpx.get(link, headers=headers, follow_redirects=False, timeout=30, verify=_NO_TLS)
