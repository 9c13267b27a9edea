"""The readout in words, for somebody who has never heard of a confidence bound. Pure."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from app.analysis.locked_rule import Rule
from app.analysis.readout_types import ArmCounts, Estimate, State
from app.analysis.situation import Situation
from app.experiments.metrics import Source
from app.experiments.vocabulary import HOLDOUT
from app.platform import figures

NOBODY = f"{State.WAITING.word}: nobody has been mailed yet."


def raised(said: str) -> str:
    """A clause as a sentence of its own."""
    return said[:1].upper() + said[1:]


def lowered(said: str) -> str:
    """A sentence of ours behind a colon."""
    return said[:1].lower() + said[1:]


def of_call(state: State, situation: Situation, *, provisional: bool) -> str:
    """The call in one or two sentences: its verdict comes from its state alone."""
    early = ", provisionally" if provisional and state is not State.INCONCLUSIVE else ""
    return f"{state.word}{early}: {_said(state, situation, provisional=provisional)}"


def _said(state: State, situation: Situation, *, provisional: bool) -> str:
    if state is State.VALIDATED:
        return _validated_early(situation) if provisional else _validated(situation)
    if state is State.REFUTED:
        return _refuted(situation, provisional=provisional)
    if state is State.INCONCLUSIVE:
        return _inconclusive(situation, provisional=provisional)
    return _waiting(situation)


def of_too_few(situation: Situation) -> str:
    """Enrolled were so few that no number of hits proves anything."""
    words = situation.words
    return (
        f"{State.INCONCLUSIVE.word} from the start: with {figures.people(situation.planned)}"
        f" nobody can say that it is over {_threshold(situation)}, even if all of them {words.do}."
    )


def needed(people: int) -> str:
    """`60 were needed`."""
    return f"{figures.count(people)} {'was' if people == 1 else 'were'} needed"


def headline(arms: Sequence[ArmCounts], rule: Rule) -> str:
    """Machines beside people where a machine may have done it: `Raw clicks 31 %. People: 10 %.`"""
    got = [arm for arm in arms if arm.key != HOLDOUT]
    mailed = sum(arm.released for arm in got)
    if not mailed:
        return "Nobody has been mailed yet."
    did = sum(arm.did for arm in got) / mailed
    if rule.counts.source is not Source.CLICK:
        return f"Of {figures.people(mailed)} mailed, {figures.rough(did)} {rule.words.did}."
    raw = sum(arm.clicks for arm in got) / mailed
    whose = f"People who {rule.words.did}" if rule.link else "People"
    return f"Raw clicks {figures.rough(raw)}. {whose}: {figures.rough(did)}."


def because(situation: Situation) -> tuple[str, ...]:
    """The facts that the call rests on."""
    seen, rule, words = situation.estimate, situation.rule, situation.words
    closed = "nobody’s window has closed yet"
    if situation.matured:
        closed = f"{figures.plural(situation.matured, 'window has', 'windows have')} closed"
    facts = [
        (
            f"{_of(seen.hits, seen.people)} mailed {_have(seen.hits)}{words.did}{_machines(rule)};"
            f" {closed}."
        ),
        (
            f"{figures.count(situation.pass_count)} of {figures.count(situation.planned)} must"
            f" {words.do} before we can say"
            f" it is over {_threshold(situation)}: fixed at launch."
        ),
        f"The interval is {_range(seen)}, {seen.label}.",
    ]
    if situation.cut_short:
        facts.append(
            f"It ended after {figures.count(seen.people)} of {figures.people(situation.planned)};"
            " the number needed stays as planned, and whoever was not mailed counts against a yes"
            " and against a no."
        )
    return tuple(facts)


def moment(when: datetime, zone: tzinfo) -> str:
    """`Friday 27 November, 09:15` in the reader's zone."""
    local = when.astimezone(zone)
    return f"{local:%A} {local.day} {local:%B}, {local:%H:%M}"


def _validated(situation: Situation) -> str:
    return (
        f"{_counted(situation)}; we can say it is over {_threshold(situation)}, {_sure(situation)}."
    )


def _validated_early(situation: Situation) -> str:
    seen, needed = situation.estimate, situation.pass_count
    return (
        f"{figures.people(seen.hits)} {_have(seen.hits)}{situation.words.did}{_young(situation)},"
        f" and {figures.count(needed)} of"
        f" {figures.count(situation.planned)} {_is(needed)} enough to say it is over"
        f" {_threshold(situation)}."
        f" {_stands(situation, seen.settled - needed)}"
    )


