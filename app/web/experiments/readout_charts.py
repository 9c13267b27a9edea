"""The charts of a readout, each with the table behind it."""

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from app.analysis import cohorts
from app.analysis.cohorts import Day
from app.analysis.counts import LinkTotal
from app.analysis.readout_types import Estimate, Readout
from app.delivery.mail.links import Kind
from app.platform import figures
from app.web.experiments.awaited import Awaited
from app.web.experiments.result_charts import Drawn, Forest
from app.web.kit import formatting
from app.web.kit.charts import Cells, Chart
from app.web.kit.formatting import BADGES
from app.web.kit.plots import Bar, Plot, round_marks

_LABELS = 5  # days that are named below a curve


def home(experiment_id: str) -> str:
    """The page that they stand on."""
    return f"/experiments/{experiment_id}/readout"


def result(
    estimate: Estimate | None, threshold: float | None, scale: float, state: str, caption: str
) -> Chart | None:
    """What was measured, its range, and the line."""
    if estimate is None or estimate.rate is None or threshold is None:
        return None
    return Chart(
        name="result",
        title="The result against your line",
        caption=caption,
        head=("What", "Value"),
        rows=(
            ("Measured", formatting.points(estimate.rate)),
            ("From", formatting.points(estimate.low)),
            ("To", formatting.points(estimate.high)),
            ("Your line", formatting.rate(threshold)),
            ("People", formatting.number(estimate.people)),
        ),
        drawn=(
            estimate.low,
            estimate.rate,
            estimate.high,
            threshold,
            scale,
            BADGES[state][1],
            caption,
        ),
    )


def versions(forest: Forest | None) -> Chart | None:
    """Every version against the baseline."""
    if forest is None:
        return None
    return Chart(
        name="versions",
        title="Versions compared",
        caption=forest.caption,
        head=(
            "Version", "Difference", "Interval", "Of the baseline", "p", "Chance to be better",
            "Says",
        ),
        rows=tuple(
            (row.name, row.difference, row.interval, row.relative, row.p_value, row.chance,
             BADGES[row.state][0])
            for row in forest.rows
        ),
        drawn=(forest,),
    )  # fmt: skip


def awaited(told: Awaited | None, did: str) -> Chart | None:
    """How far it is to the line."""
    if told is None:
        return None
    needed = (("Needed", formatting.number(told.needed)),) if told.needed is not None else ()
    return Chart(
        name="awaited",
        title="What is awaited",
        caption=f"{told.caption}.",
        head=("What", "People"),
        rows=(
            (formatting.capital(did), formatting.number(told.did)),
            *needed,
            ("Enrolled", formatting.number(told.people)),
            ("Machines, never counted", formatting.number(told.machines)),
        ),
        drawn=(told,),
    )


def funnel(steps: Sequence[tuple[str, int]], noun: str) -> Chart | None:
    """From enrolment to what counts: people, beside their share of those released."""
    if not steps:
        return None
    whole, released = steps[0][1], steps[1][1] if len(steps) > 1 else 0
    said = [
        formatting.points(count / released) if place > 1 and released else ""
        for place, (_, count) in enumerate(steps)
    ]
    bars = tuple(
        Bar(label, ((count / whole if whole else 0.0, "plain"),), _beside(count, share))
        for (label, count), share in zip(steps, said, strict=True)
    )
    return Chart(
        name="funnel",
        title=f"From mail to {noun}",
        caption="People, each beside their share of everybody who was released.",
        head=("Step", "People", "Of those released"),
        rows=tuple(
            (label, formatting.number(count), share)
            for (label, count), share in zip(steps, said, strict=True)
        ),
        drawn=(bars,),
    )


def people(told: object, rows: Sequence[tuple[str, str, int, float]], sentence: str) -> Chart:
    """Everybody as one mark."""
    return Chart(
        name="people",
        title="People against machines",
        caption=sentence + _key(rows),
        head=("Whose clicks", "Recipients", "Of those released"),
        rows=tuple(
            (label, formatting.number(count), formatting.points(share))
            for _, label, count, share in rows
        ),
        drawn=(told,),
    )


def _key(rows: Sequence[tuple[str, str, int, float]]) -> str:
    shapes = {
        "person": "full marks", "unsure": "rings", "machine": "hollow squares", "nobody": "dots",
    }  # fmt: skip
    said = [
        f"{shapes[kind]} are {label[:1].lower()}{label[1:]} ({formatting.number(count)})"
        for kind, label, count, _ in rows
        if count
    ]
    joined = "; ".join(said)
    return f" {formatting.capital(joined)}." if said else ""


