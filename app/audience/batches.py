"""How many records of a file are held at once."""

import time
from collections.abc import Iterator
from itertools import islice

from app.audience.reading import Record

_TAKE_BYTES = 8 << 20  # of the file, held in memory as cells
_TAKE_SECONDS = 0.5  # a file of quotes that never close is read a thousand times over


def take(records: Iterator[Record], count: int) -> tuple[list[Record], bool]:
    """The next records, as many as may be held and read at once; whether there may be more."""
    taken: list[Record] = []
    ends = time.monotonic() + _TAKE_SECONDS
    for record in islice(records, count):
        taken.append(record)
        if record.offset - taken[0].offset > _TAKE_BYTES or time.monotonic() > ends:
            return taken, True
    return taken, len(taken) == count
