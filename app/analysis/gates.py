"""What stands between a rule's answer and a call, whatever the rule: each gate may take it back.

Nobody reached says nothing of what people want; groups that were not drawn as planned can't be
compared; and harm is told with every call, not only with the good ones.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from app.analysis import guardrail_sentences, sentences, splits
from app.analysis.counts import ArmTotals
from app.analysis.readout_types import Guardrail, State
from app.analysis.threshold_call import Made, Standing
from app.experiments.vocabulary import HOLDOUT
from app.platform import figures

_TOLD = frozenset({State.VALIDATED, State.REFUTED})


class Mailed(Protocol):
    """What became of the mails of one arm."""

    @property
    def key(self) -> str: ...
    @property
    def released(self) -> int: ...
    @property
    def delivered(self) -> int: ...
    @property
    def uncertain(self) -> int: ...
    @property
    def failed(self) -> int: ...
    @property
    def bounced(self) -> int: ...
    @property
    def human_clickers(self) -> int: ...
    @property
    def human_openers(self) -> int: ...


def passed(
    made: Made,
    design: Mapping[str, Any],
    totals: Mapping[str, ArmTotals],
    breached: tuple[Guardrail, ...],
    *,
    over: bool,
) -> Made:
    """The call that may be made of what a rule says. `over`: nobody else will be mailed."""
    lost = {key: totals[key].released for key in unreached(totals.values())}
    made = _if_nobody(made, lost, over=over)
    made = _if_split(made, design, totals, over=over)
    return _if_harmed(made, breached)


def uncut(made: Made, standing: Standing) -> Made:
    """What one look at everybody may say: nothing where somebody ended it before everybody came.

    The end was chosen with the numbers in sight, and whoever waits for luck finds it.
    """
    if made.call.state not in _TOLD or not standing.cut_short:
        return made
    why = (
        f"it ended after {figures.count(standing.arm.released)} of"
        f" {figures.people(standing.planned)}, and its one look was planned for all of them."
    )
    call = replace(made.call, sentence=f"{State.INCONCLUSIVE.word}: {why} {_alone(made)}")
    return _taken_back(replace(made, call=call), State.INCONCLUSIVE, why, _TOLD)


def unreached(arms: Iterable[Mailed]) -> list[str]:
    """Arms that were mailed and whose mails all came back or were refused."""
    return [arm.key for arm in arms if arm.key != HOLDOUT and arm.released and _is_lost(arm)]


def _is_lost(arm: Mailed) -> bool:
    arrived = arm.delivered + arm.uncertain + arm.human_clickers + arm.human_openers
    return not arrived and arm.failed + arm.bounced >= arm.released


def _if_nobody(made: Made, arms: Mapping[str, int], *, over: bool) -> Made:
    if not arms:
        return made
    whom = f" of {', '.join(f'“{key}”' for key in arms)}" if made.comparisons else ""
    mails = sum(arms.values())
    fate = (
        "Its one mail came back or was refused."
        if mails == 1
        else f"All {figures.count(mails)} mails came back or were refused."
    )
    what = f"nobody{whom} was reached, so this says nothing of what people want."
    state = State.INCONCLUSIVE if over else State.WAITING
    call = replace(
        made.call,
        sentence=f"{state.word}: {what} {fate}",
        because=made.call.because if made.comparisons else (),
    )
    return _taken_back(replace(made, call=call), state, what, frozenset(State))


def _taken_back(made: Made, state: State, why: str, of_rows: frozenset[State]) -> Made:
    """The call, and with it every version's own verdict that would stand against it."""
    rows = tuple(
        replace(row, state=state, reason=sentences.raised(why)) if row.state in of_rows else row
        for row in made.comparisons
    )
    return replace(made, call=replace(made.call, state=state), comparisons=rows)


def _if_split(
    made: Made, design: Mapping[str, Any], totals: Mapping[str, ArmTotals], *, over: bool
) -> Made:
    """A result of groups that were not drawn as planned is none."""
    if made.call.state not in _TOLD or splits.check(design, totals, over=over).ok:
        return made
    sentence = f"{State.INCONCLUSIVE.word}: {splits.WRONG} {_alone(made)}"
    call = replace(made.call, sentence=sentence)
    return _taken_back(replace(made, call=call), State.INCONCLUSIVE, splits.WRONG, _TOLD)


def _if_harmed(made: Made, breached: tuple[Guardrail, ...]) -> Made:
    if not breached:
        return made
    call, harm = made.call, guardrail_sentences.harm(breached)
    if call.state is State.VALIDATED:
        sentence = f"{State.INCONCLUSIVE.word}, because {harm}. {_alone(made)}"
        made = replace(made, call=replace(call, sentence=sentence))
        return _taken_back(made, State.INCONCLUSIVE, f"{harm}.", frozenset({State.VALIDATED}))
    sentence = f"{call.sentence} Besides, {harm}."
    return replace(made, call=replace(call, sentence=sentence))


def _alone(made: Made) -> str:
    """What the rule itself said, without its verdict: a reader meets one."""
    said = made.call.sentence.partition(": ")[2]
    return f"The numbers alone would have {made.call.state} it: {said}"
