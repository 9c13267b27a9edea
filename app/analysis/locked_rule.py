"""What decides an experiment, and what is counted for it."""

from dataclasses import dataclass

from app.experiments.metrics import Metric, Words, metric_of
from app.experiments.vocabulary import MetricKind


@dataclass(frozen=True, slots=True)
class Rule:
    """The rule as it was locked at launch."""

    kind: str
    threshold: float | None
    confidence: float
    method: str
    window_hours: float
    baseline: str = ""
    mde: float = 0.0
    metric: str = MetricKind.CLICK_RATE
    covariate: bool = False
    link: str | None = None  # that the metric names

    @property
    def counts(self) -> Metric:
        """What is counted, and how people read of it."""
        return metric_of(self.metric)

    @property
    def words(self) -> Words:
        """Its words; of a named link, with its name."""
        return self.counts.words.on(self.link)

    @property
    def looks_by_people(self) -> bool:
        """A comparison that may be read at any time: looked at as often as people have matured."""
        return self.kind == "comparison" and self.method == "anytime"

    @property
    def limit(self) -> float:
        """The rate to exceed, of a threshold rule."""
        assert self.threshold is not None
        return self.threshold
