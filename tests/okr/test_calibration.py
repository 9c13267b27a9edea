"""Owners' confidence at mid-cycle, and our chances, against what came."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from app.okr import calibration, closing, outcomes, store
from app.okr.models import Cycle, KeyResult
from app.okr.schemas import CloseDraft, KeyResultDraft, ObjectiveDraft
from app.stats.said import Agreement
from tests.okr.scenes import NOW, given_cycle, put

STARTS, ENDS = date(2026, 6, 1), date(2026, 8, 30)  # thirteen weeks; the seventh ends on 19 July
MIDDLE = date(2026, 7, 19)
MONDAY = datetime(2026, 7, 20, 8, tzinfo=UTC)  # when most say it


@pytest.fixture
def cycle(session: Session) -> Cycle:
    return given_cycle(session, "2026 Summer", starts=STARTS, ends=ENDS)


def given(
    session: Session, cycle: Cycle, *, owner: str = "Ann", confidence: int = 7, last: float = 1800,
    **facts: Any,
) -> KeyResult:  # fmt: skip
    """Said at mid-cycle, then ended at `last`."""
    objective = next(iter(store.objectives(session, cycle_id=cycle.id)), None)
    if objective is None:
        draft = ObjectiveDraft(title="Bakers plan", cycle_id=cycle.id, owner="Olga")
        objective = outcomes.add_objective(session, draft, now=NOW)
    known = {"kind": "increase", "start": 1240, "target": 1800, "title": "Active", "owner": owner}
    asked = KeyResultDraft.model_validate({"objective_id": objective.id} | known | facts)
    row = outcomes.add_key_result(session, asked, now=NOW)
    put(session, row.id, MIDDLE, asked.start, confidence=confidence, now=MONDAY)
    put(session, row.id, ENDS, last)
    return row


def close(session: Session, cycle: Cycle) -> None:
    closing.close(session, cycle, CloseDraft(), by="Ann", now=NOW)


def test_before_ten_are_closed_nothing_is_said(session: Session, cycle: Cycle):
    for _ in range(4):
        given(session, cycle)
    open_ones = calibration.calibrations(session).everybody
    close(session, cycle)

    found = calibration.calibrations(session).everybody

    assert (open_ones.n, found.n, found.agreement, found.brier) == (0, 4, None, None)
    assert found.sentence == "4 of 10 needed"


def test_less_came_than_was_said(session: Session, cycle: Cycle):
    for place in range(15):
        given(session, cycle, confidence=8, last=1800 if place < 5 else 1500)
    close(session, cycle)

    found = calibration.calibrations(session).everybody

    assert found.agreement is Agreement.LESS
    assert found.sentence == "less came than was said: 12 said, 5 came"
    assert found.brier == pytest.approx((5 * 0.04 + 10 * 0.64) / 15)
    assert found.base == pytest.approx((5 / 15) * (10 / 15))


def test_each_owner_has_a_line_by_name_and_who_answers_for_the_objective_stands_in(
    session: Session, cycle: Cycle
):
    for owner in ("Cem", "ann", "", "Bo", "Cem"):
        given(session, cycle, owner=owner)
    close(session, cycle)

    found = calibration.calibrations(session).owners

    assert [(one.owner, one.n) for one in found] == [("ann", 1), ("Bo", 1), ("Cem", 2), ("Olga", 1)]


def test_the_confidence_that_counts_is_the_last_one_until_the_middle(
    session: Session, cycle: Cycle
):
    row = given(session, cycle, confidence=3)
    put(session, row.id, MIDDLE - timedelta(days=8), 1250, confidence=9, now=MONDAY)
    put(
        session,
        row.id,
        MIDDLE + timedelta(days=1),
        1250,
        confidence=10,
        now=MONDAY + timedelta(days=1),
    )
    close(session, cycle)

    (found,) = calibration.closed_of(session)

    assert found.confidence == 0.3


@pytest.mark.parametrize("days_late", [0, 6, 7, 8, 60])
def test_what_was_said_when_more_was_known_is_no_confidence(
    session: Session, cycle: Cycle, days_late: int
):
    row = given(session, cycle, confidence=3)
    said = MONDAY + timedelta(days=days_late - 1)
    put(session, row.id, MIDDLE, 1250, confidence=10, now=said)
    close(session, cycle)

    (found,) = calibration.closed_of(session)

    assert found.confidence == (1.0 if days_late <= 7 else None)


@pytest.mark.parametrize(
    ("facts", "last", "came"),
    [
        ({}, 1799.9, False),
        ({}, 1900, True),
        ({"kind": "decrease", "start": 1800, "target": 1240}, 1240, True),
        ({"kind": "decrease", "start": 1800, "target": 1240}, 1241, False),
        ({"kind": "maintain", "start": 50, "target": 50, "low": 40, "high": 60}, 60, True),
        ({"kind": "maintain", "start": 50, "target": 50, "low": 40, "high": 60}, 61, False),
        ({"kind": "milestone", "start": 0, "target": 1}, 1, True),
        ({"kind": "milestone", "start": 0, "target": 1}, 0, False),
    ],
)
def test_it_came_at_or_beyond_the_target_in_the_band_or_at_one(
    session: Session, cycle: Cycle, facts: dict[str, Any], last: float, came: bool
):
    given(session, cycle, last=last, **facts)
    close(session, cycle)

    (found,) = calibration.closed_of(session)

    assert found.came is came


def test_our_chance_at_mid_cycle_is_held_against_what_came_from_twenty_on(
    session: Session, cycle: Cycle
):
    row = given(session, cycle)
    for weeks in range(1, 9):
        put(session, row.id, MIDDLE - timedelta(days=7 * weeks), 1240 + 3 * (-1) ** weeks)
    close(session, cycle)

    found = calibration.calibrations(session).ours

    assert (found.n, found.sentence) == (1, "1 of 20 needed")
    assert found.expected == pytest.approx(0.03)
