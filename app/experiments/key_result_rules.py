"""May this experiment write to that key result? A click is a sign, so by default none does."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from app.experiments import store
from app.experiments.metrics import Metric, of_design
from app.experiments.models import Experiment, Status
from app.experiments.vocabulary import Mode, RuleKind
from app.okr import ledger
from app.okr import store as okr
from app.okr.models import KeyResult
from app.platform.errors import Conflict

_LONGEST_CHAIN = 1_000  # runs of one series; a ring of ids ends here, too


def refuse_unfit(
    session: Session, design: Mapping[str, Any], *, experiment_id: str | None = None
) -> None:
    """Raise Conflict with a sentence where a link cannot do what its mode promises."""
    for link in design["key_results"]:
        mode = Mode(link["mode"])
        if mode is Mode.EVIDENCE:
            continue
        row = okr.key_result_of(session, link["key_result_id"])
        ledger.refuse_other_sources(row)
        if mode is Mode.CONTRIBUTION:
            _refuse_contribution(design, row)
        else:
            _refuse_direct(design, row)
        _refuse_company(session, design, row, mode, experiment_id=experiment_id)


def bearing(experiment: Experiment) -> Mapping[str, Any]:
    """The design as far as its result bears on anything: a rehearsal's, on no key result."""
    return experiment.design | ({"key_results": []} if experiment.rehearsal else {})


def mode_of(experiment: Experiment, key_result_id: str) -> Mode | None:
    """How an experiment is linked to a key result, if it is."""
    links = experiment.design.get("key_results") or []
    found = (link for link in links if link["key_result_id"] == key_result_id)
    return next((Mode(link.get("mode", Mode.EVIDENCE)) for link in found), None)


def linked_at(experiment: Experiment, key_result_id: str) -> datetime | None:
    """When an experiment was tied to a key result, if that was after its launch."""
    links = experiment.design.get("key_results") or []
    at = next(
        (one.get("linked_at") for one in links if one["key_result_id"] == key_result_id), None
    )
    return datetime.fromisoformat(at) if at else None


def series_of(session: Session, experiment_id: str | None) -> str | None:
    """The first run of the series that an experiment belongs to."""
    first = experiment_id
    for _ in range(_LONGEST_CHAIN):
        row = session.get(Experiment, first) if first else None
        if row is None or row.previous_id is None:
            break
        first = row.previous_id
    return first


def _refuse_contribution(design: Mapping[str, Any], row: KeyResult) -> None:
    metric = of_design(design)
    if design["rule"]["kind"] != RuleKind.COMPARISON:
        raise Conflict(
            "A contribution is what came on top of a group that got nothing: give the experiment a"
            " comparison rule with a baseline, or link it as evidence."
        )
    if not metric.is_reported:
        raise Conflict(
            f"A {_said(metric)} is a sign, not what “{row.title}” counts: measure conversions or"
            " value per person, or link the experiment as evidence."
        )
    _refuse_unit(row, metric, in_percent=False)


def _refuse_direct(design: Mapping[str, Any], row: KeyResult) -> None:
    metric = of_design(design)
    treated = [arm for arm in design["arms"] if arm["key"] != design["rule"].get("baseline")]
    if len(treated) != 1:
        raise Conflict(
            f"“{row.title}” takes one value per run, and this experiment measures several versions:"
            " keep one, or link it as evidence."
        )
    _refuse_unit(row, metric, in_percent=not metric.is_value)


def _refuse_unit(row: KeyResult, metric: Metric, *, in_percent: bool) -> None:
    counted = not metric.is_value and not in_percent
    fits = (
        row.unit == "percent"
        if in_percent
        else row.unit == "number"
        if counted
        else row.unit != "percent"
    )
    if not fits:
        wanted = "percent" if in_percent else "number" if counted else "number or a currency"
        raise Conflict(
            f"“{row.title}” is in {row.unit}; what a {_said(metric)} gives here is in {wanted}."
            " Choose a key result in that unit, or link the experiment as evidence."
        )


def _refuse_company(
    session: Session,
    design: Mapping[str, Any],
    row: KeyResult,
    mode: Mode,
    *,
    experiment_id: str | None,
) -> None:
    """A key result holds either a ledger or one series of runs."""
    series = series_of(session, design.get("previous_id")) or experiment_id
    for other in store.linked_to(session, row.id):
        theirs = mode_of(other, row.id)
        if other.id == experiment_id or theirs in {None, Mode.EVIDENCE} or _is_off(other):
            continue
        if theirs is not mode:
            raise Conflict(
                f"“{other.name}” writes to “{row.title}” as {theirs}; a key result holds"
                " contributions or the runs of one experiment, not both."
            )
        if mode is Mode.DIRECT and series_of(session, other.id) != series:
            raise Conflict(
                f"“{row.title}” is the metric of “{other.name}” already. Run that one again, or"
                " link this experiment as evidence."
            )


def _is_off(experiment: Experiment) -> bool:
    is_undone = experiment.status == Status.CANCELLED and experiment.started_at is None
    return is_undone or experiment.rehearsal


def _said(metric: Metric) -> str:
    return metric.kind.replace("_", " ")