def hours(course: Drawn, number: int, zone: ZoneInfo, *, is_one_of_many: bool) -> Chart | None:
    """How an estimate came about."""
    if course.plot is None:
        return None
    moment = formatting.filters(zone)["moment"]
    return Chart(
        name=f"hours-{number}" if is_one_of_many else "hours",
        title="Hour by hour" + (f": “{course.arm}”" if is_one_of_many else ""),
        caption=course.caption,
        head=("Until", "Then", "Range"),
        rows=tuple((moment(at), then, reach) for at, then, reach in course.rows),
        drawn=(course.plot, course.caption),
    )


def days(readout: Readout) -> Chart | None:
    """The share of people who did it, by days since their own mail, with its range."""
    found = cohorts.curve(readout)
    if not found:
        return None
    caption = (
        f"Share of everybody released who {readout.rule.words.did}, by days since their own mail;"
        " the shade is its range. Whoever’s days are still to come counts as not yet."
    )
    return Chart(
        name="days",
        title="Days after the mail",
        caption=caption,
        head=("Day", "People", "So far", "Share", "Range"),
        rows=tuple(_row(one) for one in found if one.people),
        drawn=(_curve(found), caption),
    )


def _row(one: Day) -> Cells:
    return (
        _day(one.day),
        formatting.number(one.people),
        formatting.number(one.so_far),
        formatting.points(one.share),
        f"{formatting.points(one.low)} to {formatting.points(one.high)}",
    )


def _day(day: int) -> str:
    return "The same day" if day == 0 else f"{formatting.plural(day, 'day')} later"


def _curve(found: Sequence[Day]) -> Plot:
    """From nobody at the mail itself to the end of the last day."""
    marks = round_marks(0.0, max(one.high for one in found))
    high, last = marks[-1], len(found)
    step = -(-last // _LABELS)
    return Plot(
        points=(
            (0, 0),
            *((number / last, one.share / high) for number, one in enumerate(found, 1)),
        ),
        plan=(),
        levels=tuple((mark / high, figures.axis(mark)) for mark in marks),
        dates=(
            (0, "the mail"),
            *((day / last, _end_of(day)) for day in range(step, last + 1, step)),
        ),
        now=formatting.points(found[-1].share),
        band=(
            (0, 0),
            *((number / last, one.low / high) for number, one in enumerate(found, 1)),
            *((number / last, one.high / high) for number, one in reversed([*enumerate(found, 1)])),
        ),
    )


def _end_of(day: int) -> str:
    return formatting.plural(day, "day")


def links(
    found: Sequence[LinkTotal], released: dict[str, int], *, is_compared: bool
) -> Chart | None:
    """Who followed which link of which mail."""
    if not found:
        return None
    rows = tuple(_link(one, released, is_compared=is_compared) for one in found)
    return Chart(
        name="links",
        title="Where they clicked",
        caption="People who followed each link, and their share of everybody who was released.",
        head=(
            "Link", *(("Version",) if is_compared else ()), "Leads to", "People", "Share",
            "Raw clicks",
        ),
        rows=rows,
        drawn=(tuple(_bars(found, released, is_compared=is_compared)),),
    )  # fmt: skip


def _link(one: LinkTotal, released: dict[str, int], *, is_compared: bool) -> Cells:
    version = (one.arm,) if is_compared else ()
    whole = released.get(one.arm, 0)
    return (
        one.label,
        *version,
        "Our answer page" if one.kind == Kind.ANSWER else one.address,
        formatting.number(one.clickers),
        formatting.points(one.clickers / whole) if whole else "–",
        formatting.number(one.hits),
    )


def _bars(
    found: Sequence[LinkTotal], released: dict[str, int], *, is_compared: bool
) -> Iterator[Bar]:
    most = max(max((one.clickers for one in found), default=0), 1)
    for one in found:
        label = f"{one.label} ({one.arm})" if is_compared else one.label
        whole = released.get(one.arm, 0)
        share = formatting.points(one.clickers / whole) if whole else ""
        yield Bar(label, ((one.clickers / most, "plain"),), _beside(one.clickers, share))


def _beside(count: int, share: str) -> str:
    return ", ".join(one for one in (formatting.number(count), share) if one)
