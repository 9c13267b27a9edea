"""The readout in words, for somebody who has never heard of a confidence bound. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from app.analysis.shapes import ArmCounts, Estimate, Guardrail, Rule, State
from app.experiments.metrics import Words, metric_of
from app.experiments.terms import HOLDOUT

HARMS = {
    "unsubscribe_rate": ("unsubscribed", "delivered"),
    "complaint_rate": ("complained", "delivered"),
    "bounce_rate": ("bounced", "attempted"),
}
NOBODY = "Too early to say: nobody has been mailed yet."


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that a sentence about a call may mention."""

    estimate: Estimate
    rule: Rule
    planned: int  # people that the rule was planned for
    pass_count: int
    answer_by: datetime | None
    breached: tuple[Guardrail, ...] = ()
    cut_short: bool = False  # cancelled or decided before everybody was released
    over: bool = False  # nobody else will be mailed
    closing: bool = False  # every window has closed, and the last clicks are settling
    matured: int = 0
    zone: tzinfo = UTC

    @property
    def words(self) -> Words:
        """How people read of what is counted."""
        return metric_of(self.rule.metric).words


def of_call(state: State, situation: Situation, *, provisional: bool) -> str:
    """The call in one or two sentences."""
    if state is State.VALIDATED:
        return _validated_early(situation) if provisional else _validated(situation)
    if state is State.REFUTED:
        return _refuted(situation, provisional=provisional)
    if state is State.INCONCLUSIVE:
        return _inconclusive(situation, provisional=provisional)
    return _waiting(situation)


def of_too_few(situation: Situation) -> str:
    """Enrolled were so few that no number of clicks proves anything."""
    words = situation.words
    return (
        f"Inconclusive from the start: {_people(situation.planned)} are too few to say that it is"
        f" over {_threshold(situation)}, even if all of them {words.do}."
    )


def headline(arms: Sequence[ArmCounts]) -> str:
    """Machines beside people: `Raw clicks 31 %. People: 10 %.`"""
    mailed = sum(arm.released for arm in arms if arm.key != HOLDOUT)
    if not mailed:
        return "Nobody has been mailed yet."
    raw = sum(arm.clicks for arm in arms) / mailed
    people = sum(arm.human_clickers for arm in arms) / mailed
    return f"Raw clicks {rough(raw)}. People: {rough(people)}."


def of_guardrail(guardrail: Guardrail) -> str:
    """What a guardrail counted, against its limit."""
    did, of_whom = HARMS[guardrail.metric]
    return (
        f"{guardrail.hits:,} of {guardrail.people:,} {of_whom} ({share(guardrail.rate or 0)})"
        f" {did}; at most {short(guardrail.max)} was allowed"
    )


def harm(breached: tuple[Guardrail, ...]) -> str:
    """Which guardrails are breached, by what."""
    return "a guardrail is breached: " + "; ".join(
        f"{guardrail.metric.replace('_', ' ')} is over its limit: {of_guardrail(guardrail)}"
        for guardrail in breached
    )


def because(situation: Situation) -> tuple[str, ...]:
    """The facts that the call rests on."""
    words = situation.words
    seen, rule = situation.estimate, situation.rule
    clicked = (
        f"{seen.hits:,} of {seen.people:,} people mailed have"
        f" {words.did}{_machines(rule)} ({share(seen.rate or 0)});"
        f" {situation.matured:,} windows have closed."
    )
    needed = (
        f"{situation.pass_count:,} of {situation.planned:,} must {words.do} before we can say it is"
        f" over {short(rule.limit)}: fixed at launch."
    )
    facts = [clicked, needed, f"The interval is {_range(seen)}, {seen.label}."]
    if situation.cut_short:
        facts.append(
            f"It ended after {seen.people:,} of {situation.planned:,} people; the number needed"
            " stays as planned."
        )
    return tuple(facts)


def missing(situation: Situation) -> tuple[str, ...]:
    """Why it is not decided yet, in people and in the day."""
    words = situation.words
    seen = situation.estimate
    lacking = situation.pass_count - seen.hits
    settling = seen.hits - seen.settled
    facts = []
    if lacking > 0:
        facts.append(f"{_people(lacking)} more must {words.do} to reach {situation.pass_count:,}.")
    elif seen.settled < situation.pass_count:
        facts.append(f"Enough have {words.did}; {seen.settled:,} of them count so far.")
    if settling > 0:
        facts.append(f"{_people(settling)} {words.did} less than 15 minutes ago and will settle.")
    unreleased = situation.planned - seen.people
    if unreleased > 0 and not situation.over:
        facts.append(f"{_people(unreleased)} of {situation.planned:,} have not been mailed yet.")
    facts.append(f"{_people(seen.people_open)} can still {words.do}.")
    if situation.closing:
        facts.append(f"Every window has closed; the last {words.nouns} are settling.")
    if situation.answer_by:
        facts.append(f"The answer comes by {moment(situation.answer_by, situation.zone)}.")
    return tuple(facts)


def share(rate: float) -> str:
    """0.12 as `12.0 %`."""
    return f"{100 * rate:.1f} %"


