"""What is counted of many experiments at one moment, in as many questions as of one.

Whatever follows from it (a call, a readout, a look that is due) asks the database nothing more, so
no list can ask once for each of its rows. People are counted from counters (one row per arm and
hour of release): the same for a thousand people and for a million.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from app.analysis import counter_rows, matured, planned_looks
from app.analysis.counts import ArmTotals, arm_of
from app.analysis.known_until import Knowing, Known, of_several
from app.analysis.locked_rule import Rule
from app.analysis.matured import Cut, Matured, Strata, total
from app.analysis.planned_looks import Held
from app.experiments.metrics import metric_of, usual_method
from app.experiments.models import Experiment
from app.experiments.plans import SETTLES_AFTER
from app.experiments.vocabulary import HOLDOUT
from app.platform import garbled

Groups = Sequence[Any]  # rows of counter_rows.counted


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everything that is counted of one experiment.

    totals: what every arm has come to, in the design's order, those without people included.
    arms: everybody whose window has closed and whose clicks have settled, likewise.
    """

    known: Known
    totals: dict[str, ArmTotals]
    arms: Mapping[str, Strata] = field(default_factory=dict)
    held: tuple[Held, ...] = ()


def gather(session: Session, experiment: Experiment, *, now: datetime) -> Gathered:
    """What is counted of one."""
    return gather_many(session, (experiment,), now=now)[experiment.id]


def gather_many(
    session: Session,
    experiments: Sequence[Experiment],
    *,
    now: datetime,
    knowing: Knowing | None = None,
    held: Mapping[str, Sequence[Held]] | None = None,
) -> dict[str, Gathered]:
    """What is counted of each, by its id.

    `knowing` and `held` (the looks at each) spare a question, where the caller has asked it.
    """
    if not experiments:
        return {}
    ids = [experiment.id for experiment in experiments]
    knowing = knowing or of_several(session, ids, now=now)
    asked = {
        experiment.id: _Asked(experiment, knowing.of(experiment.id)) for experiment in experiments
    }
    groups = _by_experiment(counter_rows.counted(session, [one.spans for one in asked.values()]))
    closing = _closing(session, asked, groups)
    held = planned_looks.held_of(session, ids) if held is None else held
    strata = {one.settled: one.strata(groups[key], closing) for key, one in asked.items()}
    arms = matured.told_apart(session, strata, closing)
    return {
        key: Gathered(
            known=one.known,
            totals=one.totals(groups[key], closing),
            arms=arms[one.settled],
            held=tuple(held[key]),
        )
        for key, one in asked.items()
    }


def rule_of(experiment: Experiment) -> Rule:
    """The rule as it was locked at launch."""
    rule, metric = experiment.design["rule"], experiment.design["metric"]
    return Rule(
        kind=rule["kind"],
        threshold=rule.get("threshold"),
        confidence=rule.get("confidence", 0.95),
        method=rule.get("method") or usual_method(rule["kind"]),
        window_hours=metric.get("window_hours") or metric_of(metric["kind"]).window_hours,
        baseline=rule.get("baseline") or "",
        mde=rule.get("mde") or 0.0,
        metric=metric["kind"],
        covariate=bool(metric.get("covariate")),
        link=metric.get("link"),
    )


def stop_at(experiment: Experiment) -> datetime | None:
    """When counting ends for everybody, if the design says so."""
    written = experiment.design.get("stop_at")
    return datetime.fromisoformat(str(written)) if written else None


def can_be_read(experiment: Experiment) -> bool:
    """Whether the design says what is to be counted."""

    def written() -> list[str]:
        rule_of(experiment), stop_at(experiment)
        return [arm["key"] for arm in experiment.design["arms"]]

    return garbled.read(written) is not None


class _Asked:
    """One experiment, and the two moments at which its windows are looked at.

    `closed`: the window is over. `settled`: and no click of it can change its verdict any more.
    """

    def __init__(self, experiment: Experiment, known: Known) -> None:
        rule = rule_of(experiment)
        self.known = known
        self.keys = [arm["key"] for arm in experiment.design["arms"]]
        if experiment.design.get("holdout"):
            self.keys.append(HOLDOUT)
        self._is_judged = metric_of(rule.metric).is_judged
        window, stop = timedelta(hours=rule.window_hours), stop_at(experiment)
        self.closed = Cut.of(experiment.id, window=window, stop_at=stop, at=known.until)
        self.settled = Cut.of(
            experiment.id, window=window, stop_at=stop, at=known.until - SETTLES_AFTER
        )

    @property
    def spans(self) -> tuple[str, datetime, datetime, datetime]:
        young = self.known.until - SETTLES_AFTER
        return self.closed.experiment_id, self.settled.boundary, self.closed.boundary, young

    def totals(self, groups: Groups, closing: Mapping[Cut, Groups]) -> dict[str, ArmTotals]:
        """Every arm; what is not judged has no verdict that a neighbour may change."""
        closed = self._matured(groups, closing.get(self.closed, ()), parts=(0, 1))
        by_arm = defaultdict(list)
        for row in groups:
            by_arm[row.arm].append(row)
        found = {
            key: arm_of(key, rows, total(closed.get(key, {})), is_judged=self._is_judged)
            for key, rows in by_arm.items()
        }
        return {
            key: found[key] if key in found and found[key].released else ArmTotals(key)
            for key in self.keys
        }

    def strata(
        self, groups: Groups, closing: Mapping[Cut, Groups]
    ) -> dict[str, dict[str, Matured]]:
        """Everybody whose window has closed and settled, every arm named."""
        found = self._matured(groups, closing.get(self.settled, ()), parts=(0,))
        return {key: found.get(key, {}) for key in self.keys}

    @staticmethod
    def _matured(
        groups: Groups, closing: Groups, *, parts: tuple[int, ...]
    ) -> dict[str, dict[str, Matured]]:
        rows = [row for row in groups if row.part in parts]
        return matured.summed((*rows, *closing))


def _by_experiment(rows: Sequence[Any]) -> defaultdict[str, list[Any]]:
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.experiment_id].append(row)
    return found


def _closing(
    session: Session, asked: Mapping[str, _Asked], groups: Mapping[str, Groups]
) -> dict[Cut, list[Any]]:
    """People of the hours in which windows are closing just now, where anybody was released."""
    people: dict[Cut, int] = {}
    for key, one in asked.items():
        rows = groups.get(key, ())
        people[one.closed] = sum(int(row.closing) for row in rows)
        people[one.settled] = sum(int(row.settling) for row in rows)
    arms = {cut: asked[cut.experiment_id].keys for cut in people}
    return matured.closing(session, people, arms)
