"""A week in plain sentences."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.okr.forecast import Forecast
from app.okr.progress import Pace
from app.okr.sayings import Statement
from app.okr.statements import State
from app.outreach import week_text
from app.review.shapes import (
    BucketShare,
    Decided,
    Item,
    KeyResultLine,
    Overdue,
    Review,
    Starting,
    TimeSplit,
)

OSLO = ZoneInfo("Europe/Oslo")


def line(**changes: Any) -> KeyResultLine:
    facts: dict[str, Any] = {
        "id": "kr",
        "title": "Weekly active bakeries",
        "unit": "number",
        "kind": "increase",
        "start": 1240,
        "target": 1800,
        "low": None,
        "high": None,
        "current": 1515,
        "change": -35,
        "closer": False,
        "progress": 0.49,
        "expected": 0.57,
        "pace": Pace.GREEN,
        "confidence": 7,
        "comment": "",
        "stale": False,
        "as_of": date(2026, 11, 20),
        "owner": "Cem",
    }
    return KeyResultLine(**facts | changes)


CLOSER = Statement(
    week="2026-W47",
    state=State.CLOSER,
    p=0.001,
    moved=109,
    low=25,
    high=193,
    chance=0.34,
    sentence="Closer: +109 since the start (+25 to +193).",
)
FORECAST = Forecast(date(2026, 12, 31), 1700, 1600, 1800, 0.8, 0.34, 9, "Chance of landing")


def review(**changes: Any) -> Review:
    nothing: dict[str, Any] = dict.fromkeys(
        (
            "key_results",
            "decided",
            "starting",
            "overdue",
            "blockers",
            "decisions",
            "commitments",
            "last_commitments",
        ),
        (),
    )
    facts = {
        "week": "2026-W47",
        "starts": date(2026, 11, 16),
        "ends": date(2026, 11, 22),
        "sentence": "Closer.",
        "weeks_avoided": 8,
        "time": None,
    }
    return Review(**nothing | facts | changes)


def said(**changes: Any) -> dict[str, tuple[str, ...]]:
    return {part.title: part.lines for part in week_text.week_parts(review(**changes), zone=OSLO)}


def test_a_week_of_which_nothing_is_known_says_that_and_no_more():
    assert said() == {
        "Are we closer than when the cycle began?": ("No key results are set for this week.",)
    }


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {},
            "Weekly active bakeries: 1,515 of 1,800 (−35 since last week, confidence 7 of 10).",
        ),
        (
            {"stale": True, "change": None, "confidence": None},
            "Weekly active bakeries: 1,515 of 1,800 (stale).",
        ),
        (
            {"current": None, "change": None, "pace": Pace.NONE, "confidence": None},
            "Weekly active bakeries: no value yet of 1,800.",
        ),
        (
            {"current": 1_234_567, "target": 2_000_000, "change": -50_000.5, "confidence": None},
            "Weekly active bakeries: 1,234,567 of 2,000,000 (−50,000.5 since last week).",
        ),
        (
            {"unit": "percent", "current": 12, "target": 15, "change": 1.5, "confidence": None},
            "Weekly active bakeries: 12 % of 15 % (+1.5 points since last week).",
        ),
        (
            {"kind": "maintain", "pace": Pace.NONE, "change": 1.5},
            "Weekly active bakeries: 1,515 (+1.5 since last week, confidence 7 of 10).",
        ),
        (
            {"statement": CLOSER, "forecast": FORECAST, "ends": date(2026, 12, 31)},
            (
                "Weekly active bakeries: 1,515 of 1,800 (−35 since last week, confidence 7 of 10)."
                " Closer: +109 since the start (+25 to +193)."
                " Lands on target 3 times in 10 by 31 Dec."
            ),
        ),
    ],
)
def test_a_key_result_says_its_value_change_pace_and_confidence(
    changes: dict[str, Any], sentence: str
):
    told = said(key_results=(line(**changes),))

    assert told["Are we closer than when the cycle began?"] == (sentence,)


def test_time_is_told_with_both_denominators():
    buckets = (
        BucketShare(
            "Keep the lights on", elective=False, of_all=0.44, of_elective=None, target=None
        ),
        BucketShare("Build new", elective=True, of_all=0.28, of_elective=0.5, target=0.6),
    )
    split = TimeSplit(3, 2, 0.44, buckets, rising=True)

    assert said(time=split)["Where did the time go?"] == (
        "44 % kept the lights on; 2 of 3 answered.",
        "Of elective time: Build new 50 % (target 60 %).",
        "That share has risen for three weeks running.",
    )
    hidden = TimeSplit(9, 2, None, (), rising=False)
    assert said(time=hidden)["Where did the time go?"] == (
        "2 of 9 answered; too few to show a split.",
    )


def test_everything_else_follows_in_the_order_of_the_talk():
    told = said(
        decided=(
            Decided("x", "Waste", "F", "In euros", "validated", "72.", "stop", "Money.", "Ann"),
        ),
        starting=(
            Starting("y", "Tuesday", "scheduled", datetime(2026, 11, 23, 23, 30, tzinfo=UTC)),
        ),
        overdue=(Overdue("value", "kr", "Revenue", "", "It has no value yet."),),
        blockers=(Item("1", "SMTP", "", None, "Ann"),),
        commitments=(Item("2", "Ask", "Cem", None, "Ann"),),
        last_commitments=(Item("3", "Build", "", "not_done", "Ann"),),
    )

    assert list(told.values())[1:] == [
        ("In euros: validated, stop. Money.", "Weeks of building avoided so far: 8."),
        ("Tuesday, Tuesday 24 November.",),
        ("Revenue: It has no value yet.",),
        ("SMTP",),
        ("Ask (Cem)",),
        ("Build: not done.",),
    ]
