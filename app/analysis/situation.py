"""How an experiment stands, for whoever puts its call into words."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from app.analysis.locked_rule import Rule
from app.analysis.readout_types import Estimate
from app.experiments.metrics import Words


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that a sentence about a call may mention."""

    estimate: Estimate
    rule: Rule
    planned: int  # people that the rule was planned for
    pass_count: int
    answer_by: datetime | None
    cut_short: bool = False  # cancelled or decided before everybody was released
    over: bool = False  # nobody else will be mailed
    closing: bool = False  # every window has closed, and the last clicks are settling
    matured: int = 0
    zone: tzinfo = UTC

    @property
    def words(self) -> Words:
        """How people read of what is counted."""
        return self.rule.words
