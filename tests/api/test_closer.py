"""What each week says of a key result, through the API: as published, frozen, on any calendar."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.okr.cycle_weeks import CycleWeeks
from app.platform import clock
from app.platform.iso_weeks import week_of
from tests.api.conftest import Api

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "stats" / "closer_cases.json").read_text(encoding="utf-8")
)["cases"]
STATES = {
    "too early": "too_early",
    "no change we can tell": "no_change",
    "out of the band": "out_of_band",
}
OSLO = ZoneInfo("Europe/Oslo")
At = Callable[[datetime], None]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> At:
    """Let it be a moment."""
    return lambda moment: monkeypatch.setattr(clock, "now", lambda: moment)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def given(api: Api, starts: str, ends: str, **facts: Any) -> dict[str, Any]:
    cycle = api.made("/cycles", {"name": starts, "starts": starts, "ends": ends})
    objective = api.made("/objectives", {"title": "Bakers plan", "cycle_id": cycle["id"]})
    known = {"title": "Revenue", "kind": "increase", "unit": "number", "start": 1240}
    return api.made(
        "/key-results", {"objective_id": objective["id"], "target": 1800} | known | facts
    )


def put(api: Api, row: dict[str, Any], day: date, value: float) -> None:
    answer = api.ask("PUT", f"/key-results/{row['id']}/values/{day}", json={"value": value})
    assert answer.status_code == 200, answer.text


def told(api: Api, week: str, row: dict[str, Any]) -> dict[str, Any]:
    """A key result's line of a week."""
    lines = api.read(f"/weeks/{week}")["key_results"]
    return next(one for one in lines if one["id"] == row["id"])


def rising(api: Api, row: dict[str, Any], first: date, weeks: int, step: float = 60) -> None:
    for week in range(weeks):
        put(api, row, first + timedelta(weeks=week), 1240 + step * week + (9, -7, 4)[week % 3])


@pytest.mark.parametrize(
    "case",
    [one for one in CASES if one["id"][-2:] in {"05", "09", "14", "20", "24", "27"}],
    ids=lambda case: case["id"],
)
def test_each_week_says_what_its_published_case_says(api: Api, at: At, case: dict[str, Any]):
    starts, ends = case["cycle"]["starts"], case["cycle"]["ends"]
    row = given(
        api, starts, ends, kind=case["kind"], start=case["start"], target=case["target"],
        low=case.get("low"), high=case.get("high"), running_total=case.get("counter"),
        past=[{"date": day, "value": value} for day, value in case["values"]],
    )  # fmt: skip
    weeks = CycleWeeks(date.fromisoformat(starts), date.fromisoformat(ends))
    for expected in case["weeks"]:
        end = weeks.last_day(expected["week"])
        at(noon(end))
        got = told(api, week_of(end), row)["statement"]
        wanted = STATES.get(expected["state"], expected["state"])

        assert got["week"] == week_of(end)
        if not expected.get("near_boundary"):
            assert got["state"] == wanted, expected
        if "p" in expected:
            assert got["p"] == pytest.approx(expected["p"], rel=0.1, abs=0.0005)
            assert got["moved"] == pytest.approx(expected["move"], rel=0.02, abs=0.5)
        seen = api.read(f"/key-results/{row['id']}")["statement"]
        assert (seen["state"], seen["p"]) == (got["state"], got["p"])


def test_a_quarter_that_ended_on_thursday_is_still_there_on_friday(api: Api, at: At):
    row = given(api, "2026-10-01", "2026-12-31")
    rising(api, row, date(2026, 10, 6), 6)
    at(noon(date(2027, 1, 1)))
    after = given(api, "2027-01-01", "2027-03-31")
    review = api.read("/weeks/2026-W53")

    assert {one["id"] for one in review["key_results"]} == {row["id"], after["id"]}
    at(noon(date(2027, 1, 4)))
    assert [one["id"] for one in api.read("/weeks/2027-W01")["key_results"]] == [after["id"]]


def test_a_frozen_week_stays_and_a_correction_counts_from_the_next(api: Api, at: At):
    row = given(api, "2026-08-31", "2026-11-29")
    at(noon(date(2026, 11, 8)))
    rising(api, row, date(2026, 9, 3), 10)
    before = api.made("/weeks/2026-W45/freeze")
    at(noon(date(2026, 11, 10)))
    for week in range(10):
        put(api, row, date(2026, 9, 3) + timedelta(weeks=week), 1240 - 60 * week + week % 2)
    put(api, row, date(2026, 11, 10), 640)

    assert told(api, "2026-W45", row)["statement"] == before["key_results"][0]["statement"]
    assert before["key_results"][0]["statement"]["state"] == "closer"
    current = api.read(f"/key-results/{row['id']}")["statement"]
    assert (current["week"], current["state"]) == ("2026-W45", "closer")
    at(noon(date(2026, 11, 15)))
    assert told(api, "2026-W46", row)["statement"]["state"] == "further"


