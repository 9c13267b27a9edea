"""How sound a readout is: the sample ratio, machines, clicks that are late or lost."""

from collections.abc import Collection
from datetime import tzinfo

from sqlmodel import Session

from app.analysis import sentences, splits, waiting
from app.analysis.counts import ArmTotals
from app.analysis.current_call import Found
from app.analysis.readout_types import Health, UnknownRange
from app.experiments.models import Experiment
from app.platform import figures


def health_of(
    session: Session,
    experiment: Experiment,
    found: Found,
    unknown: UnknownRange | None,
    *,
    zone: tzinfo,
) -> Health:
    """What may keep a reader from relying on a readout."""
    known, arms = found.known, found.totals.values()
    ends_at = found.standing.answer_by or known.now
    unread = waiting.unread_of(session, experiment, until=min(ends_at, known.now))
    late = () if known.covers(ends_at) else waiting.for_whom(known, zone)
    ratio = splits.check(experiment.design, found.totals, over=found.standing.over)
    machines = sum(arm.machine_clickers for arm in arms)
    everybody = machines + sum(arm.human_clickers + arm.unknown_clickers for arm in arms)
    return Health(
        sample_ratio=ratio,
        machine_share=machines / everybody if everybody else 0.0,
        warnings=(
            *late,
            *([] if ratio.ok else [sentences.raised(splits.WRONG)]),
            *_warnings(arms, unknown),
            *waiting.of_counted(unread.only_counted),
            *waiting.of_lost(session, unread.lost, zone),
        ),
        ingested_until=known.ingested_until,
        lag_seconds=known.lag_seconds,
        counted_only=unread.only_counted,
        lost_clicks=sum(lost_hits.hits or 0 for lost_hits in unread.lost),
    )


def _warnings(arms: Collection[ArmTotals], unknown: UnknownRange | None) -> list[str]:
    warnings = []
    if uncertain := sum(arm.uncertain for arm in arms):
        mails = figures.plural(uncertain, "mail")
        each = "It counts" if uncertain == 1 else "Each counts"
        warnings.append(f"{mails} may or may not have left: the connection broke. {each}.")
    if lost := sum(arm.failed + arm.bounced for arm in arms):
        whose = "its person counts" if lost == 1 else "their people count"
        warnings.append(f"{figures.plural(lost, 'mail')} did not arrive; {whose} all the same.")
    if untracked := sum(arm.untracked for arm in arms):
        whom = figures.plural(untracked, "person", "people")
        warnings.append(
            f"{whom} refused to be tracked after the start: counted among everybody mailed, with"
            " clicks that count for nobody."
        )
    if unknown and not unknown.survives:
        warnings.append("The result depends on people who may be machines.")
    return warnings
