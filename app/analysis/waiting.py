"""What a readout says while clicks wait to be read, and about those that never will be."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo

from sqlmodel import Session

from app.analysis import sentences
from app.analysis.known_until import Known, Late
from app.analysis.readout_types import Call, State
from app.analysis.threshold_call import Made
from app.experiments.models import Experiment
from app.platform import figures
from app.tracking import folder_rows, folders
from app.tracking.folder_rows import Unread
from app.tracking.models import LostHits


def for_whom(known: Known, zone: tzinfo) -> tuple[str, ...]:
    """One sentence for each data folder whose clicks are not in: since when, and what to do."""
    return tuple(_sentence(late, zone) for late in known.late)


def for_silent(known: Known, zone: tzinfo) -> tuple[str, ...]:
    """The same, of those about which somebody must do something."""
    return tuple(_sentence(late, zone) for late in known.silent)


def told(call: Call, known: Known, zone: tzinfo) -> Call:
    """The call, saying what it waits for. One whose time has come waits for nothing else."""
    if not known.late:
        return call
    reasons = for_whom(known, zone)
    call = replace(call, because=(*call.because, *reasons))
    if call.state is State.WAITING and _is_due(call.answer_by, known):
        return replace(call, sentence=f"{State.WAITING.word}: {_all(reasons)}")
    return call


def _all(reasons: Sequence[str]) -> str:
    return sentences.lowered(" ".join(reasons))


def why_not_yet(made: Made, known: Known, zone: tzinfo) -> tuple[str, ...]:
    """Why there is no answer yet."""
    if known.late and _is_due(made.call.answer_by, known):
        return for_whom(known, zone)
    return made.missing


def unread_of(session: Session, experiment: Experiment, *, until: datetime) -> Unread:
    """What nobody will ever look at, of the time in which an experiment counted."""
    return folder_rows.unread(session, experiment.id, experiment.started_at, until)


def of_lost(session: Session, lost: Sequence[LostHits], zone: tzinfo) -> Iterator[str]:
    """What to say about it."""
    if not lost:
        return
    names = folders.labels(session)
    if hits := sum(one.hits or 0 for one in lost):
        were = (
            "1 click or open was" if hits == 1 else f"{figures.count(hits)} clicks and opens were"
        )
        yield (
            f"{were} answered and could not be kept while this experiment counted: the disk was"
            " full, or the journal (SPOOL_LIMIT). They may be of any experiment, and count nowhere."
        )
    for lost_hits in lost:
        if lost_hits.hits is None:
            name = names.get(lost_hits.folder_id, lost_hits.folder_id)
            yield (
                f"{name} was retired: what it answered from"
                f" {sentences.moment(lost_hits.since, zone)}"
                f" to {sentences.moment(lost_hits.until, zone)} was never read, and counts nowhere."
            )


def of_counted(hits: int) -> Iterator[str]:
    """What to say about a flood of which nobody was judged past its beginning."""
    if hits:
        yield (
            f"{figures.plural(hits, 'click or open was', 'clicks and opens were')} only counted:"
            " past 100 in a minute or 1,000 of one mail, nobody looks whether a person or a machine"
            " made them."
        )


def _is_due(answer_by: datetime | None, known: Known) -> bool:
    return answer_by is not None and answer_by <= known.now


def _sentence(late: Late, zone: tzinfo) -> str:
    if late.copied:
        return late.copied
    if not late.is_silent:
        so_far = f": up to {sentences.moment(late.until, zone)} they are in" if late.until else ""
        return f"The clicks of {late.name} are being read{so_far}."
    since = sentences.moment(late.seen_at, zone)
    if late.drained:
        return (
            f"Waiting for {late.name}, which was stopped on {since} with all its clicks read: start"
            f" it again, or, if that machine is gone for good, {_way_out(late)}; nothing is lost by"
            " that."
        )
    return (
        f"Waiting for the clicks of {late.name}, silent since {since}: start it again, or, if that"
        f" machine is gone for good, {_way_out(late)}."
    )


def _way_out(late: Late) -> str:
    return f"retire it (page Data folders, or `thinslice folder retire {late.name}`)"
