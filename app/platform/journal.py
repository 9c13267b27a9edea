"""Lines that survive `kill -9` once they were written: hits, and what a sender did.

Every process writes segments of its own, one after the other; each is locked while it is written,
and the process holds a lock of its own for all its life. A line carries a checksum; a reader takes
whole lines only, starts again at the next newline, and skips what does not fit.
"""

import asyncio
import fcntl
import logging
import os
import secrets
import time
from binascii import crc32
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.platform import clock, writers
from app.platform.config import Durability
from app.platform.errors import Unavailable
from app.platform.writers import Life, Writer, is_locked

log = logging.getLogger(__name__)

_SUFFIX = ".journal"
_HEADER = b"thinslice journal "  # then the format's number, the segment's id, its writer's id
_FORMAT = 2  # 1 named no writer
_SEGMENT_BYTES = 16 * 2**20  # a new segment after that, so that the old one can be deleted
_SEGMENT_SECONDS = 600  # and after that, so that nothing outlives its ingest by half an hour
_GRANT = 2**20  # bytes written before the folder is measured again: a limit is overrun by that
_CHECKSUM_CHARS = 8
_NEWLINE = ord("\n")  # a number is found in bytes seven times as fast as a text


class JournalFull(Unavailable):
    """The folder reached its limit, or the disk is full."""

    title = "The journal is full"


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of a journal, as it was found."""

    id: str
    path: Path
    is_open: bool  # it may grow still; that it never does says nothing about its writer's life
    writer: str  # the process; empty in segments of the first format
    start: int = 0  # where its lines begin, behind the header


class _Written(asyncio.Future[int]):
    """How many bytes of a turn's lines stand in the file. One who leaves does not cancel it."""

    def cancel(self, msg: object = None) -> bool:
        """Refuse: the others wait for it too."""
        del msg
        return False


class Turn:
    """The lines that came in one turn of the loop, and wait for one write."""

    __slots__ = ("error", "lines", "size", "then", "written")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.lines: list[bytes] = []
        self.size = 0
        self.written = _Written(loop=loop)
        self.then: list[Callable[[int], None]] = []  # called at once: cheaper than a future's
        self.error: Exception = _full()


