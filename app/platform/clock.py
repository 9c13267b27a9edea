"""The one place that asks what time it is. Everything else takes `now` as an argument."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

SHIFT = "THINSLICE_CLOCK_SHIFT_SECONDS"  # a rehearsal on another day; `doctor` warns of it

_shift = round(float(os.environ.get(SHIFT, "0")) * 1_000_000)  # microseconds
_ahead = 0  # microseconds that the clock that we go by is before this machine's


def now() -> datetime:
    """The present, aware, in UTC."""
    return moment(micros())


def micros() -> int:
    """The present in microseconds since 1970: what a hit is stamped with."""
    return machine_micros() + _ahead + _shift


def machine_micros() -> int:
    """What this machine's own clock says, whatever we go by."""
    return time.time_ns() // 1000


def agree(least: timedelta, most: timedelta) -> None:
    """Go by a clock that is before this machine's by `least` to `most`, with no needless step."""
    global _ahead  # noqa: PLW0603 - a process has one clock
    _ahead = min(max(_ahead, least // _MICROSECOND), most // _MICROSECOND)


def ahead() -> timedelta:
    """How far the clock that we go by is before this machine's; zero where it is its own."""
    return _ahead * _MICROSECOND


def moment(micros: int) -> datetime:
    """A stamp as a moment."""
    return _EPOCH + micros * _MICROSECOND


def micros_of(moment: datetime) -> int:
    """An aware moment in microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def written(path: Path) -> datetime:
    """When a file was last written, by this clock: the file system knows the machine's own."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC) + (_ahead + _shift) * _MICROSECOND


def shift() -> timedelta:
    """How far this process's clock was moved by its operator; zero in every real installation."""
    return _shift * _MICROSECOND


def iso(moment: datetime) -> str:
    """RFC 3339 in UTC, as the API writes it: `2026-11-22T09:00:00Z`."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
