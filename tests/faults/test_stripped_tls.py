"""Somebody in the middle strips STARTTLS or shows a certificate of theirs (F10): no plaintext."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.delivery.test_secure import certificate
from tests.faults.scenes import launched
from tests.journeys.test_by_api import given_an_audience
from tests.serve import Installation, wait_until

_PEOPLE = 20
_ENOUGH = 2  # conversations, so that it was tried again


class Middle:
    """Speaks just enough SMTP to be trusted; keeps all that it hears."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.heard: list[bytes] = []
        self.conversations = 0
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        for file, content in zip(("crt", "key"), certificate("127.0.0.1"), strict=True):
            (folder / file).write_bytes(content)
        self._context.load_cert_chain(folder / "crt", folder / "key")
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        threading.Thread(target=self._answer, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()

    def _answer(self) -> None:
        while True:
            try:
                line, _ = self._door.accept()
            except OSError:
                return
            self.conversations += 1
            threading.Thread(target=self._speak, args=(line,), daemon=True).start()

    def _speak(self, line: socket.socket) -> None:
        with suppress(OSError), line:
            if self.kind == "tls with a bad certificate":
                self._context.wrap_socket(line, server_side=True)  # refused by whoever looks
                return
            line.sendall(b"220 mx.example ESMTP\r\n")
            while piece := line.recv(65_536):
                self.heard.append(piece)
                if not self._reply(line, piece.split()[0].upper()):
                    return

    def _reply(self, line: socket.socket, command: bytes) -> bool:
        if command == b"EHLO":
            offer = b"" if self.kind == "not offered" else b"250-STARTTLS\r\n"
            line.sendall(
                b"250-mx.example\r\n" + offer + b"250-AUTH PLAIN LOGIN\r\n250 8BITMIME\r\n"
            )
        elif command == b"STARTTLS" and self.kind == "refused":
            line.sendall(b"454 4.7.0 TLS not available\r\n")
        elif command == b"STARTTLS":
            line.sendall(b"220 go ahead\r\n")
            if self.kind == "answered in plain":
                return True  # and waits for whatever comes
            self._context.wrap_socket(line, server_side=True)
            return False
        else:
            line.sendall(b"354 go on\r\n" if command == b"DATA" else b"250 2.0.0 OK\r\n")
        return True


_KINDS = (
    "not offered", "refused", "answered in plain", "bad certificate", "tls with a bad certificate",
)  # fmt: skip


@pytest.fixture(params=_KINDS)
def middle(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Middle]:
    middle = Middle(request.param, tmp_path)
    yield middle
    middle.close()


def test_nothing_is_said_in_plain_where_tls_is_asked_for(middle: Middle, tmp_path: Path):
    tls = "tls" if middle.kind.startswith("tls") else "starttls"
    mail = f"smtp://ann:a-password@127.0.0.1:{middle.port}?tls={tls}"
    service = Installation(tmp_path / "data", "", mail=mail)
    service.start("--migrate")
    try:
        with service.api("editor") as api:
            experiment = launched(api, given_an_audience(api, people=_PEOPLE))
            wait_until(lambda: middle.conversations >= _ENOUGH, what="another try")
            told = wait_until(partial(_troubled, api, experiment), what="the reason")
        doctor = service.command("doctor")
    finally:
        service.stop()
    said = b"".join(middle.heard)
    commands = sorted({piece.split()[0].decode("latin-1")[:10] for piece in middle.heard})
    print(f"progress: {told['reason']}; doctor: {_of_mail(doctor.stdout)}")
    print(f"F10 {middle.kind}: {middle.conversations} conversations, {len(said)} bytes: {commands}")

    assert set(commands) <= {"EHLO", "STARTTLS", "QUIT"} or middle.kind == "answered in plain"
    assert all(
        word not in said for word in (b"MAIL FROM", b"AUTH", b"bakery.example", b"a-password")
    )
    assert (told["sent"], told["uncertain"], told["queued"]) == (0, 0, _PEOPLE)
    assert _names_it(told["reason"])
    assert doctor.returncode == 1
    assert _names_it(doctor.stdout)


def _troubled(api: httpx.Client, experiment: str) -> dict[str, Any] | None:
    """Once somebody is told why nothing leaves."""
    seen: dict[str, Any] = api.get(f"/experiments/{experiment}/progress").json()
    return seen if seen["reason"] and not seen["sending"] else None


def _names_it(words: str) -> bool:
    return any(word in words.lower() for word in ("tls", "certificate", "ssl"))


def _of_mail(report: str) -> str:
    return next((line for line in report.splitlines() if "mail" in line.lower()), "")
