"""What a readout says first, without what it rests on: for pages that show no more."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from sqlmodel import Session

from app.analysis import gathered, readout, sentences
from app.analysis.current_call import look
from app.analysis.locked_rule import Rule
from app.analysis.models import Snapshot
from app.analysis.readout_json import of_json
from app.analysis.readout_types import Call, Comparison, Estimate
from app.analysis.unknowns import range_with_unknown
from app.experiments.models import Experiment


@dataclass(frozen=True, slots=True)
class Heading:
    """The parts of a Readout that stand at its head."""

    call: Call
    estimates: tuple[Estimate, ...]
    comparisons: tuple[Comparison, ...]
    headline: str
    rule: Rule


def heading_of(
    session: Session,
    experiment: Experiment,
    frozen: Snapshot | None,
    *,
    now: datetime,
    zone: tzinfo = UTC,
) -> Heading:
    """As `readout.beside` says it, word for word."""
    found = look(experiment, gathered.gather(session, experiment, now=now), zone=zone)
    if frozen is not None:
        kept = of_json(frozen.body)
        call = readout.kept_call(kept, frozen, found, zone)
        return Heading(call, kept.estimates, kept.comparisons, kept.headline, kept.rule)
    unknown = range_with_unknown(experiment, found, zone=zone)
    headline = sentences.headline(readout.arms_of(experiment, found), found.rule)
    made = found.made
    call = readout.call_of(found, unknown, zone)
    return Heading(call, made.estimates, made.comparisons, headline, found.rule)
