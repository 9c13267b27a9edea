"""A pace and a grade in words, each with its rule: the same wherever one is told."""

from app.okr.progress import BEHIND_PACE, ON_PACE, Grade, Pace
from app.platform import figures

_ON, _BEHIND = figures.limit(ON_PACE), figures.count(round(100 * BEHIND_PACE))
# Shares of the way that an even course would have gone by now.
_PACES = {
    Pace.GREEN: f"On pace: at least {_ON} of the even way",
    Pace.YELLOW: f"Behind pace: {_BEHIND} to {_ON} of the even way",
    Pace.RED: "Far behind pace: under half of the even way",
    Pace.TOO_EARLY: "Too early for a pace",
}
SHADED = f"the shade is on pace, from {_ON} of it"
_GRADES = {
    Grade.GREEN: "reached, or nearly",
    Grade.YELLOW: "some of the way",
    Grade.RED: "missed",
}


def pace_in_words(pace: Pace, *, kind: str, progress: float | None) -> str:
    """A pace with its rule; of a key result that has none, whether it is where it should be."""
    if pace in _PACES:
        return _PACES[pace]
    if kind == "maintain":
        return "In the band" if progress else "Outside the band"
    return "Reached" if (progress or 0) >= 1 else "Not reached yet"


def grade_in_words(grade: Grade) -> str:
    """What a score at the close says."""
    return _GRADES[grade]
