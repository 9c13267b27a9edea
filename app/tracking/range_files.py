"""The lists of address ranges of one data folder, and what its processes look addresses up in.

`update` compiles all lists into one file and puts it in the place of the old one; every process
looks for it by itself. A list that cannot be read changes nothing.
"""

import fcntl
import logging
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from app.platform import clock, figures
from app.platform.aside import aside
from app.platform.errors import Invalid, NotFound
from app.tracking import range_lists, ranges
from app.tracking.range_lists import RangeList
from app.tracking.ranges import AddressClass, Ranges, Span

RANGES = "ranges"  # the folder of lists, beside the journals
_COMPILED = "compiled"
_STALE_AFTER = timedelta(days=60)  # clouds grow by some networks a week
_MOST_LISTS = 50
_MOST_NETWORKS = 1_000_000  # of all lists: every process holds them. Apple's alone has some 300,000
_WORDS = {
    AddressClass.SECURITY_VENDOR: "mail scanners",
    AddressClass.DATACENTER: "data centres",
    AddressClass.APPLE_RELAY: "Apple’s relay",
    AddressClass.GOOGLE: "Google",
    AddressClass.MICROSOFT: "Microsoft",
    AddressClass.YAHOO: "Yahoo",
    AddressClass.RESIDENTIAL: "people",
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_BY = "under “Address ranges” or by `thinslice ranges update FILE`"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Source:
    """A list that is in force."""

    name: str
    dated: str  # by itself, else when its file was written
    loaded_at: str
    sha256: str
    networks: dict[str, int]  # by class
    assumed: str  # the class that its whole was said to be of; empty: as its form says

    @property
    def number(self) -> int:
        """How many networks it has."""
        return sum(self.networks.values())

    def is_stale(self, *, now: datetime) -> bool:
        """So old that much may have changed."""
        return now.date() - date.fromisoformat(self.dated) > _STALE_AFTER


def update(
    folder: Path, file: Path, *, name: str | None, assumed: AddressClass | None, now: datetime
) -> Source:
    """Take in a list, in the place of the one of that name; raises Invalid, changing nothing."""
    with file.open("rb") as opened:
        content = opened.read(range_lists.MOST_BYTES + 1)
        written = clock.written(file)
    called = file.name if name is None else name
    return _taken(folder, content, called, assumed, written=min(written, now), now=now)


def _taken(
    folder: Path,
    content: bytes,
    name: str,
    assumed: AddressClass | None,
    *,
    written: datetime,
    now: datetime,
) -> Source:
    if not _NAME.fullmatch(name) or name.startswith(_COMPILED):
        raise Invalid.at(
            "name",
            f"“{name[:64]}” is no name for a list: use letters, digits, dots and dashes.",
        )
    range_list = range_lists.read(content, assumed=assumed)
    source = _source(name, range_list, assumed, written=written, now=now)
    with _alone(folder):
        others = [one for one in sources(folder) if one.name != name]
        if len(others) >= _MOST_LISTS:
            raise Invalid(f"{_MOST_LISTS} lists are enough: remove one first.")
        together = sum(one.number for one in [*others, source])
        if together > _MOST_NETWORKS:
            raise Invalid(
                f"All lists together would hold {figures.count(together)} networks, and"
                f" {figures.count(_MOST_NETWORKS)} are enough: remove one first."
            )
        spans = [*range_list.spans, *_spans_of(folder, others)]
        _replace(_list(folder, name), content)
        _compile(folder, [*others, source], spans)
    return source


def take_in(
    folder: Path,
    pieces: Iterable[bytes],
    *,
    name: str,
    assumed: AddressClass | None,
    now: datetime,
) -> Source:
    """The same with a list that was sent here, in a process of its own."""
    content = b"".join(pieces)
    return aside(_taken, folder, content, name, assumed, written=now, now=now)


def back_to_built_in(folder: Path) -> list[str]:
    """Forget every list; the names of those that were."""
    with _alone(folder):
        gone = [source.name for source in sources(folder)]
        _compile(folder, [], [])
        for name in gone:
            _list(folder, name).unlink(missing_ok=True)
    return gone


def take_out(folder: Path, name: str) -> None:
    """Forget a list, in a process of its own: those that are left are read again."""
    aside(remove, folder, name)


def remove(folder: Path, name: str) -> None:
    """Forget a list."""
    with _alone(folder):
        left = [source for source in sources(folder) if source.name != name]
        if len(left) == len(sources(folder)):
            raise NotFound(f"There is no list “{name[:64]}” of address ranges.")
        _compile(folder, left, _spans_of(folder, left))
        _list(folder, name).unlink(missing_ok=True)


def sources(folder: Path) -> list[Source]:
    """The lists in force, by name. Where their file cannot be read, none is."""
    try:
        notes, _, _ = ranges.notes_in((folder / _COMPILED).read_bytes())
        return [Source(**note) for note in notes]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("the lists of address ranges cannot be read: %s", error)
        return []


def in_words(found: Sequence[Source]) -> str:
    """What addresses are looked up in, in one sentence."""
    own = f"mail scanners and clouds as built in ({ranges.BUILT_IN_DATE})"
    if not found:
        return f"{own}; no list is loaded"
    lists = ", ".join(
        f"{source.name} of {source.dated} ({figures.plural(source.number, 'network')})"
        for source in found
    )
    return f"{own}, {lists}"


def networks_in_words(networks: Mapping[str, int]) -> str:
    """How many networks of each kind."""
    return ", ".join(
        f"{figures.plural(networks[address_class], 'network')} of {word}"
        for address_class, word in _WORDS.items()
        if networks.get(address_class)
    )


def stale_in_words(found: Sequence[Source], *, now: datetime) -> str:
    """What is too old, and what to do; empty where nothing is."""
    old = [source for source in found if source.is_stale(now=now)]
    if old:
        names = ", ".join(f"{source.name} of {source.dated}" for source in old)
        return (
            f"Lists of address ranges are older than {_STALE_AFTER.days} days: {names}. Fetch them"
            f" again, and load them {_BY}."
        )
    built = date.fromisoformat(ranges.BUILT_IN_DATE)
    if not found and now.date() - built > _STALE_AFTER:
        return (
            f"Only the address ranges of this release are known, of {ranges.BUILT_IN_DATE}:"
            f" scanners that moved since look like people. Fetch a list, and load it {_BY}."
        )
    return ""


class InForce:
    """The ranges of a data folder in one process; a new file is noticed by `look`."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _COMPILED
        self._seen = (-1, -1)
        self.tables: tuple[Ranges, ...] = (ranges.built_in(),)
        self.look()

    def look(self) -> bool:
        """Read the file if it is another one; whether that changed anything.

        The old one stays in force where the new one cannot be read.
        """
        seen = self._mark()
        if seen == self._seen:
            return False
        self._seen = seen
        try:
            loaded = (ranges.read(self._path.read_bytes()),) if seen != (0, 0) else ()
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("address ranges were not loaded, the old ones stay: %s", error)
            return False
        self.tables = (ranges.built_in(), *loaded)
        return True

    def _mark(self) -> tuple[int, int]:
        try:
            found = self._path.stat()
        except OSError:
            return (0, 0)
        return (found.st_mtime_ns, found.st_ino)


def _source(
    name: str,
    range_list: RangeList,
    assumed: AddressClass | None,
    *,
    written: datetime,
    now: datetime,
) -> Source:
    dated = min(range_list.dated or written.date(), now.date())
    by_class = Counter(span.address_class.value for span in range_list.spans)
    return Source(
        name, dated.isoformat(), clock.iso(now), range_list.sha256, dict(by_class), assumed or ""
    )


def _spans_of(folder: Path, kept: Sequence[Source]) -> Iterator[Span]:
    for source in kept:
        try:
            content = _list(folder, source.name).read_bytes()
        except FileNotFoundError:
            raise Invalid(
                f"The copy of “{source.name}” is gone: load or remove it first."
            ) from None
        assumed = AddressClass(source.assumed) if source.assumed else None
        yield from range_lists.read(content, assumed=assumed).spans


def _compile(folder: Path, kept: Sequence[Source], spans: Sequence[Span] | Iterator[Span]) -> None:
    notes = [asdict(source) for source in sorted(kept, key=lambda one: one.name)]
    _replace(folder / _COMPILED, ranges.written(ranges.compiled(spans), notes))


def _list(folder: Path, name: str) -> Path:
    return folder / "lists" / name


def _replace(path: Path, content: bytes) -> None:
    """Whole or not at all, whoever reads meanwhile."""
    mine = path.with_name(f".{path.name}.{os.getpid()}")
    mine.write_bytes(content)
    mine.replace(path)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else changes the lists meanwhile."""
    (folder / "lists").mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
