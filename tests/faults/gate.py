"""A door between the service and its database that can be shut: every connection breaks."""

import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit


class Gate:
    """Passes bytes on to a PostgreSQL; while shut, connections are refused.

    `mute_at`: a connection that asks for this gets no further answer, and is not told so.
    """

    def __init__(self, url: str, *, mute_at: bytes | None = None) -> None:
        self._mute_at = mute_at
        parts = urlsplit(url)
        assert parts.hostname
        assert parts.port
        self._behind = (parts.hostname, parts.port)
        self._pairs: list[socket.socket] = []
        self._lock = threading.Lock()
        self.port = 0
        self._door: socket.socket | None = None
        self.open()
        self.url = url.replace(f":{parts.port}/", f":{self.port}/")

    def open(self) -> None:
        """Let connections through, on the same port as before."""
        self._door = socket.create_server(("127.0.0.1", self.port))
        self.port = self._door.getsockname()[1]
        threading.Thread(target=self._answer, args=(self._door,), daemon=True).start()

    def shut(self) -> None:
        """Refuse new connections and break those that are there."""
        assert self._door is not None
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)  # wakes whoever waits in accept()
        self._door.close()
        with self._lock:
            for one in self._pairs:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            self._pairs.clear()

    def _answer(self, door: socket.socket) -> None:
        while True:
            try:
                near, _ = door.accept()
            except OSError:
                return  # shut
            far = socket.create_connection(self._behind)
            with self._lock:
                self._pairs += [near, far]
            for source, target, mute_at in ((near, far, self._mute_at), (far, near, None)):
                passing = threading.Thread(target=_pass_on, args=(source, target, mute_at))
                passing.daemon = True
                passing.start()


def _pass_on(source: socket.socket, target: socket.socket, mute_at: bytes | None) -> None:
    is_mute = False
    with source, suppress(OSError):
        while piece := source.recv(65_536):
            is_mute = is_mute or (mute_at is not None and mute_at in piece)
            if not is_mute:
                target.sendall(piece)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)  # its own thread closes it
