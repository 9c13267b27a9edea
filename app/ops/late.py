"""What is later than it should be, in words: for `/ready` and `doctor`, by the meters' numbers.

The rules of `deploy/prometheus/alerts.yaml` have the same limits; a test holds them equal.
"""

from collections.abc import Mapping

from app.ops import gauges
from app.ops.gauges import Due, Look
from app.platform import figures
from app.tracking.folders import BEHIND_AFTER

LITTLE_DISK = 1 << 30  # bytes; below it a full disk is days away on a busy installation
FULL_SHARE = 0.8  # of what a journal may hold; chosen by us: time is left to do something
LAG_SECONDS = BEHIND_AFTER.total_seconds()
_MINUTE, _HOUR = 60.0, 3_600.0
# How long each may have been due: minutes where a person waits, hours where another system does.
PATIENCE: Mapping[Due, float] = {
    Due.SEND: 30 * _MINUTE,
    Due.TEAM_MAIL: 15 * _MINUTE,
    Due.PUSH: 30 * _MINUTE,
    Due.EVENT: 5 * _MINUTE,
    Due.JUDGE: 15 * _MINUTE,
    Due.IMPORT: _HOUR,
    Due.SURVEY: _HOUR,
    Due.VALUE: 2 * _HOUR,
}
_WORDS: Mapping[Due, tuple[str, str]] = {
    Due.SEND: ("A mail of an experiment", "does a worker run, and does the mail server answer?"),
    Due.TEAM_MAIL: ("A mail to the team", "does a worker run, and does the mail server answer?"),
    Due.PUSH: ("A push to a connected tool", "does a worker run?"),
    Due.EVENT: ("What happened has not been told to connected tools; it", "does a worker run?"),
    Due.JUDGE: ("The judging of a click", "does an ingester run on every data folder?"),
    Due.IMPORT: ("An import", "does the ingester of the data folder run that took the file?"),
    Due.SURVEY: ("The counting of a week's answers", "does a worker run?"),
    Due.VALUE: ("The reading of a key result's value", "does a worker run?"),
}


def everything(look: Look) -> list[str]:
    """All of it; nothing is known of a database that is away."""
    return [*behind(look), *due(look), *room(look), *disk(look)]


def behind(look: Look) -> list[str]:
    """Clicks that are not in."""
    lag = look.of(gauges.LAG) or 0.0
    if lag <= LAG_SECONDS:
        return []
    return [f"Clicks of the last {_long(lag)} are not all in: an ingester lags or is away."]


def due(look: Look) -> list[str]:
    """Work that has waited longer than it should."""
    waits = {work: look.of(gauges.OLDEST_DUE, work) or 0.0 for work in Due}
    return [
        f"{_WORDS[work][0]} has been due for {_long(seconds)}: {_WORDS[work][1]}"
        for work, seconds in waits.items()
        if seconds > PATIENCE[work]
    ]


def room(look: Look) -> list[str]:
    """A journal that soon takes no more."""
    size, most = look.of(gauges.JOURNAL, "hits") or 0.0, look.of(gauges.JOURNAL_LIMIT) or 1.0
    if size <= FULL_SHARE * most:
        return []
    full = figures.rough(min(size / most, 1.0))
    return [f"The journal of clicks is {full} full: ingest must catch up, or it loses clicks."]


def disk(look: Look) -> list[str]:
    """A disk that is soon full."""
    free = look.of(gauges.DISK)
    if free is None or free >= LITTLE_DISK:
        return []
    megabytes = figures.count(int(free) // 10**6)
    return [f"Only {megabytes} MB are free beside the data folder: make room."]


def _long(seconds: float) -> str:
    for unit, length in (("hour", _HOUR), ("minute", _MINUTE)):
        if seconds >= 2 * length:
            return figures.plural(int(seconds // length), unit)
    return figures.plural(int(seconds), "second")
