"""The call of a comparison: versions against their baseline, in a sentence."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from app.analysis import comparison_looks, comparisons, sentences, versus
from app.analysis.locked_rule import Rule
from app.analysis.matured import Strata, total
from app.analysis.planned_looks import Held
from app.analysis.readout_types import Call, Comparison, State
from app.analysis.threshold_call import Made
from app.platform import figures


def make(
    arms: dict[str, Strata],
    rule: Rule,
    *,
    held: Sequence[Held],
    planned: dict[str, int],
    ended: bool,
    answer_by: datetime | None,
    zone: tzinfo,
) -> Made:
    """What the rule says of every version, and of all together."""
    people = sum(planned.values())
    if rule.method == "fixed":
        rows = comparisons.now(arms, rule, ended=ended)
    else:
        ended = ended and bool(held) and held[-1].last
        rows = comparison_looks.by_looks(
            held, rule, planned, versus.others(arms, rule), ended=ended
        )
    state = comparisons.overall(rows, ended=ended)
    estimates = comparisons.estimates(arms, rule.metric, confidence=rule.confidence)
    call = Call(
        state=state,
        provisional=False,
        sentence=_sentence(state, rows, rule, answer_by=answer_by, zone=zone),
        because=tuple(_fact(row, rule) for row in rows),
        pass_count=None,
        answer_by=answer_by,
    )
    missing = _missing(arms, rows, people, answer_by, zone)
    return Made(call, estimates, missing, comparisons=rows)


def _sentence(
    state: State,
    rows: Sequence[Comparison],
    rule: Rule,
    *,
    answer_by: datetime | None,
    zone: tzinfo,
) -> str:
    when = f" The answer comes by {sentences.moment(answer_by, zone)}." if answer_by else ""
    return f"{state.word}: {_said(state, rows, rule)}{when if state is State.WAITING else ''}"


def _said(state: State, rows: Sequence[Comparison], rule: Rule) -> str:
    """What stands behind the verdict."""
    if state is State.VALIDATED:
        better = [row for row in rows if row.state is State.VALIDATED]
        best = max(better, key=lambda row: row.low or 0)
        return f"“{best.arm}” beats “{best.baseline}” {_by(best, rule)}."
    if state is State.REFUTED:
        worst = max(rows, key=lambda row: row.high or 0)
        return (
            f"no version beats “{rule.baseline}” by {_wanted(rule)} or more"
            f" (at most {_amount(worst.high or 0, rule)})."
        )
    return _unsure(rows, rule) if state is State.INCONCLUSIVE else _not_yet(rows)


def _unsure(rows: Sequence[Comparison], rule: Rule) -> str:
    known = [row for row in rows if row.difference is not None]
    if not known:
        return _not_yet(rows)
    told = "; ".join(f"“{row.arm}” {_lead(row, rule)}" for row in known)
    return f"against “{rule.baseline}” {told}."


def _not_yet(rows: Sequence[Comparison]) -> str:
    """Why there is no number, or none that says anything."""
    reasons = sorted({row.reason for row in rows if row.reason})
    return sentences.lowered(" ".join(reasons)) or "windows are open."


def _by(row: Comparison, rule: Rule) -> str:
    return f"by {_lead(row, rule)}"


def _lead(row: Comparison, rule: Rule) -> str:
    """What was measured, whether it can be told from none or not."""
    return (
        f"{_amount(row.difference or 0, rule)} ({_amount(row.low or 0, rule)} to"
        f" {_amount(row.high or 0, rule)}, {figures.limit(round(row.confidence, 4))} sure)"
    )


def _fact(row: Comparison, rule: Rule) -> str:
    if row.difference is None:
        return f"“{row.arm}” against “{row.baseline}”: {sentences.lowered(row.reason or '')}"
    chance = (
        f"; chance to be better {figures.chance(row.chance_to_beat)} (description only)"
        if row.chance_to_beat is not None
        else ""
    )
    return f"“{row.arm}” against “{row.baseline}”: {_lead(row, rule)}, {row.method}{chance}."


def _amount(difference: float, rule: Rule) -> str:
    """`+1.6 points` of a rate, `+12.50 per person` of a value."""
    if rule.counts.is_value:
        return f"{figures.signed_value(difference)} per person"
    return figures.points(difference)


def _wanted(rule: Rule) -> str:
    """What the author called worth having, as the card says it."""
    if rule.counts.is_value:
        return f"{figures.value(rule.mde)} per person"
    return figures.set_points(rule.mde)


def _missing(
    arms: dict[str, Strata],
    rows: Sequence[Comparison],
    planned: int,
    answer_by: datetime | None,
    zone: tzinfo,
) -> tuple[str, ...]:
    closed = sum(total(strata).people for strata in arms.values())
    facts = [f"{figures.count(closed)} of {figures.people(planned)} have had their whole window."]
    facts += sorted({row.reason for row in rows if row.reason})
    if answer_by:
        facts.append(f"The answer comes by {sentences.moment(answer_by, zone)}.")
    return tuple(facts)
