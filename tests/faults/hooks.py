"""A real receiver of webhooks, which is busy now and then, and remembers what it took."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver(ThreadingHTTPServer):
    """Refuses every third message at its first try; takes the others, and any of them once."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.lock = threading.Lock()
        self.tried: dict[str, int] = {}  # by the message's id
        self.taken: dict[str, dict[str, Any]] = {}  # first body by id
        self.unlike: list[str] = []  # ids under which another body came

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/thinslice"

    def told(self) -> list[tuple[str, str]]:
        """Kind and subject of each message that it took, in their order."""
        with self.lock:
            return [(one["type"], one["data"]["subject"]) for one in self.taken.values()]

    def status_of(self, message: str, body: bytes) -> int:
        with self.lock:
            number = list(self.tried).index(message) if message in self.tried else len(self.tried)
            self.tried[message] = self.tried.get(message, 0) + 1
            if number % 3 == 0 and self.tried[message] == 1:
                return 503
            told = json.loads(body)
            if self.taken.setdefault(message, told) != told:
                self.unlike.append(message)
            return 200


class _Answers(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.send_response(self.server.status_of(self.headers["webhook-id"], body))
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing: the town prints what it does."""


@contextmanager
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
