"""What measured effects add up to, and what of it is likely to last: luck makes them look large."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import fsum, sqrt
from typing import Any, ClassVar

from pydantic import ConfigDict

from app.experiments.metrics import metric_of
from app.platform.shapes import answered
from app.stats.after import shrunk
from app.stats.checks import NotEnoughData


@dataclass(frozen=True, slots=True)
class Claim:
    """Effects of compared rates, summed, in shares: measured, and to be expected without luck."""

    __pydantic_config__: ClassVar[ConfigDict] = answered()

    effects: int
    measured: float
    expected: float


def claim_of(readouts: Iterable[Mapping[str, Any]]) -> Claim | None:
    """One effect of each final readout that compared rates; None with too few for an answer."""
    found = [effect for body in readouts for effect in _effect(body)]
    try:
        expected = shrunk([effect for effect, _ in found], [error for _, error in found])
    except NotEnoughData:
        return None
    return Claim(len(found), fsum(effect for effect, _ in found), fsum(expected))


def _effect(body: Mapping[str, Any]) -> Iterator[tuple[float, float]]:
    """The first version's, not the best one's: the best was chosen for its luck too."""
    rows = body["comparisons"]
    if not rows or metric_of(body["rule"]["metric"]).is_value:
        return
    estimates = {estimate["arm"]: estimate for estimate in body["estimates"]}
    pair = [estimates.get(rows[0][side]) for side in ("arm", "baseline")]
    known = [one for one in pair if one is not None and one["people"]]
    if len(known) < len(pair):
        return
    rates = [one["hits"] / one["people"] for one in known]
    parts = (rate * (1 - rate) / one["people"] for rate, one in zip(rates, known, strict=True))
    if error := sqrt(fsum(parts)):
        yield rates[0] - rates[1], error
