"""Did every version get the people it should?"""

from collections.abc import Mapping
from typing import Any, Protocol

from app.analysis.readout_types import SampleRatio
from app.experiments.vocabulary import HOLDOUT
from app.stats.checks import NotEnoughData
from app.stats.srm import sample_ratio, sample_ratio_evidence

WRONG = (
    "the split went wrong: versions did not get the people that they should have by their weights,"
    " so no comparison of them can be trusted."
)


class _Released(Protocol):
    @property
    def released(self) -> int: ...


def check(design: Mapping[str, Any], arms: Mapping[str, _Released], *, over: bool) -> SampleRatio:
    """Released people against the weights; nothing to say of one version.

    On the way only what may be read at any time gives alarm; the usual test does so once, when
    nobody else will be released.
    """
    weights = weights_of(design)
    if len(weights) < 2:
        return SampleRatio(p_value=None, ok=True)
    people = [arms[key].released if key in arms else 0 for key in weights]
    often = sample_ratio_evidence(people, list(weights.values()))
    try:
        said = sample_ratio(people, list(weights.values()))
    except NotEnoughData:
        return SampleRatio(p_value=None, ok=often.ok, anytime_p=often.p_value)
    ok = often.ok and (said.ok or not over)
    return SampleRatio(p_value=said.p_value, ok=ok, anytime_p=often.p_value)


def weights_of(design: Mapping[str, Any]) -> dict[str, float]:
    """The share of everybody that each arm should get, the holdout among them."""
    holdout = float(design.get("holdout") or 0)
    weights = {arm["key"]: float(arm.get("weight", 1)) for arm in design["arms"]}
    total = sum(weights.values())
    shares = {key: (1 - holdout) * weight / total for key, weight in weights.items()}
    return shares | ({HOLDOUT: holdout} if holdout else {})
