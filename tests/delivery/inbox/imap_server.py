"""A mailbox behind a real socket: so much of IMAP as a client that reads and marks needs."""

import base64
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from tests.delivery.test_secure import certificate

USER, PASSWORD = "replies@halvern.example", "p/wörd"


@dataclass
class Folder:
    """Mails by number, and how the server behaves."""

    mails: dict[int, bytes] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    validity: int = 7
    next_number: int = 1
    plain: bool = True  # whether AUTHENTICATE PLAIN is offered
    dies_at: str = ""  # the command at which the line is cut
    asked: list[str] = field(default_factory=list)

    def put(self, raw: bytes) -> int:
        number, self.next_number = self.next_number, self.next_number + 1
        self.mails[number] = raw
        return number


@dataclass
class Place:
    port: int
    tls: str

    def url(self, password: str = "p%2Fw%C3%B6rd", folder: str = "INBOX") -> str:
        who = f"{USER.replace('@', '%40')}:{password}"
        return f"imap://{who}@127.0.0.1:{self.port}?tls={self.tls}&folder={folder}"


@contextmanager
def serving(folder: Folder, where: Path, tls: str = "tls") -> Iterator[Place]:
    for name, content in zip(("crt", "key"), certificate("127.0.0.1"), strict=True):
        (where / name).write_bytes(content)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(where / "crt", where / "key")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        thread = threading.Thread(target=_serve, args=(server, folder, context, tls), daemon=True)
        thread.start()
        yield Place(port, tls)
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def _serve(server: socket.socket, folder: Folder, context: ssl.SSLContext, tls: str) -> None:
    with suppress(OSError):
        while True:
            line, _ = server.accept()
            line.settimeout(60)
            with line, suppress(OSError, ssl.SSLError), ExitStack() as open_lines:
                if tls == "tls":
                    line = open_lines.enter_context(context.wrap_socket(line, server_side=True))
                _Talk(folder, line, context, open_lines).run()


class _Talk:
    def __init__(
        self, folder: Folder, line: socket.socket, context: ssl.SSLContext, lines: ExitStack
    ) -> None:
        self.folder, self.line, self.context, self.lines = folder, line, context, lines
        self.file: BinaryIO = lines.enter_context(line.makefile("rb"))

    def run(self) -> None:
        self._say(b"* OK ready")
        while line := self.file.readline():
            tag, _, said = line.decode().strip().partition(" ")
            words = said.split()
            name = words[1].upper() if words[0].upper() == "UID" else words[0].upper()
            self.folder.asked.append(said if name not in {"LOGIN", "AUTHENTICATE"} else name)
            if name == self.folder.dies_at:
                return
            getattr(self, f"_{name.lower()}")(tag.encode(), said)
            if name == "LOGOUT":
                return

    def _say(self, said: bytes) -> None:
        self.line.sendall(said + b"\r\n")

    def _capability(self, tag: bytes, _: str) -> None:
        more = b" AUTH=PLAIN" if self.folder.plain else b""
        self._say(b"* CAPABILITY IMAP4rev1 STARTTLS" + more)
        self._say(tag + b" OK done")

    def _starttls(self, tag: bytes, _: str) -> None:
        self._say(tag + b" OK begin")
        secure = self.context.wrap_socket(self.line, server_side=True)
        self.line = self.lines.enter_context(secure)
        self.file = self.lines.enter_context(secure.makefile("rb"))

    def _authenticate(self, tag: bytes, _: str) -> None:
        self._say(b"+ ")
        told = base64.b64decode(self.file.readline()).decode().split("\0")
        self._let_in(tag, told[1:] == [USER, PASSWORD])

    def _login(self, tag: bytes, said: str) -> None:
        self._let_in(tag, said.endswith('"plain"'))

    def _let_in(self, tag: bytes, knows: bool) -> None:
        self._say(tag + (b" OK in" if knows else b" NO never heard of p/w"))

    def _select(self, tag: bytes, said: str) -> None:
        if "Nowhere" in said:
            self._say(tag + b" NO no such folder")
            return
        self._say(b"* %d EXISTS" % len(self.folder.mails))
        self._say(b"* OK [UIDVALIDITY %d] valid" % self.folder.validity)
        self._say(b"* OK [UIDNEXT %d] next" % self.folder.next_number)
        self._say(tag + b" OK [READ-WRITE] open")

    def _search(self, tag: bytes, said: str) -> None:
        start, end = map(int, (re.search(r"(\d+):(\d+)", said) or [""])[0].split(":"))
        found = [number for number in self.folder.mails if start <= number <= end]
        self._say(b"* SEARCH " + b" ".join(b"%d" % one for one in found))
        self._say(tag + b" OK found")

    def _fetch(self, tag: bytes, said: str) -> None:
        number = int(said.split()[2])
        if raw := self.folder.mails.get(number):
            most = int((re.search(r"<0\.(\d+)>", said) or ["", "0"])[1])
            at = b'INTERNALDATE "22-Nov-2026 11:00:00 +0100"'
            head = b"* 1 FETCH (UID %d %s BODY[]<0> {%d}" % (number, at, len(raw[:most]))
            self._say(head)
            self.line.sendall(raw[:most] + b")\r\n")
        self._say(tag + b" OK fetched")

    def _store(self, tag: bytes, said: str) -> None:
        self.folder.seen.add(int(said.split()[2]))
        self._say(tag + b" OK stored")

    def _logout(self, tag: bytes, _: str) -> None:
        self._say(b"* BYE")
        self._say(tag + b" OK bye")
