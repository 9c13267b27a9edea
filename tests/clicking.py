"""Customers who click as fast as one client can: a process of its own, keeping connections open."""

import asyncio
import multiprocessing
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Self
from urllib.parse import urlsplit

import httpx

from tests.serve import BROWSER

_CONNECTIONS = 32


class Clicks:
    """Follow links in turn for some seconds, while something else is looked at."""

    def __init__(self, links: Sequence[str], *, seconds: float) -> None:
        self._here, there = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("fork").Process(
            target=_click, args=(list(links), seconds, there), daemon=True
        )

    def __enter__(self) -> Self:
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join()

    @property
    def goes_on(self) -> bool:
        """Whether customers still click."""
        return self._process.is_alive() and not self._here.poll()

    def answered(self) -> int:
        """How many were answered with a redirect, once it is over."""
        answered: int = self._here.recv()
        return answered


def _click(links: list[str], seconds: float, there: Connection) -> None:
    there.send(asyncio.run(_all_click(links, seconds)))


async def _all_click(links: list[str], seconds: float) -> int:
    until = time.monotonic() + seconds
    shares = [links[number::_CONNECTIONS] or links for number in range(_CONNECTIONS)]
    return sum(await asyncio.gather(*(_one_clicks(share, until) for share in shares)))


async def _one_clicks(links: list[str], until: float) -> int:
    address = urlsplit(links[0])
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    requests = [
        f"GET {urlsplit(link).path} HTTP/1.1\r\nHost: {address.netloc}\r\n"
        f"User-Agent: {BROWSER}\r\nAccept-Language: en\r\n\r\n".encode()
        for link in links
    ]
    answered = 0
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while time.monotonic() < until:
            writer.write(requests[answered % len(requests)])
            head = await reader.readuntil(b"\r\n\r\n")  # a redirect has no body
            if not head.startswith(b"HTTP/1.1 302"):
                raise AssertionError(head.decode())
            answered += 1
    writer.close()
    return answered


@dataclass
class Editor:
    """Saves a feature and looks at the list, again and again; notes how long each took."""

    seconds: list[float] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)

    def work(self, api: httpx.Client) -> None:
        """Once."""
        number = len(self.seconds)
        self._note(lambda: api.post("/features", json={"title": f"Feature {number}"}))
        self._note(lambda: api.get("/features"))

    def _note(self, ask: Callable[[], httpx.Response]) -> None:
        began = time.monotonic()
        answer = ask()
        self.seconds.append(time.monotonic() - began)
        if answer.status_code >= httpx.codes.BAD_REQUEST:
            self.failed.append(answer.status_code)

    @property
    def p99(self) -> float:
        """Seconds that all but one in a hundred stayed below."""
        return sorted(self.seconds)[int(len(self.seconds) * 0.99)]

    def __str__(self) -> str:
        middle = sorted(self.seconds)[len(self.seconds) // 2]
        return (
            f"{len(self.seconds)} requests of an editor: median {1000 * middle:.0f} ms,"
            f" p99 {1000 * self.p99:.0f} ms, {len(self.failed)} failed"
        )