def _refuted(situation: Situation, *, provisional: bool) -> str:
    seen = situation.estimate
    if not provisional:
        return (
            f"{_counted(situation)}; we can say it is under {_threshold(situation)},"
            f" {_sure(situation)}."
        )
    even = (
        f"even if everybody who still can should {situation.words.do}"
        f" ({figures.people(seen.people_open)})"
        if seen.people_open
        else "nobody is left to change it"
    )
    return (
        f"{even}; we could say it is under {_threshold(situation)}"
        f" (at most {figures.share(seen.high)})."
    )


def _inconclusive(situation: Situation, *, provisional: bool) -> str:
    if provisional:
        return _out_of_reach(situation)
    return (
        f"{_counted(situation)}, {needed(situation.pass_count)}; the truth may"
        f" be on either side of {_threshold(situation)} ({_range(situation.estimate)})."
    )


def _out_of_reach(situation: Situation) -> str:
    seen = situation.estimate
    still = (
        f"{figures.count(seen.people_open)} still can" if seen.people_open else "nobody else can"
    )
    needed = situation.pass_count
    return (
        f"it can no longer be validated. {figures.people(seen.hits)}"
        f" {situation.words.did} and {still}, so {figures.count(needed)} {_is(needed)} out of"
        " reach."
    )


def _waiting(situation: Situation) -> str:
    seen, words = situation.estimate, situation.words
    if situation.cut_short:
        return (
            f"it ended after {figures.count(seen.people)} of"
            f" {figures.people(situation.planned)}, so the result waits until every window has"
            f" closed{_by(situation)}."
        )
    if situation.closing:
        return f"every window has closed, and the last {words.nouns} are settling{_by(situation)}."
    still = (
        f"{figures.people(seen.people_open)} can still {words.do}"
        if seen.people_open
        else "Nobody else can any more"
    )
    return f"{_so_far(situation)}. {still}{_by(situation)}."


def _so_far(situation: Situation) -> str:
    """`45 of the 60 people needed have clicked`, and never 62 of 60."""
    seen, did, needed = situation.estimate, situation.words.did, situation.pass_count
    young = _young(situation)
    if seen.hits <= needed:
        have = _have(1 if needed == 1 else seen.hits)
        return (
            f"{figures.count(seen.hits)} of the {figures.people(needed)} needed {have}{did}{young}"
        )
    have = _have(seen.hits)
    return (
        f"{figures.people(seen.hits)} {have}{did}{young}; {figures.count(needed)} {_is(needed)}"
        " needed"
    )


def _young(situation: Situation) -> str:
    """How many of those that a sentence has just counted may still be judged otherwise."""
    seen = situation.estimate
    settling = seen.hits - seen.settled
    if settling <= 0:
        return ""
    if seen.settled == 0:
        return ", all of them still settling" if seen.hits > 1 else ", not settled yet"
    return f", {figures.count(settling)} of them not settled yet"


def _counted(situation: Situation) -> str:
    seen = situation.estimate
    return f"{_of(seen.settled, seen.people)} {situation.words.did}"


def _of(hits: int, people: int) -> str:
    """`60 of 200 people (30.0 %)`."""
    share = f" ({figures.share(hits / people)})" if people else ""
    return f"{figures.count(hits)} of {figures.people(people)}{share}"


def _is(people: int) -> str:
    return "is" if people == 1 else "are"


def _have(people: int) -> str:
    return "has " if people == 1 else "have "


def _threshold(situation: Situation) -> str:
    return figures.limit(situation.rule.limit)


def _sure(situation: Situation) -> str:
    seen = situation.estimate
    return f"{figures.limit(seen.confidence)} sure on each side ({_range(seen)})"


def _range(seen: Estimate) -> str:
    return f"{figures.share(seen.low)} to {figures.share(seen.high)}"


def _before_the_end(situation: Situation) -> str:
    if situation.answer_by is None:
        return ""
    return f" before the last window closes on {moment(situation.answer_by, situation.zone)}"


def _by(situation: Situation) -> str:
    when = situation.answer_by
    return f"; answer by {moment(when, situation.zone)}" if when else ""


def _stands(situation: Situation, spare: int) -> str:
    """What could still take a yes back: verdicts, where there are any."""
    words = situation.words
    if not situation.rule.counts.is_judged:
        return f"Whatever comes{_before_the_end(situation)} only adds to them."
    what = (
        f"a {words.noun} is"
        if spare <= 0
        else f"more than {figures.plural(spare, words.noun + ' is', words.nouns + ' are')}"
    )
    return f"It stands unless {what} re-judged{_before_the_end(situation)}."


def _machines(rule: Rule) -> str:
    return ", machines left out" if rule.counts.is_judged else ""
