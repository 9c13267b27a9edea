"""Kinds of people, courses and fading leads, through the real counters."""

import json
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlmodel import Session

from app.analysis import look_worker
from app.analysis import readout as readouts
from app.analysis.readout_json import as_json
from app.delivery.models import Send
from app.stats.rate_intervals import clopper_pearson, wilson
from app.tally import store
from app.tracking.models import Conversion
from tests.analysis.scenes import CLOSED, HOUR, MINUTE, TUESDAY, click, given_experiment, mail
from tests.analysis.test_comparisons import RULE, clicks, did, given_comparison, read
from tests.api.lists import filled


def stratum(*values: str) -> str:
    return json.dumps(values)


def test_kinds_are_told_with_intervals_for_as_many(session: Session):
    experiment = given_experiment(session, design={"segments": ["country", "plan"]})
    mail(session, experiment, 400, stratum=stratum("NO", "pro"))
    mail(session, experiment, 195, first=401, stratum=stratum("SE", "free"))
    mail(session, experiment, 3, first=596, stratum=stratum("FI", "free"))
    mail(session, experiment, 2, first=599, stratum=stratum("DK", "free"))
    click(session, 40)
    click(session, 20, first=401)
    country, plan = readouts.readout_of(session, experiment, now=CLOSED).segments

    assert [(row.value, row.people, row.hits) for row in country.rows] == [
        ("NO", 400, 40),
        ("SE", 195, 20),
        ("others", 5, 0),
    ]
    assert [(row.value, row.people) for row in plan.rows] == [("pro", 400), ("free", 200)]
    told = wilson(40, 400, confidence=1 - 0.05 / 3)
    assert (country.rows[0].low, country.rows[0].high) == (told.low, told.high)


