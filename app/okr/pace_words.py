"""A pace and a grade in words, each with its rule: the same wherever one is told."""

from app.languages.words import IN_ENGLISH, Words
from app.okr import amounts
from app.okr.progress import BEHIND_PACE, ON_PACE, Grade, Pace
from app.platform import figures

SHADED = f"the shade is on pace, from {figures.limit(ON_PACE)} of it"
_GRADES = {
    Grade.GREEN: "reached, or nearly",
    Grade.YELLOW: "some of the way",
    Grade.RED: "missed",
}


def pace_in_words(
    pace: Pace, *, kind: str, progress: float | None, words: Words = IN_ENGLISH
) -> str:
    """A pace with its rule; of a key result that has none, whether it is where it should be."""
    if pace is not Pace.NONE:
        return _paced(pace, words)
    if kind == "maintain":
        return words.say("In the band") if progress else words.say("Outside the band")
    return words.say("Reached") if (progress or 0) >= 1 else words.say("Not reached yet")


def _paced(pace: Pace, words: Words) -> str:
    """Shares of the way that an even course would have gone by now."""
    on = amounts.amount(100 * ON_PACE, "percent", words)
    behind = amounts.amount(100 * BEHIND_PACE, "number", words)
    return {
        Pace.GREEN: words.say("On pace: at least {on} of the even way", on=on),
        Pace.YELLOW: words.say(
            "Behind pace: {behind} to {on} of the even way", behind=behind, on=on
        ),
        Pace.RED: words.say("Far behind pace: under half of the even way"),
        Pace.TOO_EARLY: words.say("Too early for a pace"),
    }[pace]


def grade_in_words(grade: Grade) -> str:
    """What a score at the close says."""
    return _GRADES[grade]
