"""What hits of unknown kind could change: all of them out, and all of them in."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import tzinfo

from app.analysis import threshold_call
from app.analysis.counts import ArmTotals
from app.analysis.current_call import Found, made_of
from app.analysis.matured import Strata, total
from app.analysis.planned_looks import people
from app.analysis.readout_types import UnknownRange
from app.experiments.models import Experiment
from app.experiments.vocabulary import Method


def range_with_unknown(
    experiment: Experiment, found: Found, *, zone: tzinfo
) -> UnknownRange | None:
    """The rate with people of unknown kind all out and all in, and whether the call survives it."""
    arm = found.standing.arm
    if not arm.released or not found.rule.counts.is_judged:
        return None
    if found.rule.method == Method.CURTAILED:
        counted = threshold_call.make(found.standing.with_unknown(), found.rule).call.state
        alone = threshold_call.make(found.standing, found.rule).call.state
    elif not arm.maybe_did:
        alone = counted = found.made.call.state
    else:
        alone = made_of(experiment, found, zone=zone).call.state
        counted = made_of(experiment, _all_in(found), zone=zone).call.state
    return UnknownRange(
        low_rate=arm.did / arm.released,
        high_rate=(arm.did + arm.maybe_did) / arm.released,
        survives=counted is alone,
    )


def _all_in(found: Found) -> Found:
    """As if everybody of unknown kind had done it: now, and at each look as many as had matured."""
    held = found.held
    if found.rule.kind == "threshold":
        held = (*held[:-1], *(replace(one, arms=_more(found, one.arms, 1.0)) for one in held[-1:]))
    else:  # what a comparison asks for follows from everybody's hits, so it is asked anew
        most = max(1, people(held[-1].arms)) if held else 1
        held = tuple(
            replace(one, arms=_more(found, one.arms, people(one.arms) / most), asked={})
            for one in held
        )
    return replace(found, arms=_more(found, found.arms, 1.0), held=held)


def _more(found: Found, arms: Mapping[str, Strata], share: float) -> dict[str, Strata]:
    return {
        key: _with_unknown(strata, found.totals.get(key), share) for key, strata in arms.items()
    }


def _with_unknown(strata: Strata, arm: ArmTotals | None, share: float) -> Strata:
    """The unknown are not counted by kind of people, so all are one here: rates don't mind."""
    matured = total(strata)
    unknown = round(arm.maybe_did * share) if arm else 0
    return {"": replace(matured, did=min(matured.people, matured.did + unknown))}
