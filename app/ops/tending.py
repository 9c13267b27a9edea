"""What keeps promises to customers, on its own: erasures are ended, what is old is let go."""

from collections.abc import Callable
from datetime import datetime, timedelta

from app.ops.house import House
from app.privacy.erasing import Finisher

_EVERY = timedelta(seconds=1)  # nobody waits for these


def tending_steps(house: House) -> list[Callable[[datetime], int]]:
    """Each looks once in a while."""
    finisher = Finisher(house.database)
    looked: datetime | None = None

    def end_erasures(now: datetime) -> int:
        nonlocal looked
        if looked is not None and abs(now - looked) < _EVERY:
            return 0
        looked = now
        return finisher.finish_due(now)

    return [end_erasures]
