"""The runs of a slice, as one line: what each measured when its windows had closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, tzinfo

from sqlmodel import Session

from app.analysis import list_calls
from app.analysis.list_calls import Told
from app.experiments.models import Experiment
from app.platform import garbled
from app.web.kit import charts, formatting
from app.web.kit.charts import Chart, Charts
from app.web.kit.plots import Plot


@dataclass(frozen=True, slots=True)
class Run:
    """One run: rate and interval are shares."""

    id: str
    name: str
    began: date
    rate: float
    low: float
    high: float
    people: int
    threshold: float | None


def runs_of(
    session: Session, experiments: Sequence[Experiment], *, zone: tzinfo
) -> tuple[Run, ...]:
    """Those whose call is final, the first first; a run that is open has no point yet."""
    finals = list_calls.finals_of(session, experiments)
    runs = [
        garbled.read(_run, experiment, finals.get(experiment.id), zone)
        for experiment in experiments
        if not experiment.rehearsal
    ]
    return tuple(sorted((one for one in runs if one), key=lambda run: (run.began, run.id)))


def plot(runs: Sequence[Run]) -> Plot | None:
    """A line through two runs or more, beside the threshold of the last."""
    if len(runs) < 2:
        return None
    threshold = runs[-1].threshold or 0.0
    high = max(threshold, *(run.rate for run in runs)) * 1.15 or 1.0
    return Plot(
        points=tuple((place / (len(runs) - 1), run.rate / high) for place, run in enumerate(runs)),
        plan=((0, threshold / high), (1, threshold / high)) if threshold else (),
        levels=((0, formatting.points(0)), (threshold / high, formatting.points(threshold)))
        if threshold
        else ((0, formatting.points(0)),),
        dates=((0, formatting.short(runs[0].began)), (1, formatting.short(runs[-1].began))),
    )


def chart(runs: Sequence[Run], slice_id: str) -> Charts:
    """The same with its table, from the second run on."""
    drawn = plot(runs)
    if drawn is None:
        return {}
    caption = (
        "One point a run, the first on the left; the dashed line is the threshold of the last one."
    )
    found = Chart(
        name="runs",
        title="All runs",
        caption=caption,
        head=("Run", "Began", "Measured", "People"),
        rows=tuple(
            (
                run.name,
                formatting.weekday(run.began),
                _measured(run),
                formatting.number(run.people),
            )
            for run in runs
        ),
        drawn=(drawn, caption),
    )
    return charts.standing_at(f"/slices/{slice_id}", (found,))


def _measured(run: Run) -> str:
    low, high = formatting.points(run.low), formatting.points(run.high)
    return f"{formatting.points(run.rate)} ({low} to {high})"


def _run(experiment: Experiment, final: Told | None, zone: tzinfo) -> Run | None:
    if final is None or experiment.started_at is None:
        return None
    measured = next((estimate for estimate in final.estimates if estimate.rate is not None), None)
    if measured is None or measured.rate is None:
        return None
    return Run(
        id=experiment.id,
        name=experiment.name,
        began=experiment.started_at.astimezone(zone).date(),
        rate=measured.rate,
        low=measured.low,
        high=measured.high,
        people=measured.people,
        threshold=experiment.design["rule"].get("threshold"),
    )