def short(rate: float) -> str:
    """0.08 as `8 %`, 0.125 as `12.5 %`: a number that somebody set."""
    return f"{round(100 * rate, 3):g} %"


def rough(rate: float) -> str:
    """0.3133 as `31 %`, 0.0367 as `3.7 %`: a number to be read at a glance."""
    points = 100 * rate
    return f"{points:.0f} %" if points >= 10 else f"{round(points, 1):g} %"


def moment(when: datetime, zone: tzinfo) -> str:
    """`Friday 27 November, 09:15` in the reader's zone."""
    local = when.astimezone(zone)
    return f"{local:%A} {local.day} {local:%B}, {local:%H:%M}"


def _validated(situation: Situation) -> str:
    words = situation.words
    return (
        f"Validated: {_counted(situation.estimate)} {words.did}; we can say it is over"
        f" {_threshold(situation)}, {_sure(situation)}."
    )


def _validated_early(situation: Situation) -> str:
    words = situation.words
    spare = situation.estimate.settled - situation.pass_count
    return (
        f"Validated, provisionally: {situation.estimate.settled:,} people have {words.did},"
        f" and {situation.pass_count:,} of {situation.planned:,} are enough to say it is over"
        f" {_threshold(situation)}. {_stands(situation, spare)}"
    )


def _refuted(situation: Situation, *, provisional: bool) -> str:
    words = situation.words
    if provisional:
        return (
            f"Refuted, provisionally: even if all {situation.estimate.people_open:,} people who"
            f" still can should click, we could say it is under {_threshold(situation)}"
            f" (at most {share(situation.estimate.high)})."
        )
    return (
        f"Refuted: {_counted(situation.estimate)} {words.did}; we can say it is under"
        f" {_threshold(situation)}, {_sure(situation)}."
    )


def _inconclusive(situation: Situation, *, provisional: bool) -> str:
    words = situation.words
    if situation.breached and situation.estimate.settled >= situation.pass_count:
        return _harmed(situation)
    if provisional:
        return _out_of_reach(situation)
    return (
        f"Inconclusive: {_counted(situation.estimate)} {words.did}, {situation.pass_count:,} were"
        f" needed; the truth may be on either side of {_threshold(situation)}"
        f" ({_range(situation.estimate)})."
    )


def _harmed(situation: Situation) -> str:
    words = situation.words
    return (
        f"Inconclusive, because {harm(situation.breached)}. The {words.nouns} alone would have"
        f" validated it ({_counted(situation.estimate)}, {situation.pass_count:,} were needed)."
    )


def _out_of_reach(situation: Situation) -> str:
    words = situation.words
    seen = situation.estimate
    return (
        f"Inconclusive: it can no longer be validated. {_people(seen.settled)} {words.did} and"
        f" {seen.people_open:,} still can, so {situation.pass_count:,} are out of reach."
    )


def _waiting(situation: Situation) -> str:
    words = situation.words
    seen = situation.estimate
    if situation.cut_short:
        return (
            f"Too early to say: it ended after {seen.people:,} of {situation.planned:,} people, so"
            f" the result waits until every window has closed{_by(situation)}."
        )
    if situation.closing:
        return (
            "Too early to say: every window has closed, and the last"
            f" {words.nouns} are settling{_by(situation)}."
        )
    return (
        f"Too early to say: {seen.hits:,} of the {situation.pass_count:,} people needed have"
        f" {words.did}{_of_them_settling(seen)}. {_people(seen.people_open)} can"
        f" still {words.do}{_by(situation)}."
    )


def _of_them_settling(seen: Estimate) -> str:
    settling = seen.hits - seen.settled
    return f", {settling:,} of them less than 15 minutes ago" if settling > 0 else ""


def _counted(seen: Estimate) -> str:
    return f"{seen.settled:,} of {seen.people:,} people ({share(seen.rate or 0)})"


def _threshold(situation: Situation) -> str:
    return short(situation.rule.limit)


def _sure(situation: Situation) -> str:
    seen = situation.estimate
    return f"{short(seen.confidence)} sure on each side ({_range(seen)})"


def _range(seen: Estimate) -> str:
    return f"{share(seen.low)} to {share(seen.high)}"


def _before_the_end(situation: Situation) -> str:
    if situation.answer_by is None:
        return ""
    return f" before the last window closes on {moment(situation.answer_by, situation.zone)}"


def _by(situation: Situation) -> str:
    when = situation.answer_by
    return f"; answer by {moment(when, situation.zone)}" if when else ""


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count:,} people"


def _stands(situation: Situation, spare: int) -> str:
    """What could still take a yes back: verdicts, where there are any."""
    words = situation.words
    if not metric_of(situation.rule.metric).is_judged:
        return f"Whatever comes{_before_the_end(situation)} only adds to them."
    what = (
        f"a {words.noun} is"
        if spare <= 0
        else f"more than {spare:,} {words.noun if spare == 1 else words.nouns} are"
    )
    return f"It stands unless {what} re-judged{_before_the_end(situation)}."


def _machines(rule: Rule) -> str:
    return ", machines left out" if metric_of(rule.metric).is_judged else ""
