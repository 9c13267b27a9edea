"""Whether a lead fades over the hours since people got what was tested, in a sentence."""

from collections.abc import Callable, Mapping

from sqlalchemy import String, bindparam, text
from sqlmodel import Session

from app.analysis.counts import ArmTotals
from app.analysis.locked_rule import Rule
from app.platform.db import UtcDateTime
from app.stats.checks import NotEnoughData
from app.stats.fading import Timed, Trend, hazard_trend, value_trend

_Hours = Mapping[str, Mapping[int, int]]  # by arm: people who first did it so many hours later
_SECONDS = 3_600
_BATCH = 10_000

FIRST_HITS = (
    text("""
    -- One row per person who did it: the arm, when they were released, and when they did.
    SELECT o.arm         AS arm,
           o.released_at AS released_at,
           o.did_at      AS did_at
      FROM outcome o
     WHERE o.experiment_id = :experiment_id
       AND o.did_at IS NOT NULL
""")
    .bindparams(bindparam("experiment_id", type_=String()))
    .columns(arm=String(), released_at=UtcDateTime(), did_at=UtcDateTime())
)


def hours_of(session: Session, experiment_id: str) -> dict[str, dict[int, int]]:
    """First hits of every arm by hours since each person's release."""
    found: dict[str, dict[int, int]] = {}
    rows = session.execute(FIRST_HITS, {"experiment_id": experiment_id}).partitions(_BATCH)
    for row in (one for some in rows for one in some):
        hour = max(0, int((row.did_at - row.released_at).total_seconds() // _SECONDS))
        hours = found.setdefault(row.arm, {})
        hours[hour] = hours.get(hour, 0) + 1
    return found


def is_told(rule: Rule) -> bool:
    """Whether anything can be said: of versions that are compared."""
    return rule.kind == "comparison"


def sentence(hours: _Hours, totals: Mapping[str, ArmTotals], rule: Rule) -> str:
    """Of the first version against the baseline; nothing where luck explains it."""
    return _of_first(totals, rule, lambda arm, base: _trend(hours, arm, base))


def value_sentence(
    moments: Mapping[str, Timed], totals: Mapping[str, ArmTotals], rule: Rule
) -> str:
    """The same of what people brought, each value at its moment."""
    return _of_first(
        totals, rule, lambda arm, base: value_trend(moments[arm.key], moments[base.key])
    )


def _trend(hours: _Hours, arm: ArmTotals, base: ArmTotals) -> Trend:
    last = max((hour for of_arm in hours.values() for hour in of_arm), default=0)
    hits, base_hits = (
        [hours.get(arm_totals.key, {}).get(hour, 0) for hour in range(last + 1)]
        for arm_totals in (arm, base)
    )
    return hazard_trend(hits, base_hits, people=arm.released, base_people=base.released)


def _of_first(
    totals: Mapping[str, ArmTotals], rule: Rule, trend_of: Callable[[ArmTotals, ArmTotals], Trend]
) -> str:
    base = totals.get(rule.baseline)
    keys = [key for key in totals if key not in {rule.baseline, "holdout"}]
    if not keys or base is None:
        return ""
    arm = totals[keys[0]]
    try:
        trend = trend_of(arm, base)
    except NotEnoughData:
        return ""
    if not trend.speaks:
        return ""
    if trend.z < 0:
        return (
            f"The lead of “{arm.key}” is largest right after the release and falls from hour to"
            " hour, more than luck explains. That may be novelty; a later wave would tell."
        )
    return (
        f"The lead of “{arm.key}” grows from hour to hour, more than luck explains: people may"
        " need time to learn it."
    )
