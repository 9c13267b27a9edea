"""What is tended on its own: what is old is let go, salts end with a day, counts stay small."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from sqlmodel import Session

from app.delivery import reply_ageing
from app.ops.installation import House
from app.platform.duties import WHOLE, Duty
from app.platform.put_off import Work
from app.tally import folding
from app.tracking import ageing
from app.tracking.salts import Salts

_EVERY = timedelta(hours=1)  # nobody waits for these
_DAY_SECONDS = 86_400


def tending_duties(house: House) -> tuple[Duty, ...]:
    """Each looks once an hour, and goes on at once while there is more."""
    months, salts = house.settings.keep_events_months, Salts(house.hits / "salts")

    def age(now: datetime) -> int:
        gone = ageing.let_go(house.database, months=months, now=now)
        return gone + reply_ageing.let_go(house.database, months=months, now=now)

    def destroy(now: datetime) -> int:
        """Of an edge that ended, too: nobody else would destroy what it left."""
        salts.destroy_older(int(now.timestamp()) // _DAY_SECONDS)
        return 0

    def fold(_now: datetime) -> int:
        """Once: what a connection holds meanwhile waits for the next hour."""
        with house.database.write() as session:
            folding.fold(session)
        return 0

    steps = {Work.AGE: age, Work.SALTS: destroy, Work.FOLD: fold}
    return tuple(_Hourly(step).duty(work) for work, step in steps.items())


class _Hourly:
    def __init__(self, step: Callable[[datetime], int]) -> None:
        self._step = step
        self._rested: datetime | None = None

    def duty(self, work: Work) -> Duty:
        return Duty(work=work, items=self._items, do=self._do, is_shared=False)

    def _items(self, _session: Session, now: datetime) -> Iterable[str]:
        rests = self._rested is not None and abs(now - self._rested) < _EVERY
        return [] if rests else [WHOLE]

    def _do(self, _whole: str, now: datetime) -> int:
        did = self._step(now)
        self._rested = None if did else now
        return did
