"""People against machines: whose clicks came, as a picture and in numbers."""

from dataclasses import dataclass

from app.analysis.cohorts import mailed
from app.analysis.readout_types import Readout
from app.web.kit import formatting
from app.web.kit.waffles import Waffle, waffle


@dataclass(frozen=True, slots=True)
class Machines:
    """Recipients by who clicked their links."""

    sentence: str
    drawn: Waffle | None
    rows: tuple[tuple[str, str, int, float], ...]  # kind, its words, recipients, their share


def machines_of(readout: Readout) -> Machines:
    """Everybody who was released by who clicked, people first."""
    released = sum(arm.released for arm in mailed(readout))
    human = sum(arm.human_clickers for arm in readout.arms)
    unknown = sum(arm.unknown_clickers for arm in readout.arms)
    machine = sum(arm.machine_clickers for arm in readout.arms)
    nobody = max(0, released - human - unknown - machine)
    rows = (
        ("person", "People", human),
        ("unsure", "Not sure: not counted", unknown),
        ("machine", "Machines only: never counted", machine),
        ("nobody", _no_click(readout), nobody),
    )
    return Machines(
        sentence=_survives(readout),
        drawn=waffle([(kind, n) for kind, _, n in rows]),
        rows=tuple((kind, label, n, n / released if released else 0.0) for kind, label, n in rows),
    )


def _no_click(readout: Readout) -> str:
    """Of whoever is not tracked, nobody knows."""
    return "No click yet" + (", or not tracked" if any(a.untracked for a in readout.arms) else "")


def _survives(readout: Readout) -> str:
    reach = readout.range_with_unknown
    if reach is None or reach.low_rate == reach.high_rate:
        return "Each recipient is one mark: people first, then not sure, then machines."
    ends = f"{formatting.points(reach.low_rate)} to {formatting.points(reach.high_rate)}"
    outcome = "the result stays the same" if reach.survives else "the result would be another"
    return f"With everybody unsure left out or taken in: {ends}; {outcome}."