def test_no_more_than_twenty_kinds_are_shown_of_a_column(session: Session):
    experiment = given_experiment(session, design={"segments": ["town"]})
    for town in range(25):
        kind, first = stratum(f"T{town:02}"), 1 + 24 * town
        mail(session, experiment, 24 - town // 2, first=first, stratum=kind)
    (segment,) = readouts.readout_of(session, experiment, now=CLOSED).segments

    assert len(segment.rows) == 20
    assert segment.rows[-1].value == "others"
    assert sum(row.people for row in segment.rows) == sum(24 - town // 2 for town in range(25))


def test_versions_stand_in_the_same_order_among_the_others(session: Session):
    keys = [f"v{number}" for number in range(9, 0, -1)]
    experiment = given_comparison(session, dict.fromkeys(keys, 1), segments=["town"])
    mail(session, experiment, 12, first=101, arm="v9", stratum=stratum("Oslo"))
    (segment,) = readouts.readout_of(session, experiment, now=CLOSED).segments
    told = [row.arm for row in segment.rows if row.value == "others"]

    assert told == [arm.key for arm in read(session, experiment).arms]


def test_without_columns_or_matured_people_nothing_is_told(session: Session):
    experiment = given_experiment(session, design={"segments": ["country"]})
    mail(session, experiment, 50, stratum=stratum("NO"))

    assert readouts.readout_of(session, experiment, now=TUESDAY + HOUR).segments == ()


def test_a_mix_that_turns_the_difference_round_is_warned_of(session: Session):
    arms = [{"key": "plain", "weight": 350}, {"key": "loss", "weight": 350}]
    rule = RULE | {"confidence": 0.95}
    plan = {"arms": {"plain": 350, "loss": 350}, "people": 700, "looks": []}
    design = {"arms": arms, "rule": rule, "segments": ["size"]}
    experiment = given_experiment(session, enrolled=700, plan=plan, design=design)
    counts = (("plain", "small", 270, 234), ("loss", "small", 87, 81),
              ("plain", "large", 80, 55), ("loss", "large", 263, 192))  # fmt: skip
    first = 1
    for arm, size, people, hits in counts:
        mail(session, experiment, people, first=first, arm=arm, stratum=stratum(size))
        clicks(session, first, hits)
        first += people
    (segment,) = read(session, experiment).segments
    small = {row.arm: row for row in segment.rows if row.value == "small"}

    assert "“loss” points the other way" in segment.warning
    assert small["loss"].difference == pytest.approx(81 / 87 - 234 / 270)
    assert small["plain"].difference is None


def test_a_course_has_the_interval_of_each_hour(session: Session):
    experiment = given_experiment(session)
    mail(session, experiment, 600)
    click(session, 30)
    click(session, 30, first=31, at=TUESDAY + 5 * HOUR)
    (line,) = readouts.readout_of(session, experiment, now=CLOSED).timelines
    told = clopper_pearson(60, 600, confidence=0.95)

    assert (line.arm, line.goal) == ("insight", 0.08)
    assert [point.estimate for point in line.points] == [0, 0.05, 0.1]
    assert (line.points[-1].low, line.points[-1].high) == (told.low, told.high)


@pytest.mark.parametrize("method", ["fixed", "anytime"])
def test_the_lead_of_a_version_has_a_course_around_no_difference(session: Session, method: str):
    experiment = given_comparison(
        session, {"plain": 1000, "loss": 1000, "holdout": 500}, rule={"method": method}
    )
    clicks(session, 1, 80)
    clicks(session, 1001, 120)
    look_worker.hold(session, experiment, now=CLOSED)
    readout = read(session, experiment)
    (line,), (row,) = readout.timelines, readout.comparisons
    last = line.points[-1]

    assert (line.arm, line.goal) == ("loss", 0.0)
    assert last.estimate == pytest.approx(0.04)
    if method == "anytime":
        assert (last.low, last.high) == (row.low, row.high)


def test_a_course_of_many_hours_is_thinned(session: Session):
    experiment = given_experiment(session)
    mail(session, experiment, 600)
    for hour in range(70):
        click(session, 1, first=1 + hour, at=TUESDAY + hour * HOUR + MINUTE)
    (line,) = readouts.readout_of(session, experiment, now=CLOSED).timelines

    assert len(line.points) == 48
    assert line.points[-1].estimate == pytest.approx(70 / 600)


@pytest.mark.parametrize(
    ("loss", "says"), [((60, 20, 5), "novelty"), ((40, 38, 40), ""), ((20, 40, 60), "grows")]
)
def test_whether_a_lead_fades_is_told_once_all_windows_have_closed(
    session: Session, loss: tuple[int, ...], says: str
):
    experiment = given_comparison(session, {"plain": 1000, "loss": 1000})
    first = {"plain": 1, "loss": 1001}
    for day, count in enumerate(loss):
        for arm, people in (("plain", 20), ("loss", count)):
            at = TUESDAY + (1 + 24 * day) * HOUR
            did(session, range(first[arm], first[arm] + people), did_at=at)
            first[arm] += people
    early = readouts.readout_of(session, experiment, now=TUESDAY + 71 * HOUR).novelty
    told = read(session, experiment).novelty

    assert early == ""
    assert bool(told) is bool(says)
    assert says in told


def brought(session: Session, number: int, hours: Sequence[int], *, value: float) -> None:
    """A person brings a value at each of these hours after the release."""
    session.add(filled(Send, number, id=number, person_id=f"p{number}"))
    for hour in hours:
        facts = {"person_id": f"p{number}", "event": "paid", "value": value}
        at = TUESDAY + hour * HOUR
        session.add(filled(Conversion, number, id=f"{number} {hour}", occurred_at=at, **facts))
    whole = value * len(hours)
    at = TUESDAY + hours[0] * HOUR
    edit = {"converted": len(hours), "did_at": at, "value": whole, "capped": whole}
    store.change(session, {number: edit})


@pytest.mark.parametrize(
    ("loss", "says"), [((1, 3, 9), "novelty"), ((2, 30, 60), ""), ((40, 60, 70), "grows")]
)
def test_when_values_come_says_whether_their_lead_fades(
    session: Session, loss: tuple[int, ...], says: str
):
    experiment = given_comparison(
        session,
        {"plain": 400, "loss": 400},
        rule={"mde": 1.0},
        metric={"kind": "value_per_person", "event": "paid", "window_hours": 72},
    )
    with store.together(session):
        for number in range(1, 201):
            shifted = number % 3
            brought(session, number, [2 + shifted, 30 + shifted, 60], value=10 + number % 7)
            hours = [one + shifted for one in loss[:2]] + [loss[2]]
            brought(session, 400 + number, hours, value=15)
    session.flush()
    early = readouts.readout_of(session, experiment, now=TUESDAY + 71 * HOUR).novelty
    told = read(session, experiment).novelty

    assert early == ""
    assert bool(told) is bool(says)
    assert says in told


@pytest.mark.parametrize("method", ["fixed", "anytime"])
def test_a_comparison_says_whether_it_survives_the_unsure_clicks(session: Session, method: str):
    experiment = given_comparison(
        session, {"plain": 4000, "loss": 4000}, rule={"method": method, "mde": 0.01}
    )
    clicks(session, 1, 200)
    clicks(session, 4001, 320)
    look_worker.hold(session, experiment, now=CLOSED)
    sure = read(session, experiment).range_with_unknown
    click(session, 150, first=301, kind="maybe_")
    unsure = read(session, experiment).range_with_unknown

    assert sure is not None
    assert sure.survives
    assert unsure is not None
    assert not unsure.survives
    assert unsure.high_rate == pytest.approx(670 / 8000)


def test_all_of_it_can_be_stored(session: Session):
    experiment = given_experiment(session, design={"segments": ["country"]})
    mail(session, experiment, 600, stratum=stratum("NO"))
    stored = as_json(readouts.readout_of(session, experiment, now=CLOSED + timedelta(days=1)))

    assert stored["segments"][0]["rows"][0]["value"] == "NO"


def test_a_day_on_which_all_of_a_version_clicked_does_not_stop_the_readout(session: Session):
    experiment = given_comparison(session, {"plain": 10, "loss": 10})
    clicks(session, 11, 10)

    assert read(session, experiment).novelty == ""
