"""What stands beside a check-in: who has read it, and a button for whoever has not said so."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.identity.callers import Principal
from app.review import seen
from app.review.seen import Reader

Readers = Mapping[str, Sequence[Reader]]  # by check-in


@dataclass(frozen=True, slots=True)
class CheckedIn:
    """A check-in that somebody may say they have seen."""

    id: str
    key_result_id: str
    by: str
    asks: bool = True  # False: so old that nobody need say so any more


@dataclass(frozen=True, slots=True)
class SeenLine:
    """What kit/seen.html draws. `everybody`: by name, the first first."""

    check_in: CheckedIn
    sentence: str
    everybody: tuple[str, ...]
    is_said: bool  # by whoever looks
    is_own: bool  # theirs to be read by others


class HasCheckIn(Protocol):
    """A key result as it is told, with its last check-in."""

    @property
    def checked_in(self) -> CheckedIn | None:
        """None: nobody put the value that it stands at."""
        ...


def of_lines(who: Principal, told: Iterable[HasCheckIn], found: Readers) -> Mapping[str, SeenLine]:
    """Of the last check-in of each key result, by those who have read it."""
    return lines(who, [one.checked_in for one in told if one.checked_in], found)


def lines(who: Principal, check_ins: Iterable[CheckedIn], found: Readers) -> Mapping[str, SeenLine]:
    """Of each check-in, by its id."""
    every = {one.id: one for one in check_ins}
    return {
        key: SeenLine(
            check_in=one,
            sentence=seen.in_words(found.get(key, ()), reader=who.user_id),
            everybody=tuple(reader.name for reader in found.get(key, ())),
            is_said=who.user_id in {reader.user_id for reader in found.get(key, ())},
            is_own=one.by == who.name,
        )
        for key, one in every.items()
    }
