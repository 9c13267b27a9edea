"""Thousands of readouts, none of which says something that nobody would say."""

import random
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.analysis import evidence, gates, threshold_call
from app.analysis.counts import ArmTotals
from app.analysis.locked_rule import Rule
from app.analysis.readout_types import Call, Comparison, Estimate, Guardrail, State
from app.analysis.threshold_call import Made, Standing
from app.experiments.metrics import METRICS, Metric
from app.experiments.vocabulary import Method, RuleKind
from app.stats.checks import NotEnoughData
from app.stats.guardrails import guard
from app.stats.one_arm import pass_count
from tests.metrics.scenes import START

READOUTS = 3_000
ANSWER = START + timedelta(hours=72, minutes=15)
NEVER = {
    "an unknown number": r"\b(?:nan|none|inf|null)\b",
    "one of many": r"(?<![\d,.])1 (?:people|points|mails|windows|looks|clicks|conversions)\b",
    "one that were": r"(?<![\d,.])1 (?:were|are)\b",
    "sure": r"chance to be better (?:100|0) %|\b100 % of the time",
    "one that have": r"(?<![\d,.])1 (?!would)[a-z]+(?: needed)? have\b",
    "a minus before a zero": r"[-−]0(?![.,]?\d*[1-9])",
    "an empty clause": r"\(\s*\)|,\s*[,.;]|;\s*[,.;]|:\s*[.;]|\s{2,}|\s[,.;]|\.\.",
    "more than all": r"\b100\.0+[1-9]",
}
OF = re.compile(r"([\d,]+) of (?:the )?([\d,]+)")


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("an unknown number", "None people clicked."),
        ("one of many", "1 people clicked."),
        ("one that have", "1 person have clicked."),
        ("a minus before a zero", "Between -0 and -30."),
        ("an empty clause", "12 clicked (), ."),
    ],
)
def test_the_rules_notice_what_they_are_for(rule: str, said: str):
    assert re.search(NEVER[rule], said, re.IGNORECASE)


def number(written: str) -> int:
    return int(written.replace(",", ""))


def faults(said: list[str]) -> Iterator[str]:
    """What nobody would say, in any of these sentences or between them."""
    for one in said:
        yield from (f"{name}: {one}" for name, never in NEVER.items() if _found(never, one))
        yield from (
            f"over its limit: {one}" for few, all_ in OF.findall(one) if number(few) > number(all_)
        )
        if one and not one.rstrip().endswith((".", "!", "?")):
            yield f"no end: {one}"
    still = {
        number(found)
        for one in said
        for found in re.findall(r"([\d,]+) (?:people|person) can still", one)
    }
    if len(still) > 1:
        yield f"two values of who still can: {said}"


def _found(never: str, said: str) -> bool:
    return re.search(never, said, re.IGNORECASE) is not None


def a_totals(rng: random.Random, planned: int) -> ArmTotals:
    """What one arm may have come to; small numbers and the ends of ranges often."""

    def some(most: int) -> int:
        return rng.choice((0, min(1, most), most, rng.randint(0, most)))

    released = some(planned)
    matured = some(released)
    did = some(released)
    matured_did = rng.randint(max(0, did - (released - matured)), min(did, matured))
    lost = some(released - did)
    bounced = some(lost)
    return ArmTotals(
        key="insight",
        released=released,
        matured=matured,
        matured_did=matured_did,
        did=did,
        settled_did=some(did),
        maybe_did=some(released - did),
        human_clickers=did,
        clicks=did + some(50),
        sent=released - lost,
        delivered=released - lost,
        failed=lost - bounced,
        bounced=bounced,
        unsubscribed=some(released - lost),
        last_release=START,
    )


def a_standing(rng: random.Random, rule: Rule) -> Standing:
    planned = rng.choice((1, 2, 11, 60, 600, 1_240))
    totals = a_totals(rng, planned)
    over = totals.released == planned or rng.random() < 0.3
    closed = (
        over and totals.released > 0 and totals.matured == totals.released and rng.random() < 0.5
    )
    if closed:
        totals = _settled(totals)
    try:
        needed = pass_count(planned, rule.limit, confidence=rule.confidence)
    except NotEnoughData:
        needed = None
    return Standing(
        arm=totals,
        planned=planned,
        pass_count=needed,
        over=over,
        ended=over and rng.random() < 0.5,
        closed=closed,
        answer_by=rng.choice((ANSWER, None)),
    )


def _settled(totals: ArmTotals) -> ArmTotals:
    return replace(totals, settled_did=totals.did, matured_did=totals.did)


def a_rule(rng: random.Random, metric: Metric) -> Rule:
    return Rule(
        kind=RuleKind.THRESHOLD,
        threshold=rng.choice((0.01, 0.08, 0.125, 0.5)),
        confidence=rng.choice((0.8, 0.95, 0.99)),
        method=Method.CURTAILED,
        window_hours=72,
        metric=metric.kind,
        link="policies" if "link" in metric.fields and rng.random() < 0.5 else None,
    )


def watched(rng: random.Random, arm: ArmTotals) -> tuple[Guardrail, ...]:
    most = rng.choice((0.01, 0.2))
    hits, people = min(arm.unsubscribed, arm.delivered), arm.delivered
    said = guard(hits, people, maximum=most, n_max=max(1, people))
    return (
        Guardrail(
            "unsubscribe_rate", "insight", said.rate, most, said.state, said.ok,
            min(arm.unsubscribed, arm.delivered), arm.delivered,
        ),
    )  # fmt: skip


