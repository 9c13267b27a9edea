"""Second versions, the holdout and waves: drawn once, blindly, for ever."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from app.experiments import lifecycle, waves
from app.experiments.lottery import arm_of, wave_ticket_of
from app.experiments.models import Experiment, Status
from app.experiments.part_schemas import Arm
from app.experiments.rule_schemas import Wave
from app.platform.db import Database
from tests.experiments.scenes import ARM, NOW, enrolled, left_out, scheduled, settle

TWO = [ARM, ARM | {"key": "loss", "weight": 3}]
CONVERSION: dict[str, Any] = {
    "metric": {"kind": "conversion_rate", "event": "planned"},
    "rule": {"kind": "comparison", "baseline": "holdout", "mde": 0.02},
}
WAVES = [{"people": 30}, {"share": 0.5, "after_hours": 24}, {"share": 0.2, "after_hours": 48}]


def test_weights_are_kept_and_the_same_person_is_in_the_same_arm_for_ever():
    arms = [Arm(key="a", weight=1), Arm(key="b", weight=3)]
    drawn = [arm_of("e", f"p{n}", arms, holdout=0.2) for n in range(100_000)]
    counts = Counter(drawn)
    expected = {"a": 20_000, "b": 60_000, "holdout": 20_000}
    chi2 = sum((counts[key] - n) ** 2 / n for key, n in expected.items())

    assert chi2 < 13.8  # 0.1 % of fair draws reach that with two degrees of freedom
    assert drawn[:1000] == [arm_of("e", f"p{n}", arms, holdout=0.2) for n in range(1000)]


def test_adding_a_holdout_moves_nobody_from_one_version_to_the_other():
    arms = [Arm(key="a", weight=1)]

    assert {arm_of("e", f"p{n}", arms, holdout=0.5) for n in range(200)} == {"a", "holdout"}


def test_waves_are_blind_to_arms():
    arms = [Arm(key="a", weight=1), Arm(key="b", weight=1)]
    early = [n for n in range(20_000) if wave_ticket_of("e", f"p{n}") < 1 << 255]
    in_a = sum(arm_of("e", f"p{n}", arms) == "a" for n in early)

    assert abs(in_a - len(early) / 2) < 4 * (len(early) / 4) ** 0.5


@pytest.mark.parametrize(
    ("asked", "people", "sizes"),
    [
        ([], 100, [100]),
        ([Wave(share=0.5), Wave(share=0.5, after_hours=1)], 101, [50, 51]),
        ([Wave(people=30), Wave(people=30, after_hours=1)], 100, [30, 70]),
        ([Wave(people=90), Wave(people=90, after_hours=1)], 100, [90, 10]),
        ([Wave(people=200), Wave(people=1, after_hours=1)], 100, [100, 0]),
    ],
)
def test_whoever_the_sizes_leave_over_joins_the_last_wave(
    asked: list[Wave], people: int, sizes: list[int]
):
    assert waves.sizes(asked, people) == sizes


def test_the_start_freezes_arms_waves_and_looks(database: Database):
    name = scheduled(database, arms=TWO, holdout=0.2, waves=WAVES, **CONVERSION)
    experiment = settle(database, name)
    people = enrolled(database, name)
    plan = experiment.plan
    assert plan is not None

    assert experiment.status == Status.RUNNING
    assert plan["arms"] == dict(sorted(Counter(one.arm for one in people).items()))
    assert set(plan["arms"]) == {"insight", "loss", "holdout"}
    assert plan["waves"] == [30, 50, 20]
    assert sum(plan["arms"].values()) == experiment.enrolled == 100


def test_waves_hold_every_arm_in_proportion_and_are_drawn_the_same_again(database: Database):
    name = scheduled(database, arms=TWO, holdout=0.2, waves=WAVES, **CONVERSION)
    experiment = settle(database, name)
    first = {one.id: one.wave for one in enrolled(database, name)}
    waves.draw(database, experiment)
    people = enrolled(database, name)
    sizes = Counter(one.arm for one in people)
    of_first_wave = Counter(one.arm for one in people if one.wave == 0)

    assert {one.id: one.wave for one in people} == first
    assert all(abs(of_first_wave[arm] - 0.3 * n) <= 1 for arm, n in sizes.items())


def test_what_the_analysis_needs_is_frozen_and_who_lacks_a_number_is_left_out(database: Database):
    changes: dict[str, Any] = {
        "arms": TWO,
        "metric": {"kind": "value_per_person", "event": "paid", "covariate": "euros"},
        "rule": {"kind": "comparison", "baseline": "insight", "mde": 1},
        "segments": ["country"],
    }
    name = scheduled(database, people=4, **changes)
    settle(database, name)

    assert {one.frozen["euros"] for one in enrolled(database, name)} == {61}


def test_a_covariate_that_is_no_number_leaves_the_person_out(database: Database):
    changes: dict[str, Any] = {
        "arms": TWO,
        "metric": {"kind": "value_per_person", "event": "paid", "covariate": "name"},
        "rule": {"kind": "comparison", "baseline": "insight", "mde": 1},
    }
    name = scheduled(database, people=3, **changes)
    experiment = settle(database, name)

    assert set(left_out(database, name).values()) == {"missing_column name"}
    assert experiment.status == Status.CANCELLED


def test_looks_that_see_nobody_new_cancel_before_anybody_is_mailed(database: Database):
    rule = {"kind": "threshold", "threshold": 0.08, "method": "sequential", "looks": 2}
    name = scheduled(database, rule=rule, waves=[{"people": 500}, {"people": 1, "after_hours": 24}])
    experiment = settle(database, name)

    assert experiment.status == Status.CANCELLED
    assert "holds nobody" in str(experiment.paused_reason)


class _Gate:
    def __init__(self, reason: str | None) -> None:
        self.reason = reason

    def is_known(
        self, _session: Session, _experiment: Experiment, moment: datetime, *, now: datetime
    ) -> bool:
        return moment <= now

    def closed_because(
        self, _session: Session, _experiment: Experiment, *, now: datetime
    ) -> str | None:
        assert now >= NOW
        return self.reason


def running(database: Database) -> str:
    name = scheduled(database, waves=[{"share": 0.5}, {"share": 0.5, "after_hours": 24}])
    settle(database, name)
    return name


def test_a_wave_opens_when_its_time_has_come_and_not_before(database: Database):
    name = running(database)
    with database.write() as session:
        experiment = session.get_one(Experiment, name)
        waves.open_due(session, experiment, _Gate(None), now=NOW + timedelta(hours=23))
        early = experiment.open_wave
        waves.open_due(session, experiment, _Gate(None), now=NOW + timedelta(hours=24))
        due = experiment.open_wave
        waves.open_due(session, experiment, _Gate(None), now=NOW + timedelta(hours=99))

    assert (early, due, experiment.open_wave) == (0, 1, 1)


def test_a_harm_keeps_the_wave_closed_until_a_person_says_otherwise(database: Database):
    name = running(database)
    later = NOW + timedelta(hours=25)
    with database.write() as session:
        experiment = session.get_one(Experiment, name)
        waves.open_due(session, experiment, _Gate("too many left."), now=later)
        paused, reason = experiment.status, experiment.paused_reason
        lifecycle.resume(session, experiment, now=later)

    assert (paused, reason) == (Status.PAUSED, "Wave 2 was not begun: too many left.")
    assert (experiment.status, experiment.open_wave) == (Status.RUNNING, 1)


def test_content_must_be_fillable_in_every_version(database: Database):
    needs_more = ARM | {"key": "loss", "body": "{{ bread }} [Show](https://halvern.example)"}
    rule = {"kind": "comparison", "baseline": "insight", "mde": 0.02}
    name = scheduled(database, people=5, arms=[ARM, needs_more], rule=rule)
    settle(database, name)

    assert set(left_out(database, name).values()) == {"missing_column bread"}
