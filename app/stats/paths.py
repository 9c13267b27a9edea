"""How an arm's hits may have come about, look by look, given the hits of both arms together."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from app.stats.score import Pair

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_WHOLE = 400  # as many counts are never cut
_CUT = 55.0  # in logarithms: of more, those rarer than 1e-24 of the likeliest are
_MANY = 150_000  # products of chances; more are joined by Fourier's way, which is faster
_ROUNDED = 1e-14  # the chance that its rounding may hide, about
_MISSING = 1e-20  # the chance that is cut away then, at most


@dataclass(frozen=True, slots=True)
class Paths:
    """The chance of each count of the arm's hits, from `first` on, among paths still open.

    missing: no more than this was cut away at the ends, where chances vanish.
    """

    first: int
    chances: "Floats"
    missing: float = 0.0

    def below(self, needed: int) -> "Paths":
        """Only the paths with fewer hits: the others have ended."""
        return Paths(self.first, self.chances[: max(0, needed - self.first)], self.missing)


@dataclass(frozen=True, slots=True)
class Step:
    """What changed from one look to the next.

    new: the arm's share of the hits of people who are new at this look. gained, lost: hits of
    people seen before that were found, or taken back, since. before, now: how it stood and stands.
    """

    new: Paths
    gained: int
    lost: int
    before: Pair
    now: Pair

    def after(self, paths: Paths) -> Paths:
        """The paths, one look further."""
        moved = paths
        if self.gained:
            moved = _gained(moved, self.before, self.gained)
        if self.lost:
            together = self.before.hits + self.before.base_hits + self.gained
            moved = _lost(moved, together, self.lost)
        return _joined(moved, self.new)


NOBODY = Pair(0, 0, 0, 0)


def start() -> Paths:
    """Before the first look nobody has done anything."""
    import numpy as np  # noqa: PLC0415 - NumPy takes long to import

    return Paths(0, np.ones(1))


@lru_cache(maxsize=256)
def steps_of(looks: tuple[Pair, ...]) -> tuple[Step, ...]:
    """The steps between looks, each of which tells of everybody until then."""
    return tuple(_step(before, now) for before, now in zip((NOBODY, *looks), looks, strict=False))


def _step(before: Pair, now: Pair) -> Step:
    people = max(0, now.people - before.people)
    base_people = max(0, now.base_people - before.base_people)
    own, own_changed = _split(now.hits - before.hits, people)
    base, base_changed = _split(now.base_hits - before.base_hits, base_people)
    changed = (own_changed, base_changed)
    return Step(
        new=_shared(people, base_people, own + base),
        gained=sum(max(0, one) for one in changed),
        lost=sum(max(0, -one) for one in changed),
        before=before,
        now=now,
    )


def _split(more: int, people: int) -> tuple[int, int]:
    """Hits of new people, and what is left: hits of earlier ones that were found or taken back."""
    new = min(max(0, more), people)
    return new, more - new


def _shared(people: int, base_people: int, hits: int) -> Paths:
    """How many of these hits are the arm's, if chance alone dealt them out: hypergeometric."""
    import numpy as np  # noqa: PLC0415 - NumPy takes long to import

    first, last = max(0, hits - base_people), min(hits, people)
    count = np.arange(first, last, dtype=np.float64)
    ups = np.log((people - count) * (hits - count))
    downs = np.log((count + 1) * (base_people - hits + count + 1))
    logs = np.concatenate(([0.0], np.cumsum(ups - downs)))
    logs -= logs.max()
    missing = 0.0
    if len(logs) > _WHOLE:
        kept = np.flatnonzero(logs > -_CUT)
        first, logs, missing = first + int(kept[0]), logs[kept[0] : kept[-1] + 1], _MISSING
    chances = np.exp(logs)
    return Paths(first, chances / chances.sum(), missing)


def _joined(paths: Paths, more: Paths) -> Paths:
    import numpy as np  # noqa: PLC0415 - NumPy takes long to import

    if not len(paths.chances):
        return paths
    first, missing = paths.first + more.first, paths.missing + more.missing
    if len(paths.chances) * len(more.chances) > _MANY:
        found, least, lost = _transformed(paths.chances, more.chances), _ROUNDED, _ROUNDED
    else:
        found, least, lost = np.convolve(paths.chances, more.chances), np.exp(-_CUT), _MISSING
    if len(found) <= _WHOLE:
        return Paths(first, found, missing)
    kept = np.flatnonzero(found > found.max() * least / len(found))
    return Paths(first + int(kept[0]), found[kept[0] : kept[-1] + 1], missing + lost)


def _transformed(one: "Floats", other: "Floats") -> "Floats":
    """The convolution, by Fourier's transform."""
    import numpy as np  # noqa: PLC0415 - NumPy takes long to import

    size = len(one) + len(other) - 1
    room = 1 << (size - 1).bit_length()
    together = np.fft.irfft(np.fft.rfft(one, room) * np.fft.rfft(other, room), room)[:size]
    return np.maximum(0.0, together)


def _gained(paths: Paths, before: Pair, hits: int) -> Paths:
    """Hits found later fall on those who had none, of whom each count leaves the arm so many.

    That any of them may be meant, whenever they were first seen, is exact for one look before and
    close for several.
    """
    without = before.base_people - before.hits - before.base_hits
    crowds = [(before.people - count, without + count) for count in _counts(paths)]
    return _moved(paths, crowds, hits, 1)


def _lost(paths: Paths, together: int, hits: int) -> Paths:
    """Hits taken back are taken from those who had one, `together` in both arms."""
    return _moved(paths, [(count, together - count) for count in _counts(paths)], hits, -1)


def _counts(paths: Paths) -> range:
    return range(paths.first, paths.first + len(paths.chances))


def _moved(paths: Paths, crowds: Sequence[tuple[int, int]], hits: int, sign: int) -> Paths:
    """Each count moved by its share of the hits, which fall on ours or theirs by lot."""
    import numpy as np  # noqa: PLC0415 - NumPy takes long to import

    least = paths.first if sign > 0 else paths.first - hits
    found = np.zeros(len(paths.chances) + hits)
    for count, chance, (ours, theirs) in zip(_counts(paths), paths.chances, crowds, strict=True):
        if min(ours, theirs) < 0 or ours + theirs < hits:
            continue  # such a path cannot have been
        drawn = _shared(ours, theirs, hits)
        places = count - least + sign * np.array(_counts(drawn))
        found[places] += chance * drawn.chances
    return Paths(least, found, paths.missing + _MISSING)
