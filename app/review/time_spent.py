"""A week's time as the review tells it: both denominators, targets, who answered."""

from collections.abc import Mapping, Sequence

from sqlmodel import Session

from app.allocation import weeks as allocation
from app.allocation.models import Bucket
from app.allocation.summary import Split
from app.allocation.weeks import Week
from app.review.shapes import BucketShare, TimeSplit


def time_split(session: Session, week: str) -> TimeSplit | None:
    """Where a week went; None where nobody was asked."""
    return of_several(session, (week,))[week]


def of_several(session: Session, weeks: Sequence[str]) -> dict[str, TimeSplit | None]:
    """Where each of these weeks went."""
    every = {one for week in weeks for one in allocation.looked_back(week)}
    seen = allocation.of_several(session, sorted(every))
    return {week: _split(week, seen) for week in weeks}


def _split(week: str, every: Mapping[str, Week]) -> TimeSplit | None:
    seen = every.get(week)
    if seen is None or not seen.asked:
        return None
    split = seen.everybody
    return TimeSplit(
        asked=seen.asked,
        answered=seen.answered,
        non_elective=split.non_elective if split else None,
        buckets=tuple(_share(bucket, split) for bucket in seen.buckets) if split else (),
        rising=allocation.is_rising(every, week),
    )


def _share(bucket: Bucket, split: Split) -> BucketShare:
    told = bucket.elective and split.of_elective
    return BucketShare(
        name=bucket.name,
        elective=bucket.elective,
        of_all=split.of_all.get(bucket.id, 0.0),
        of_elective=split.of_elective.get(bucket.id, 0.0) if told else None,
        target=bucket.target,
    )
