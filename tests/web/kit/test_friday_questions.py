"""What is asked beside the confidence is about what the experiment measured."""

from dataclasses import replace

from app.analysis.list_calls import Told
from app.analysis.locked_rule import Rule
from app.analysis.readout_types import Call, Comparison, Estimate, State
from app.analysis.versus import too_early
from app.experiments.models import Experiment
from app.web.kit import friday_questions
from tests.web.experiments.test_results import NOW

RULE = Rule("comparison", None, 0.95, "fixed", 72, baseline="holdout")
SHARE = Estimate("insight", 420, 50, 0.119, 0.094, 0.148, "exact", 0.95, "95 %", 50, 0, 0.119)
CALL = Call(State.VALIDATED, provisional=False, sentence="", because=(), pass_count=None,
            answer_by=None)  # fmt: skip


def asked(*comparisons: Comparison, kind: str = "conversion_rate") -> str:
    row = Experiment(name="Insight", design={"metric": {"kind": kind}}, created_at=NOW,
                     updated_at=NOW)  # fmt: skip
    return friday_questions._measured(row, Told(CALL, (SHARE,), comparisons))


def lead(arm: str, difference: float, state: State) -> Comparison:
    return replace(too_early(arm, RULE, "x"), difference=difference, state=state, reason=None)


def test_a_comparison_is_asked_about_by_its_lead_and_not_by_a_share():
    worse = lead("list", 0.09, State.INCONCLUSIVE)
    better = lead("insight", 0.069, State.VALIDATED)

    assert asked(worse, better) == "“insight” +6.9 points against “holdout”"


def test_values_are_no_shares():
    told = asked(lead("insight", 12.5, State.VALIDATED), kind="value_per_person")

    assert told == "“insight” +12.50 against “holdout”"


def test_where_nothing_can_be_compared_yet_nothing_is_asked():
    assert asked(too_early("insight", RULE, "no window has closed yet")) == ""


def test_one_version_alone_is_asked_about_by_its_share():
    assert asked() == "11.9 %"
