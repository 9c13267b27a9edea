"""What the processes of a data folder count, in files: whoever answers `/metrics` adds them up.

A process takes the first free slot of its kind, a file that nobody else writes, and goes on
counting where its predecessor ended: the sum only grows, however often processes end. It writes at
most once a second, and not at all while it counts nothing. `kill -9` costs the last second's.
"""

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from app.platform import locks, meters
from app.platform.locks import Busy
from app.platform.meters import Counts

_EVERY_SECONDS = 1.0
_SUFFIX = ".json"
_MOST = 1_000  # processes of one kind in one folder: far beyond what a machine starts
log = logging.getLogger(__name__)


class Slot:
    """One process's file. `counts` are its own and those of whoever had the slot before."""

    def __init__(self, path: Path, counts: Counts) -> None:
        self._path = path
        self._counts = counts
        self._writing = threading.Lock()
        self._fails = False
        try:
            counts.merge(_read(path))
        except ValueError as error:
            log.warning("%s counts from nought again: %s", path.name, error)

    def write(self) -> None:
        """Write what is new. A full disk costs the counts of others' sight, and nothing else."""
        with self._writing:
            self._counts.news.clear()
            fresh = self._path.with_suffix(".new")
            try:
                fresh.write_text(json.dumps(meters.written(self._counts)), encoding="utf-8")
                fresh.replace(self._path)
            except OSError as error:
                if not self._fails:
                    log.warning("what is counted here cannot be written: %s", error.strerror)
                self._fails = True
            else:
                self._fails = False

    def write_on(self, ending: threading.Event) -> None:
        """Write whenever there is something new, until told to end."""
        while not ending.is_set():
            self._counts.news.wait()
            if not ending.is_set():
                self.write()
                ending.wait(_EVERY_SECONDS)


@contextmanager
def kept(folder: Path, kind: str, counts: Counts = meters.HERE) -> Iterator[None]:
    """Keep what this process counts in a slot of its own while the block runs."""
    with ExitStack() as stack:
        slot = _take(folder, kind, counts, stack)
        if slot is None:
            yield
            return
        ending = threading.Event()
        writer = threading.Thread(target=slot.write_on, args=(ending,), name="meters", daemon=True)
        writer.start()
        try:
            yield
        finally:
            ending.set()
            counts.news.set()
            writer.join()
            slot.write()


def added_up(folder: Path) -> Counts:
    """What all processes of a data folder counted, those that ended, too."""
    total = Counts()
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        with suppress(ValueError):  # cut off by a power cut: its process writes it anew
            total.merge(_read(path))
    return total


def _take(folder: Path, kind: str, counts: Counts, stack: ExitStack) -> Slot | None:
    """The first free slot; None where the disk has no room for one."""
    for number in range(1, _MOST):
        path = folder / f"{kind}-{number}{_SUFFIX}"
        try:
            stack.enter_context(locks.hold(path.with_suffix(".lock")))
        except Busy:
            continue
        except OSError as error:
            log.warning("what this process counts is told to nobody: %s", error.strerror)
            return None
        return Slot(path, counts)
    return None


def _read(path: Path) -> Counts:
    """Raises ValueError where a power cut left a file in pieces."""
    try:
        return meters.read(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Counts()
    except (TypeError, AttributeError) as error:
        raise ValueError("no counts are in it") from error
