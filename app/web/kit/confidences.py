"""Said against came, as pages tell it: how sure owners were at mid-cycle, and what became of it."""

from dataclasses import dataclass

from sqlmodel import Session

from app.okr import calibration
from app.okr.calibration import Calibration
from app.platform import figures


@dataclass(frozen=True, slots=True)
class SaidRow:
    """Who said it, how many are closed, and what can be told; scores only from enough on."""

    who: str
    closed: int
    sentence: str
    brier: str
    base: str


@dataclass(frozen=True, slots=True)
class SaidPart:
    """The rows: everybody, each owner by name, and our own chances."""

    rows: tuple[SaidRow, ...]


def part_of(session: Session) -> SaidPart | None:
    """None until a key result is closed of which somebody, or we, said something."""
    calibrations = calibration.calibrations(session)
    if not calibrations.everybody.n and not calibrations.ours.n:
        return None
    return SaidPart(
        (
            _row("Everybody’s confidence", calibrations.everybody),
            *(_row(owner.owner, owner) for owner in calibrations.owners),
            _row("Our chances", calibrations.ours),
        )
    )


def _row(who: str, one: Calibration) -> SaidRow:
    return SaidRow(
        who=who,
        closed=one.n,
        sentence=f"{one.sentence[0].upper()}{one.sentence[1:]}",
        brier="–" if one.brier is None else figures.score(one.brier),
        base="–" if one.base is None else figures.score(one.base),
    )
