"""Harms that are watched while an experiment runs."""

from collections.abc import Iterable, Mapping
from typing import Any

from app.analysis.counts import ArmTotals
from app.analysis.readout_types import Guardrail
from app.experiments.models import Experiment
from app.experiments.vocabulary import HOLDOUT
from app.stats.guardrails import guard

# Statistics (d): which people each harm is counted among.
_COUNTED = {
    "unsubscribe_rate": ("unsubscribed", "delivered"),
    "complaint_rate": ("complained", "delivered"),
    "bounce_rate": ("bounced", "released"),  # attempted: nobody is mailed in the holdout
}


def watch(experiment: Experiment, totals: Mapping[str, ArmTotals]) -> tuple[Guardrail, ...]:
    """Every guardrail in every arm."""
    design, planned = experiment.design, (experiment.plan or {}).get("arms") or {}
    return tuple(
        _look(wanted, total, planned=planned.get(total.key) or experiment.enrolled or 1)
        for wanted in design.get("guardrails") or []
        for total in totals.values()
        if total.key != HOLDOUT
    )


def breached(watched: Iterable[Guardrail]) -> tuple[Guardrail, ...]:
    """Those that are proven to be over their limit."""
    return tuple(guardrail for guardrail in watched if not guardrail.ok)


def _look(wanted: Mapping[str, Any], total: ArmTotals, *, planned: int) -> Guardrail:
    did, of_whom = _COUNTED[wanted["metric"]]
    people = getattr(total, of_whom)
    hits = min(
        getattr(total, did), people
    )  # somebody may leave before the mail is known to be there
    said = guard(hits, people, maximum=wanted["max"], n_max=max(planned, people, 1))
    return Guardrail(
        metric=wanted["metric"],
        arm=total.key,
        rate=said.rate,
        max=wanted["max"],
        state=said.state,
        ok=said.ok,
        hits=hits,
        people=people,
    )