class Journal:
    """Where one process writes. Used from one thread."""

    def __init__(self, folder: Path, *, durability: Durability, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._synced = durability is Durability.DISK
        self._room = 0
        self._turn: Turn | None = None
        self._turned: list[Path] = []
        self._writer = Writer(folder)
        self._start_segment()

    @classmethod
    def open(cls, folder: Path, *, durability: Durability, limit: int) -> "Journal":
        """Start a segment of our own in a folder, which may hold `limit` bytes in all."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return cls(folder, durability=durability, limit=limit)

    @property
    def writer(self) -> str:
        """Who we are, in every segment of ours."""
        return self._writer.id

    def keep(self, payload: bytes) -> None:
        """Write a line at once. Raises JournalFull; then nothing of it was written."""
        line = _line(payload)
        if self._write(line) < len(line):
            raise _full()

    async def kept(self, payload: bytes) -> None:
        """Return after the one write, shared by everybody in this turn of the loop, that has it."""
        turn, end = self.soon(payload)
        if await turn.written < end:
            raise turn.error

    def soon(self, payload: bytes) -> tuple[Turn, int]:
        """Add a line to this turn's. It stands in the file once `written` reaches the number."""
        turn = self._turn or self._start_turn()
        line = _line(payload)
        turn.lines.append(line)
        turn.size += len(line)
        return turn, turn.size

    def close(self) -> None:
        """Let the segment go, and ourselves: from now on a reader may take both as complete."""
        if self._turn:
            self._write_turn()
        os.close(self._handle)
        self._writer.end()

    def turn_over(self) -> None:
        """Start a new segment where this one is old or long. Idle writers call it now and then.

        One that holds nothing yet goes on: there is nothing in it that could become old.
        """
        is_old = time.monotonic() - self._since > _SEGMENT_SECONDS and self._size > self._header
        if self._size > _SEGMENT_BYTES or is_old:
            old, path = self._handle, self._path
            self._start_segment()
            os.close(old)
            self._turned.append(path)

    def drop_turned(self) -> None:
        """Delete our own earlier segments: whoever wrote them needs them no more."""
        while self._turned:
            self._turned.pop().unlink(missing_ok=True)

    def _start_turn(self) -> Turn:
        loop = asyncio.get_running_loop()
        turn = self._turn = Turn(loop)
        loop.call_soon(self._write_turn)
        return turn

    def _write_turn(self) -> None:
        turn, self._turn = self._turn, None
        if turn is None:  # written by `close`
            return
        written = 0
        try:
            written = self._write(b"".join(turn.lines))
        except (JournalFull, OSError) as error:
            turn.error = error
        turn.written.set_result(written)
        for call in turn.then:
            call(written)

    def _write(self, lines: bytes) -> int:
        """Write lines; return how many bytes of whole lines stand in the file."""
        self._come_back()
        self.turn_over()
        self._make_room(len(lines))
        written = os.write(self._handle, lines)
        if written < len(lines):  # the disk filled up: no torn line stays behind
            written = lines.rfind(b"\n", 0, written) + 1
            os.ftruncate(self._handle, self._size + written)
        self._size += written
        self._room -= written
        if self._synced:
            os.fdatasync(self._handle)
        return written

    def _come_back(self) -> None:
        """Go on in a new segment where ours was deleted under us: nobody would read what we add."""
        if os.fstat(self._handle).st_nlink:
            return
        log.error("%s was deleted while it was written: what nobody had read is lost", self._path)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        gone = self._handle
        self._start_segment()
        os.close(gone)

    def _make_room(self, size: int) -> None:
        if size <= self._room:
            return
        free = self._limit - bytes_in(self._folder)
        if size > free:
            raise JournalFull("The journal reached SPOOL_LIMIT; ingest must catch up first.")
        self._room = max(size, min(free, _GRANT))

    def _start_segment(self) -> None:
        name = secrets.token_hex(16)
        path = self._folder / f"{clock.micros() * 1000:020d}-{name[:8]}{_SUFFIX}"
        header = _line(b"%b%d %b %b" % (_HEADER, _FORMAT, name.encode(), self.writer.encode()))
        self._handle, self._path = _create(path, header), path
        self._size = self._header = len(header)
        self._since = time.monotonic()


def segments(folder: Path) -> list[Segment]:
    """Every readable segment of a folder, oldest first."""
    found = (_segment(path) for path in sorted(folder.glob(f"*{_SUFFIX}")))
    return [segment for segment in found if segment]


def lines(segment: Segment, offset: int) -> Iterator[tuple[int, bytes]]:
    """Whole, sound lines from an offset on, each with the offset after it."""
    with segment.path.open("rb") as file:
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                return  # being written, or torn by a crash
            offset += len(line)
            payload = _payload(line)
            if payload is not None and not payload.startswith(_HEADER):
                yield offset, payload


def begun(path: Path) -> datetime:
    """When a segment was begun, as its name says."""
    return clock.moment(int(path.name.split("-")[0]) // 1000)


def delete(segment: Segment) -> None:
    """Delete a segment that nobody needs, and what is left of its writer once that ended."""
    segment.path.unlink(missing_ok=True)
    folder, writer = segment.path.parent, segment.writer
    has_ended = writers.life_of(folder, writer) in {Life.ENDED, Life.CUT_OFF}
    if has_ended and all(other.writer != writer for other in segments(folder)):
        writers.forget(folder, writer)


def _line(payload: bytes) -> bytes:
    if _NEWLINE in payload:
        raise ValueError("a journal's payload is one line")
    return b"%08x %b\n" % (crc32(payload), payload)


def _payload(line: bytes) -> bytes | None:
    payload = line[_CHECKSUM_CHARS + 1 : -1]
    return payload if line == b"%08x %b\n" % (crc32(payload), payload) else None


def _create(path: Path, header: bytes) -> int:
    """Make a segment under a name that readers overlook until it is locked and has its header."""
    hidden = path.with_suffix(".new")
    handle = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.write(handle, header) < len(header):
            raise _full()
        hidden.rename(path)
    except (OSError, JournalFull):
        os.close(handle)
        hidden.unlink(missing_ok=True)
        raise
    return handle


def _segment(path: Path) -> Segment | None:
    try:
        with path.open("rb") as file:
            is_open = is_locked(file.fileno())
            payload = _payload(file.readline())
            start = file.tell()
    except FileNotFoundError:  # deleted since it was listed
        return None
    if payload is None or not payload.startswith(_HEADER):
        return None
    _format, name, writer = [*payload.removeprefix(_HEADER).decode().split(), ""][:3]
    return Segment(name, path, is_open, writer, start)


def bytes_in(folder: Path) -> int:
    """How many bytes the files of a journal's folder have, read or not."""
    total = 0
    for entry in os.scandir(folder):
        try:
            total += entry.stat().st_size
        except FileNotFoundError:  # deleted since it was listed
            continue
    return total


def _full() -> JournalFull:
    return JournalFull("The disk that holds the journal is full; make room on it.")
