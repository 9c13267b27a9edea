"""The charts of the time: each week and team as one bar, and two lines over the weeks."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from app.allocation.models import Bucket
from app.allocation.weeks import Week
from app.web.kit import charts, formatting, plots
from app.web.kit.charts import Chart, Charts
from app.web.kit.plots import Bar

_HEAD = ("Lights on, of all", "New, of elective")


@dataclass(frozen=True, slots=True)
class Row:
    """A week or a team as one bar: (share, kind) of each bucket, and the words beside it."""

    label: str
    parts: tuple[tuple[float, str], ...]
    non_elective: str
    new: str
    note: str


def charts_of(
    weeks: tuple[Row, ...],
    teams: tuple[Row, ...],
    told: Sequence[Week],
    pair: Sequence[Bucket],
    buckets: Sequence[Bucket],
    *,
    cursor: str | None,
) -> Charts:
    """Those that there is something to draw for. `told` are weeks that can be told of."""
    names = ", ".join(bucket.name for bucket in buckets)
    found = (_weeks(weeks, names), _teams(teams, names), _lights(told), _new(told, pair))
    return charts.standing_at("/time", found, asked=urlencode({"cursor": cursor}) if cursor else "")


def _weeks(rows: tuple[Row, ...], names: str) -> Chart | None:
    if not rows:
        return None
    return Chart(
        name="weeks",
        title="Where each week went",
        caption=f"Each bar is a week’s whole time, from left to right: {names}.",
        head=("Week", *_HEAD, "Answers"),
        rows=tuple((row.label, row.non_elective, row.new, row.note) for row in rows),
        drawn=(tuple(Bar(row.label, row.parts, row.note) for row in rows),),
    )


def _teams(rows: tuple[Row, ...], names: str) -> Chart | None:
    if not rows:
        return None
    return Chart(
        name="teams",
        title="By team, the last week",
        caption=f"Each bar is a team’s whole time, from left to right: {names}.",
        head=("Team", *_HEAD),
        rows=tuple((row.label, row.non_elective, row.new) for row in rows),
        drawn=(tuple(Bar(row.label, row.parts, _said(row)) for row in rows),),
    )


def _said(row: Row) -> str:
    return f"{row.non_elective} lights on" if row.parts else row.note


def _lights(told: Sequence[Week]) -> Chart | None:
    """Keeping the lights on, of all the time."""
    found = [(one.opening.week, one.everybody.non_elective) for one in told if one.everybody][::-1]
    plot = plots.shares_of_weeks(found)
    if plot is None:
        return None
    title = "Keeping the lights on, of all the time"
    return Chart(
        name="lights",
        title=title,
        caption="Week by week, the oldest on the left.",
        head=("Week", "Share"),
        rows=tuple((week, formatting.points(share, 0)) for week, share in found),
        drawn=(plot, title),
    )


def _new(told: Sequence[Week], pair: Sequence[Bucket]) -> Chart | None:
    """The first two elective kinds, new against existing, in the weeks that asked about both."""
    if len(pair) < 2:
        return None
    new, existing = (bucket.id for bucket in pair)
    found = [
        (one.opening.week, one.everybody.of_elective)
        for one in reversed(told)
        if one.everybody
        and one.everybody.of_elective
        and {new, existing} <= {bucket.id for bucket in one.buckets}
    ]
    plot = plots.shares_of_weeks(
        [(week, shares.get(new, 0.0)) for week, shares in found],
        [shares.get(existing, 0.0) for _, shares in found],
    )
    if plot is None:
        return None
    compared = " against ".join(bucket.name.lower() for bucket in pair)
    title = f"{formatting.capital(compared)} (dashed), of elective time"
    return Chart(
        name="new",
        title=title,
        caption="Week by week, the oldest on the left.",
        head=("Week", *(bucket.name for bucket in pair)),
        rows=tuple(
            (week, *(formatting.points(shares.get(kind, 0.0), 0) for kind in (new, existing)))
            for week, shares in found
        ),
        drawn=(plot, title),
    )
