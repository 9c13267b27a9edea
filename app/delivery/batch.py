"""What one step of the sender works on, and what is known of each of it at any moment."""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from app.delivery.replies import Meaning, is_ours
from app.delivery.reserving import Prepared
from app.delivery.settling import Reserved, Result

_TELLING = {
    Meaning.ACCEPTED,
    Meaning.POLICY,
    Meaning.REFUSED,
    Meaning.CONTENT,
    Meaning.NO_SUCH_ADDRESS,
}
_BROKEN_OFF = "The sender broke off before the server's reply came."


class Batch:
    """Reserved sends: those that wait, those that are under way, and the results."""

    def __init__(
        self,
        prepared: Sequence[Prepared | Result],
        *,
        now: datetime,
        ticks: Callable[[], float],
        relay: str = "",
    ) -> None:
        """`relay`: which one it is for."""
        self.waiting = deque(one for one in prepared if isinstance(one, Prepared))
        self.results = [result for result in prepared if isinstance(result, Result)]
        self.ids = {one.reserved.send_id for one in self.waiting}
        self.attempted: set[int] = set()  # the server may have heard these
        self.stopped = ""
        self.broken = ""  # a defect of ours, met after the server heard a mail
        self._under_way: dict[int, Reserved] = {}
        self._relay = relay
        self._now = now
        self._ticks = ticks
        self._began = ticks()
        self._retry_at: datetime | None = None

    def take(self) -> Prepared:
        """The next one, to be attempted."""
        prepared = self.waiting.popleft()
        self._under_way[prepared.reserved.send_id] = prepared.reserved
        return prepared

    def heard(self, result: Result) -> None:
        """This became of one that was taken."""
        del self._under_way[result.reserved.send_id]
        self.results.append(result)

    def server_is_away(self) -> bool:
        """Some reply says that everybody must wait, or we had better."""
        return bool(self.away())

    def away(self) -> str:
        """What it said of that; nothing where it is there."""
        words = (one.words for one in self.results if one.meaning is Meaning.LATER_ALL)
        return self.broken or next(words, "")

    def is_refused_for_us(self, last: Result) -> bool:
        """Most of an experiment's recipients were refused by policy: that is our fault.

        Only another refusal can make it most of them: then they are counted.
        """
        if last.meaning is not Meaning.POLICY:
            return False
        heard = [
            result.meaning is Meaning.POLICY
            for result in self.results
            if result.reserved.experiment_id == last.reserved.experiment_id
            and result.meaning in _TELLING
        ]
        return is_ours(heard)

    def rest(self, seconds: float) -> None:
        """Nobody of this batch is tried again before that has passed."""
        self._retry_at = self.moment() + timedelta(seconds=seconds)

    @property
    def seconds(self) -> float:
        """How long it is under way."""
        return self._ticks() - self._began

    def moment(self) -> datetime:
        """The present, by a clock that nobody sets."""
        return self._now + timedelta(seconds=self.seconds)

    def withdrawn(self) -> list[Result]:
        """Those that wait, for another relay; what was taken goes on."""
        now = self.moment()
        waiting = [one.reserved for one in self.waiting]
        self.waiting.clear()
        self.ids -= {one.send_id for one in waiting}
        return [Result(one, Meaning.NOT_ATTEMPTED, "", now) for one in waiting]

    def results_of_all(self) -> list[Result]:
        """What became of every one, of those too that were not reached or were broken off."""
        now = self.moment()
        for prepared in self.waiting:
            self._leave(prepared.reserved, Meaning.NOT_ATTEMPTED, self.stopped, now)
        for send_id, reserved in self._under_way.items():
            if send_id in self.attempted:
                self._leave(reserved, Meaning.UNCERTAIN, _BROKEN_OFF, now)
            else:
                self._leave(reserved, Meaning.NOT_ATTEMPTED, "", now)
        self.waiting.clear()
        self._under_way.clear()
        return [self._rested(result) for result in self.results]

    def _leave(self, reserved: Reserved, meaning: Meaning, words: str, now: datetime) -> None:
        relay = self._relay if meaning is Meaning.UNCERTAIN else ""
        self.results.append(Result(reserved, meaning, words, now, self._retry_at, relay))

    def _rested(self, result: Result) -> Result:
        return result.later(self._retry_at) if result.meaning is Meaning.LATER_ALL else result
