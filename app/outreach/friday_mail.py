"""The words of Friday's mail and of its reminder, in the language of whoever is asked."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from app.allocation.models import Respondent
from app.languages import written
from app.languages.words import Words
from app.okr import sayings
from app.review.friday_questions import Asked


@dataclass(frozen=True, slots=True)
class Said:
    """What the mail says around its link."""

    subject: str
    heading: str
    paragraphs: list[str]
    label: str
    foot: str


def said(
    week: str,
    respondent: Respondent,
    theirs: Asked,
    words: Words,
    *,
    closes: datetime,
    is_again: bool,
) -> Said:
    """The mail about a week. `closes` is in the organisation's zone."""
    at = _at(closes, words)
    return Said(
        subject=_subject(week[-2:], respondent, words, is_again=is_again),
        heading=_heading(respondent, words),
        paragraphs=[
            *_asks(respondent, theirs, words),
            words.say("It closes on {when}; a later answer is kept, and marked.", when=at),
        ],
        label=words.say("Answer"),
        foot=words.say("The link is yours alone and needs no log-in: please do not pass it on."),
    )


def _at(closes: datetime, words: Words) -> str:
    if words.is_english:
        return f"{closes:%A, %H:%M}"
    return written.weekday_time(closes, words.spoken)


def _subject(week: str, respondent: Respondent, words: Words, *, is_again: bool) -> str:
    if respondent.asked_time and is_again:
        return words.say("Still open: where did week {week} go?", week=week)
    if respondent.asked_time:
        return words.say("Where did week {week} go?", week=week)
    if is_again:
        return words.say("Still open: week {week}: your key results", week=week)
    return words.say("Week {week}: your key results", week=week)


def _heading(respondent: Respondent, words: Words) -> str:
    if respondent.asked_time:
        return words.say("{name}, where did your week go?", name=respondent.name)
    return words.say("{name}, are you closer than when the cycle began?", name=respondent.name)


def _asks(respondent: Respondent, theirs: Asked, words: Words) -> Iterator[str]:
    """What the page will ask, in sentences."""
    if respondent.asked_time:
        yield words.say(
            "Half a minute: how much went into keeping the lights on, and how the rest was spent."
            " Your last answer is filled in."
        )
    if theirs.key_results:
        titles = _quoted([told.row.title for told in theirs.key_results], words)
        yield words.say(
            "How do your key results stand? {titles}. The last values are filled in.",
            titles=titles,
        )
        for told in theirs.key_results:
            if told.found:
                sentence = sayings.in_words(told.row, told.found, words)
                yield words.say(
                    "“{title}” so far. {sentence}", title=told.row.title, sentence=sentence
                )
    if theirs.promised:
        titles = _quoted([item.text for item in theirs.promised], words)
        yield words.say("What became of what you promised: {titles}?", titles=titles)


def _quoted(titles: list[str], words: Words) -> str:
    return ", ".join(words.say("“{title}”", title=title) for title in titles)