def readout_of(rng: random.Random) -> tuple[Rule, Made, list[str]]:
    metric = rng.choice([one for one in METRICS.values() if RuleKind.THRESHOLD in one.methods])
    rule = a_rule(rng, metric)
    standing = a_standing(rng, rule)
    made = threshold_call.make(standing, rule)
    breached = tuple(one for one in watched(rng, standing.arm) if not one.ok)
    made = gates.passed(
        made,
        {"arms": [{"key": "insight"}]},
        {"insight": standing.arm},
        breached,
        over=standing.over,
    )
    link = {"key_result_id": "k", "reach": rng.choice((1, 12_000)), "carry": rng.choice((0.25, 1)),
            "per_hit": rng.choice((1, -3, 0.5))}  # fmt: skip
    (row,) = evidence.evidence_of({"key_results": [link], "rule": {}}, made.estimates)
    said = [
        made.call.sentence,
        *made.call.because,
        *made.missing,
        row.assumption or "",
        row.reason or "",
    ]
    return rule, made, said


def test_nothing_is_said_that_nobody_would_say():
    rng = random.Random(10)
    found: list[str] = []
    for _ in range(READOUTS):
        _, _, said = readout_of(rng)
        found += faults(said)

    assert found[:5] == []


def test_a_call_names_the_metrics_own_verb_and_no_other():
    rng = random.Random(11)
    for _ in range(READOUTS // 3):
        rule, made, said = readout_of(rng)
        mine = rule.counts
        others = [
            row.words.do
            for row in METRICS.values()
            if row.kind is not mine.kind and not row.is_value
        ]

        assert not any(re.search(rf"\b{verb}", one) for verb in others for one in said)
        assert made.call.state in State


def a_loss(**changes: Any) -> ArmTotals:
    return ArmTotals(key="insight", released=40, matured=40, bounced=40, **changes)


@pytest.mark.parametrize(
    "metric",
    [one for one in METRICS.values() if RuleKind.THRESHOLD in one.methods],
    ids=lambda one: one.kind,
)
def test_where_nobody_was_reached_nothing_is_said_of_desire(metric: Metric):
    rule = a_rule(random.Random(1), metric)
    arm = a_loss()
    standing = Standing(arm, 40, 8, over=True, ended=False, closed=True, answer_by=ANSWER)
    made = gates.passed(
        threshold_call.make(standing, rule),
        {"arms": [{"key": "insight"}]},
        {"insight": arm},
        (),
        over=True,
    )

    assert made.call.state is State.INCONCLUSIVE
    assert "nobody was reached" in made.call.sentence
    assert "Refuted" not in made.call.sentence


@pytest.mark.parametrize("state", list(State))
def test_a_breached_guardrail_is_told_with_every_call(state: State):
    harm = Guardrail("unsubscribe_rate", "insight", 0.2, 0.01, "breached", False, 20, 100)
    call = Call(state, False, f"{state.capitalize()}: 12 of 600 people clicked.", (), 60, None)
    made = gates.passed(
        Made(call, (), ()), {"arms": [{"key": "insight"}]}, {"insight": ArmTotals("insight")},
        (harm,), over=True,
    )  # fmt: skip

    assert "20 of 100 delivered (20.0 %) unsubscribed" in made.call.sentence
    assert made.call.state is (State.INCONCLUSIVE if state is State.VALIDATED else state)


def against(difference: float, low: float, high: float) -> Comparison:
    return Comparison(
        "loss", "holdout", difference, low, high, None, 0.5, 0.5, 0.0, State.INCONCLUSIVE, "", 0.95
    )


@pytest.mark.parametrize(
    ("rule", "unit", "comparisons", "reason"),
    [
        ({}, "number", (), "without a group that gets nothing"),
        ({"baseline": "holdout"}, "number", (), "too few windows have closed"),
        ({}, "percent", (), "people cannot be added to a share"),
        ({"baseline": "holdout"}, "percent", (against(0.1, 0, 0.2),), "cannot be added to a share"),
        ({"baseline": "holdout"}, "number", (against(0.1, 0, 0.2),), None),
    ],
)
def test_why_nothing_is_projected(rule: Any, unit: str, comparisons: Any, reason: str | None):
    link = {"key_result_id": "k", "reach": 12_000, "carry": 0.25, "per_hit": 1}
    estimate = Estimate("insight", 600, 72, 0.12, 0.1, 0.14, "", 0.95, "", 72, 0, 0.12)
    (row,) = evidence.evidence_of(
        {"key_results": [link], "rule": rule}, (estimate,), comparisons, units={"k": unit}
    )

    assert (reason or "") in (row.reason or "")
    assert (row.projected is None) == (reason is not None)
    assert unit != "percent" or row.assumption is None


@pytest.mark.parametrize("rule", [{}, {"baseline": "holdout"}])
def test_what_measures_a_share_itself_is_no_mere_evidence(rule: dict[str, str]):
    link = {"key_result_id": "k", "mode": "direct"}
    rows = (against(0.1, 0, 0.2),) if rule else ()
    (row,) = evidence.evidence_of(
        {"key_results": [link], "rule": rule}, (), rows, units={"k": "percent"}
    )

    assert "put as its value" in (row.reason or "")
    assert "evidence" not in (row.reason or "")


def test_a_falling_number_has_no_minus_before_a_zero():
    link = {"key_result_id": "k", "reach": 300, "carry": 0.25, "per_hit": -1}
    (row,) = evidence.evidence_of(
        {"key_results": [link], "rule": {"baseline": "holdout"}}, (), (against(0.2, 0.0, 0.4),)
    )

    assert "(−30 to 0)" in (row.assumption or "")
