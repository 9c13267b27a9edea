"""Why a call is not decided yet, in words."""

from collections.abc import Iterator

from app.analysis import sentences
from app.analysis.situation import Situation
from app.platform import figures


def missing(situation: Situation) -> tuple[str, ...]:
    """Why it is not decided yet, in people and in the day."""
    seen, words = situation.estimate, situation.words
    facts = [*_lacking(situation)]
    unreleased = situation.planned - seen.people
    if unreleased > 0 and not situation.over:
        have = "has" if unreleased == 1 else "have"
        facts.append(
            f"{figures.people(unreleased)} of {figures.count(situation.planned)} {have} not been"
            " mailed yet."
        )
    if seen.people_open:
        can = f"{figures.people(seen.people_open)} can still {words.do}"
        too_few = situation.over and seen.hits + seen.people_open < situation.pass_count
        facts.append(f"Only {can}, so it cannot be validated." if too_few else f"{can}.")
    if situation.closing:
        facts.append(f"Every window has closed; the last {words.nouns} are settling.")
    if situation.answer_by:
        facts.append(
            f"The answer comes by {sentences.moment(situation.answer_by, situation.zone)}."
        )
    return tuple(facts)


def _lacking(situation: Situation) -> Iterator[str]:
    seen, words, needed = situation.estimate, situation.words, situation.pass_count
    if seen.hits < needed:
        yield (
            f"{figures.people(needed - seen.hits)} more must {words.do} to reach"
            f" {figures.count(needed)}."
        )
    elif seen.settled < needed:
        some = f"{figures.count(seen.settled)} of them" if seen.settled else "not one of them"
        counts = "counts" if seen.settled < 2 else "count"
        yield f"Enough have {words.did}; {some} {counts} so far."
    if seen.hits > seen.settled:
        settling = figures.people(seen.hits - seen.settled)
        yield f"{settling} {words.did} too lately to be settled."
