"""What hits of unknown kind could change: all of them out, and all of them in."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import tzinfo

from app.analysis import calls
from app.analysis.counts import ArmTotals
from app.analysis.looking import Found, made_of
from app.analysis.matured import Strata, total
from app.analysis.shapes import UnknownRange
from app.experiments.metrics import metric_of
from app.experiments.models import Experiment


def range_with_unknown(
    experiment: Experiment, found: Found, *, zone: tzinfo
) -> UnknownRange | None:
    """The rate with people of unknown kind all out and all in, and whether the call survives it."""
    arm = found.standing.arm
    if not arm.released or not metric_of(found.rule.metric).is_judged:
        return None
    if found.rule.method == "curtailed":
        counted = calls.make(found.standing.with_unknown(), found.rule, breached=()).call.state
        alone = calls.make(found.standing, found.rule, breached=()).call.state
    else:
        alone = made_of(experiment, found, breached=(), zone=zone).call.state
        counted = made_of(experiment, _all_in(found), breached=(), zone=zone).call.state
    return UnknownRange(
        low_rate=arm.did / arm.released,
        high_rate=(arm.did + arm.maybe_did) / arm.released,
        survives=counted is alone,
    )


def _all_in(found: Found) -> Found:
    """As if everybody of unknown kind had done it, in what is counted now and at the last look."""

    def more(arms: Mapping[str, Strata]) -> dict[str, Strata]:
        return {key: _with_unknown(strata, found.totals.get(key)) for key, strata in arms.items()}

    held = found.held
    if held:
        held = (*held[:-1], replace(held[-1], arms=more(held[-1].arms)))
    return replace(found, arms=more(found.arms), held=held)


def _with_unknown(strata: Strata, arm: ArmTotals | None) -> Strata:
    """The unknown are not counted by kind of people, so all are one here: rates don't mind."""
    one = total(strata)
    unknown = arm.maybe_did if arm else 0
    return {"": replace(one, did=min(one.people, one.did + unknown))}