def test_the_headline_counts_and_names_what_is_new(api: Api, at: At):
    row = given(api, "2026-08-31", "2026-11-29")
    at(noon(date(2026, 11, 22)))
    rising(api, row, date(2026, 9, 3), 11)
    heads = [api.read(f"/weeks/2026-W{week}")["headline"] for week in range(37, 48)]
    first = next(place for place, head in enumerate(heads) if head.startswith("Closer on 1"))

    assert heads[0] == "Too early to tell for the only one."
    assert heads[first] == "Closer on 1 of 1. New: Revenue."
    assert heads[first + 1] == "Closer on 1 of 1."
    assert api.read("/weeks/2026-W47")["sentence"].startswith("Closer on 1 of 1.")


def test_without_a_value_progress_is_none_and_the_first_value_is_a_value(api: Api):
    row = given(api, "2026-11-02", "2027-01-31")
    empty = api.read(f"/key-results/{row['id']}")
    put(api, row, date(2026, 11, 23), 1300)
    first = api.read("/weeks/2026-W48")

    assert (empty["progress"], empty["pace"]) == (None, "none")
    assert empty["statement"]["state"] == "too_early"
    assert first["key_results"][0]["progress"] == pytest.approx(60 / 560)
    assert "No key result has a new value" not in first["sentence"]


@pytest.mark.parametrize(
    ("moment", "week"),
    [
        (datetime(2026, 11, 22, 22, 59, tzinfo=UTC), 2),  # Sunday 23:59 in Oslo
        (datetime(2026, 11, 21, 22, 59, tzinfo=UTC), 1),  # Saturday 23:59 in Oslo
        (datetime(2026, 11, 21, 23, 1, tzinfo=UTC), 2),  # Sunday there, Saturday in UTC
    ],
)
def test_a_week_is_whole_when_its_last_day_has_come_where_the_organisation_is(
    api: Api, at: At, moment: datetime, week: int
):
    row = given(api, "2026-11-09", "2027-01-31")
    at(moment)

    assert api.read(f"/key-results/{row['id']}")["statement"]["cycle_week"] == week


@pytest.mark.parametrize("changes", [date(2027, 3, 28), date(2027, 10, 31)])
def test_weeks_are_seven_days_over_both_clock_changes(api: Api, at: At, changes: date):
    starts = changes - timedelta(days=13)
    row = given(api, starts.isoformat(), (starts + timedelta(days=41)).isoformat())
    found = []
    for hours in range(-30, 31, 6):
        at(
            datetime(changes.year, changes.month, changes.day, 12, tzinfo=OSLO)
            + timedelta(hours=hours)
        )
        found.append(api.read(f"/key-results/{row['id']}")["statement"]["cycle_week"])

    assert found == sorted(found)
    assert set(found) == {1, 2}


def test_a_past_comes_with_the_key_result_and_is_refused_where_it_cannot_be(api: Api):
    past = [{"date": f"2026-08-{day:02}", "value": 1240 + day % 3} for day in (3, 10, 17, 24)]
    row = given(api, "2026-09-07", "2026-12-06", past=past)
    body = {
        "objective_id": row["objective_id"], "title": "Again", "kind": "increase", "start": 1,
        "target": 2,
    }  # fmt: skip
    twice = api.post("/key-results", body | {"past": [past[0], past[0]]})
    ahead = api.post("/key-results", body | {"past": [{"date": "2027-01-01", "value": 1}]})

    listed = api.read(f"/key-results/{row['id']}/values")["items"]
    assert [one["date"] for one in listed] == [one["date"] for one in past]
    assert (twice.status_code, ahead.status_code) == (422, 422)
    assert len(api.read("/key-results")["items"]) == 1


def test_whether_it_adds_up_is_asked_once_and_the_answer_is_kept(api: Api, at: At):
    row = given(api, "2026-08-31", "2026-11-29", start=0, target=200)
    at(noon(date(2026, 11, 8)))
    for week in range(10):
        put(api, row, date(2026, 9, 3) + timedelta(weeks=week), 12.0 * week)
    path = f"/key-results/{row['id']}"
    asked = api.read(path)["statement"]
    answer = api.ask("PATCH", path, json={"running_total": True})
    told_then = api.read(path)["statement"]

    assert asked["asks_running_total"]
    assert asked["sentence"].endswith("Only ever rises. Is it a running total?")
    assert answer.json()["running_total"] is True
    assert not told_then["asks_running_total"]
    assert told_then["state"] == "no_change"


def test_said_against_came_is_read_by_other_systems(api: Api):
    found = api.read("/learnings/confidence")

    assert found["everybody"]["sentence"] == "0 of 10 needed"
    assert found["ours"]["needed"] == 20
    assert found["owners"] == []
