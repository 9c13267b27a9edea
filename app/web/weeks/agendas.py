"""A week's review laid out: the same for its page, its open link and what was frozen."""

from dataclasses import dataclass
from datetime import date as Date

from app.allocation.models import Bucket
from app.okr import sayings
from app.platform import figures
from app.review.shapes import BucketShare, Decided, Item, Overdue, Review, Starting, TimeSplit
from app.web.kit import charts, formatting, key_result_line
from app.web.kit.charts import Chart, Charts
from app.web.kit.key_result_line import Line
from app.web.kit.plots import Bar

_KINDS = ("caution", "better", "quiet", "plain")  # of a stacked bar's parts, in the buckets' order
_WAITS = {"decision": "experiments", "value": "key-results"}  # where one goes to end the waiting


@dataclass(frozen=True, slots=True)
class Share:
    """A bucket's share beside its target."""

    name: str
    share: str
    target: str
    of_what: str


@dataclass(frozen=True, slots=True)
class Spent:
    """A week's time as one sentence, a stacked bar and a table."""

    sentence: str
    parts: tuple[tuple[float, str], ...]
    shares: tuple[Share, ...]
    rising: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something overdue, and where to end it."""

    name: str
    owner: str
    sentence: str
    href: str


@dataclass(frozen=True, slots=True)
class Agenda:
    """What templates/weeks/agenda.html draws, in the order of the talk."""

    week: str
    days: str
    sentence: str
    key_results: tuple[Line, ...]
    small_print: str
    unusual: tuple[str, ...]
    decided: tuple[Decided, ...]
    avoided: str
    starting: tuple[Starting, ...]
    time: Spent | None
    overdue: tuple[Waiting, ...]
    blockers: tuple[Item, ...]
    decisions: tuple[Item, ...]
    commitments: tuple[Item, ...]
    last_commitments: tuple[Item, ...]
    frozen: str


def agenda_page(review: Review) -> Agenda:
    """Lay a review out, frozen or not."""
    told = review.key_results
    return Agenda(
        week=review.week,
        days=_days(review.starts, review.ends),
        sentence=review.sentence,
        key_results=tuple(key_result_line.line_of(line) for line in told),
        small_print=sayings.SMALL_PRINT,
        unusual=_unusual(review),
        decided=review.decided,
        avoided=_avoided(review.weeks_avoided),
        starting=review.starting,
        time=spent(review.time),
        overdue=tuple(_waiting(review.week, overdue) for overdue in review.overdue),
        blockers=review.blockers,
        decisions=review.decisions,
        commitments=review.commitments,
        last_commitments=review.last_commitments,
        frozen=f"Frozen by {review.frozen_by}" if review.frozen_at else "",
    )


def spent(split: TimeSplit | None) -> Spent | None:
    """Where the time went; None where nobody was asked."""
    if split is None:
        return None
    answered = f"{figures.count(split.answered)} of {figures.count(split.asked)} answered"
    if split.non_elective is None:
        few = "too few to show a split" if split.answered else "no split yet"
        return Spent(f"{answered}: {few}.", (), (), rising=False)
    kinds = _KINDS * len(split.buckets)  # more buckets than kinds: they begin again
    return Spent(
        sentence=f"{formatting.points(split.non_elective, 0)} kept the lights on; {answered}.",
        parts=tuple(
            (bucket_share.of_all, kind)
            for bucket_share, kind in zip(split.buckets, kinds, strict=False)
        ),
        shares=tuple(
            share_of(bucket, bucket.of_elective if bucket.elective else bucket.of_all)
            for bucket in split.buckets
        ),
        rising=split.rising,
    )


def charts_of(agenda: Agenda) -> Charts:
    """The week's time as a drawing with its table."""
    time = agenda.time
    if time is None or not time.parts:
        return {}
    names = ", ".join(one.name for one in time.shares)
    found = Chart(
        name="time",
        title="Where the time went",
        caption=f"{time.sentence} From left to right: {names}.",
        head=("Bucket", "Share", "Target", "Of what"),
        rows=tuple((one.name, one.share, one.target, one.of_what) for one in time.shares),
        drawn=((Bar(agenda.week, time.parts, ""),),),
    )
    return charts.standing_at(f"/weeks/{agenda.week}", (found,))


def share_of(bucket: Bucket | BucketShare, share: float | None) -> Share:
    """A bucket's share, of elective time if it is elective, beside its target."""
    return Share(
        name=bucket.name,
        share=formatting.points(share, 0),
        target=formatting.points(bucket.target, 0),
        of_what="of elective time" if bucket.elective else "of all time",
    )


def _days(starts: Date, ends: Date) -> str:
    """`16 to 22 Nov 2026`."""
    first = f"{starts.day}" if starts.month == ends.month else formatting.short(starts)
    return f"{first} to {formatting.short(ends)}"


def _unusual(review: Review) -> tuple[str, ...]:
    """Why this week counts nothing, for every key result or for one by its title."""
    titles = {key_result.id: f"“{key_result.title}”" for key_result in review.key_results}
    return tuple(
        "Marked as unusual before it began, and left out of"
        f" {titles.get(unusual.key_result_id or '', 'every key result')}: {unusual.reason}"
        for unusual in review.unusual
    )


def _avoided(weeks: float) -> str:
    return f"{formatting.plural(weeks, 'week')} of building avoided so far." if weeks else ""


def _waiting(week: str, overdue: Overdue) -> Waiting:
    place = _WAITS.get(overdue.kind)
    href = f"/{place}/{overdue.id}" if place else f"/weeks/{week}#last"
    return Waiting(overdue.name, overdue.owner, overdue.sentence, href)
