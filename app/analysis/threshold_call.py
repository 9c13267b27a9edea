"""The one rule of a one-arm experiment: the curtailed exact test, and what stands around it."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

from app.analysis import sentences, why_not_yet
from app.analysis.counts import ArmTotals
from app.analysis.locked_rule import Rule
from app.analysis.readout_types import Call, Comparison, Estimate, State
from app.analysis.situation import Situation
from app.platform import figures
from app.stats.one_arm import CURTAILED, Progress, curtailed_call


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a one-arm experiment stands between its launch and its last window."""

    arm: ArmTotals
    planned: int  # everybody to be released, frozen at launch
    pass_count: int | None
    over: bool  # nobody else will be released
    ended: bool  # and that was somebody's wish: cancelled, or decided while some were to come
    closed: bool  # every window has closed, its clicks settled
    answer_by: datetime | None

    @property
    def cut_short(self) -> bool:
        """Cancelled or decided before everybody was released; a few skipped are no cut."""
        return self.ended and self.withheld > 0

    @property
    def withheld(self) -> int:
        """Planned people whom somebody's wish kept from being released."""
        return max(0, self.planned - self.arm.released) if self.ended else 0

    @property
    def closing(self) -> bool:
        """No window is open any more, but the last clicks have not settled."""
        return self.over and not self.closed and not self.arm.live

    @property
    def open(self) -> int:
        """People who have not done it and still may: window open, or not mailed yet."""
        people = self.arm.released if self.over else self.planned
        return max(0, people - self.arm.did - self.arm.spent)

    def progress(self) -> Progress:
        """The same, as the exact test wants it."""
        return Progress(
            planned=self.planned,
            released=self.arm.released,
            coming=0 if self.over else max(0, self.planned - self.arm.released),
            open=self.open,
            clickers=self.arm.did,
            settled=self.arm.settled_did,
            withheld=self.withheld,
        )

    def with_unknown(self) -> "Standing":
        """As if everybody of unknown kind were a person who did it."""
        unknown = self.arm.maybe_did
        arm = replace(
            self.arm,
            settled_did=self.arm.settled_did + unknown,
            did=self.arm.did + unknown,
            matured_did=min(self.arm.matured, self.arm.matured_did + unknown),
        )
        return replace(self, arm=arm)


@dataclass(frozen=True, slots=True)
class Made:
    """A call, the interval that belongs to it, and what is missing for a better one."""

    call: Call
    estimates: tuple[Estimate, ...]
    missing: tuple[str, ...]
    comparisons: tuple[Comparison, ...] = ()


def make(standing: Standing, rule: Rule, *, zone: tzinfo = UTC) -> Made:
    """What the rule says now."""
    if not standing.arm.released or standing.pass_count is None:
        return _without_test(standing, rule, zone=zone)
    said = curtailed_call(
        standing.progress(),
        pass_count=standing.pass_count,
        threshold=rule.limit,
        confidence=rule.confidence,
    )
    estimate = _estimate(standing, rule, low=said.low, high=said.high)
    state = _state(State(said.state), standing)
    provisional = state is not State.WAITING and not standing.closed
    situation = _situation(standing, rule, estimate, zone=zone)
    call = Call(
        state=state,
        provisional=provisional,
        sentence=sentences.of_call(state, situation, provisional=provisional),
        because=sentences.because(situation),
        pass_count=standing.pass_count,
        answer_by=standing.answer_by,
    )
    return Made(call, (estimate,), why_not_yet.missing(situation))


def _state(said: State, standing: Standing) -> State:
    """The test's word, and what it cannot know: a cancel, clicks that are settling."""
    if standing.cut_short and not standing.closed:
        return State.WAITING
    if said is State.VALIDATED:
        return said
    return State.WAITING if standing.closing else said


def _without_test(standing: Standing, rule: Rule, *, zone: tzinfo) -> Made:
    """Nobody has been mailed yet; or too few people were enrolled for any answer."""
    estimate = _estimate(standing, rule, low=0.0, high=1.0)
    situation = _situation(standing, rule, estimate, zone=zone)
    too_few = standing.arm.released > 0
    call = Call(
        state=State.INCONCLUSIVE if too_few else State.WAITING,
        provisional=False,
        sentence=sentences.of_too_few(situation) if too_few else sentences.NOBODY,
        because=(),
        pass_count=standing.pass_count,
        answer_by=standing.answer_by,
    )
    return Made(call, (estimate,), why_not_yet.missing(situation) if standing.pass_count else ())


def _estimate(standing: Standing, rule: Rule, *, low: float, high: float) -> Estimate:
    arm = standing.arm
    return Estimate(
        arm=arm.key,
        people=arm.released,
        hits=arm.did,
        rate=arm.did / arm.released if arm.released else None,
        low=low,
        high=high,
        method=CURTAILED.name,
        confidence=rule.confidence,
        label=f"{figures.limit(rule.confidence)} each side",
        settled=arm.settled_did,
        people_open=standing.open,
        rate_of_delivered=arm.did / arm.delivered if arm.delivered else None,
    )


def _situation(
    standing: Standing,
    rule: Rule,
    estimate: Estimate,
    *,
    zone: tzinfo,
) -> Situation:
    return Situation(
        estimate=estimate,
        rule=rule,
        planned=standing.planned,
        pass_count=standing.pass_count or 0,
        answer_by=standing.answer_by,
        cut_short=standing.cut_short,
        over=standing.over,
        closing=standing.closing,
        matured=standing.arm.matured,
        zone=zone,
    )
