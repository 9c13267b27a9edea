"""HTTP in front of the edge, on asyncio and httptools: half of what ASGI costs a click.

A connection that asks for tracked addresses with GET or HEAD stays here; the first other request
hands it over, as it is, to the protocol behind. One edge answers both.
"""

import asyncio
import logging
from collections import deque
from typing import cast

import httptools

from app.platform.journal import Turn
from app.tracking import request_lines
from app.tracking.awaited_answers import MOST_WAITING, Waiting
from app.tracking.connections import Connections, cut_off, let_go, peer_of
from app.tracking.edge import Asked, Head, Reply, head_of
from app.tracking.refusals import (
    ADDRESS_BYTES,
    BODY_BYTES,
    FETCH_SECONDS,
    HEAD_BYTES,
    HEAD_SECONDS,
    LINGER_SECONDS,
    REFUSALS,
    unacceptable,
)
from app.tracking.request_lines import METHODS, PATHS, STARTS, request_line
from app.tracking.responses import Answer, Header

log = logging.getLogger(__name__)


class EdgeProtocol(asyncio.Protocol):
    """One connection of a caller."""

    def __init__(self, shared: Connections) -> None:
        self._shared = shared
        self._edge = shared.edge
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._answers: deque[Waiting] = deque()
        self._kept: list[tuple[Waiting, Answer]] = []  # once their turn of the journal is written
        self._turn: Turn | None = None
        self._held = b""  # came, and was not looked at yet
        self._inside = False  # a request
        self._ended = False  # nothing more is read
        self._lingers = False
        self._looked_up: set[asyncio.Task[Reply]] = set()
        self._paused = False
        self._since = self._loop.time()  # waiting for a request
        self._stuck_since: float | None = None
        self._url = b""
        self._headers: list[Header] = []
        self._head: Head
        self._asked: Asked
        self._is_last = False  # by its version
        self._loose = 0  # bytes since the last head was whole
        self._body = 0

    # what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A caller."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by name
        self._peer = peer_of(transport)
        self._shared.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The caller is gone; what it asked is kept all the same."""
        del exc
        self._ended = True
        self._shared.discard(self)

    def data_received(self, data: bytes) -> None:
        """More of a request, several, or the beginning of one that is not for us."""
        if self._ended:
            return
        if self._held:
            data, self._held = self._held + data, b""
        if self._inside:
            self._read(data)
        elif asked := self._shared.heads.asked(data, self._peer):
            self._answer(asked, closes=False)
        elif data.startswith(STARTS):
            self._read(data)
        elif any(start.startswith(data) for start in STARTS):
            self._held = data  # a few bytes: nobody can tell yet
        elif self._answers:
            self._held = data  # for whoever is behind, once all is answered
            self._pause()
        else:
            self._hand_over(data)

    def eof_received(self) -> bool:
        """The caller says no more: whatever it asked is answered, then we close."""
        self._end()
        return bool(self._answers)

    def pause_writing(self) -> None:
        """The caller does not fetch its answers: no more are made."""
        self._stuck_since = self._loop.time()
        self._pause()

    def resume_writing(self) -> None:
        """It fetches again."""
        self._stuck_since = None
        self._resume()

    # what httptools calls

    def on_message_begin(self) -> None:
        self._inside = True
        self._url, self._headers, self._body = b"", [], 0

    def on_url(self, url: bytes) -> None:
        self._url += url
        if len(self._url) > ADDRESS_BYTES:
            self._refuse(414)
        elif len(self._url) >= len(PATHS[0]) and not self._url.startswith(PATHS):
            self._end()  # in the middle of a pipeline: whoever sent it asks again elsewhere

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self._loose = 0
        if self._ended:
            return
        method, version = self._parser.get_method(), self._parser.get_http_version()
        if method not in METHODS:
            self._end()  # as in `on_url`
            return
        self._head = head_of(self._headers)
        line = request_line(METHODS[method], request_lines.path(self._url))
        asked = self._asked = line, self._head, self._peer
        self._is_last = version != "1.1"
        if status := unacceptable(asked, version):
            self._refuse(status)

    def on_body(self, body: bytes) -> None:
        self._body += len(body)
        if self._body > BODY_BYTES:
            self._refuse(413)

    def on_message_complete(self) -> None:
        self._inside = False
        if self._ended:
            return
        parser = self._parser
        self._ended = (
            self._is_last or not parser.should_keep_alive() or bool(parser.should_upgrade())
        )
        self._answer(self._asked, closes=self._ended)

    # what our own call

    def look(self, now: float) -> None:
        """Let go whoever was waited for long enough."""
        late = now - self._since - (LINGER_SECONDS if self._lingers else HEAD_SECONDS)
        if self._stuck_since is not None:
            if now - self._stuck_since > FETCH_SECONDS:
                cut_off(self._transport)
        elif late > 0:
            let_go(self._transport, late=late)

    def shutdown(self) -> None:
        """Answer what is under way and close."""
        self._end()

    def _answer(self, asked: Asked, *, closes: bool) -> None:
        waiting = Waiting(asked[0].method == "GET", closes)
        self._answers.append(waiting)
        reply = self._edge.at_once(asked)
        if reply is None:
            self._look_up(waiting, asked)
        else:
            self._keep(waiting, reply)
        if len(self._answers) > MOST_WAITING:
            self._pause()

    def _read(self, data: bytes) -> None:
        begins = not self._inside
        self._loose += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._end()
        except httptools.HttpParserCallbackError:
            log.exception("a request for a tracked address could not be answered")
            self._transport.abort()
        except httptools.HttpParserError:
            self._refuse(400)
        if self._inside and self._loose > HEAD_BYTES:
            self._refuse(431)
        if begins and not (self._inside or self._ended):
            self._shared.heads.learn(self._head)

    def _keep(self, waiting: Waiting, reply: Reply) -> None:
        """Let an answer leave once its hit is in the journal."""
        answer, line = reply
        if line is None:
            waiting.answer = answer
            self._flush()
            return
        turn, waiting.end = self._edge.recorded_soon(line)
        self._kept.append((waiting, answer))
        if turn is not self._turn:
            self._turn = turn
            turn.then.append(self._written)

    def _written(self, written: int) -> None:
        kept, self._kept, turn, self._turn = self._kept, [], self._turn, None
        assert turn is not None, "it was asked for"
        for waiting, answer in kept:
            waiting.answer = answer
            if written < waiting.end:
                self._edge.lost(turn.error)
        self._flush()

    def _look_up(self, waiting: Waiting, asked: Asked) -> None:
        """Ask the database where a link leads; what is asked meanwhile waits its turn."""

        def found(done: "asyncio.Task[Reply]") -> None:
            self._looked_up.discard(done)
            if done.cancelled() or done.exception():
                log.error("a link could not be looked up", exc_info=done.exception())
                self._transport.abort()
            else:
                self._keep(waiting, done.result())

        task = self._loop.create_task(self._edge.looked_up(asked))
        self._looked_up.add(task)
        task.add_done_callback(found)

    def _flush(self) -> None:
        """Send every answer that may leave, in the order of the requests."""
        answers, pieces, date = self._answers, [], self._shared.date
        while answers and (answer := answers[0].answer):
            first = answers.popleft()
            closes = first.closes or (self._ended and not answers)
            pieces.append(answer.on_the_wire(date, first.with_body, closes))
        if self._transport.is_closing():
            return
        if pieces:
            self._since = self._shared.now
            self._transport.write(pieces[0] if len(pieces) == 1 else b"".join(pieces))
        if not answers and (self._ended or self._paused or self._held):
            self._all_are_answered()

    def _all_are_answered(self) -> None:
        if self._lingers:
            self._transport.write_eof()
        elif self._ended:
            self._transport.close()
        else:
            self._resume()
            held, self._held = self._held, b""
            if held:
                self.data_received(held)

    def _refuse(self, status: int) -> None:
        """Say why nothing more is read here."""
        if self._ended:
            return
        self._ended = self._lingers = True
        last = Waiting(self._parser.get_method() != b"HEAD", True)  # it closes
        last.answer = REFUSALS[status]
        self._answers.append(last)
        self._flush()

    def _end(self) -> None:
        """Read no more; close once all is answered."""
        self._ended = True
        if not self._answers:
            self._transport.close()

    def _pause(self) -> None:
        if not self._paused and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()

    def _resume(self) -> None:
        if self._paused and self._stuck_since is None and not self._answers:
            self._paused = False
            self._transport.resume_reading()

    def _hand_over(self, data: bytes) -> None:
        """Let the protocol behind have the connection, and what was said in it so far."""
        self._shared.discard(self)
        behind = self._shared.behind()
        self._transport.set_protocol(behind)
        behind.connection_made(self._transport)
        behind.data_received(data)
