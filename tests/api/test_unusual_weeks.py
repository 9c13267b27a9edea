"""Weeks marked as unusual before they begin: left out from then on, and never chosen afterwards."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.platform import clock
from app.platform.iso_weeks import monday_of, week_of
from tests.api.conftest import Api

OSLO = ZoneInfo("Europe/Oslo")
MINUTE = timedelta(minutes=1)
At = Callable[[datetime], None]
# Year ends with 52 and 53 weeks, a 29 February, and both clock changes.
WEEKS = ("2026-W48", "2026-W53", "2027-W01", "2027-W12", "2027-W43", "2028-W09", "2028-W52")


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> At:
    """Let it be a moment."""
    return lambda moment: monkeypatch.setattr(clock, "now", lambda: moment.astimezone(UTC))


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), OSLO)


def begins(week: str) -> datetime:
    return datetime.combine(monday_of(week), time(), OSLO)


def given(api: Api, starts: date, days: int = 91, **facts: Any) -> dict[str, Any]:
    ends = starts + timedelta(days=days - 1)
    cycle = api.made("/cycles", {"name": f"{starts}", "starts": f"{starts}", "ends": f"{ends}"})
    objective = api.made("/objectives", {"title": "Bakers plan", "cycle_id": cycle["id"]})
    return another(api, objective["id"], **facts)


def another(api: Api, objective_id: str, **facts: Any) -> dict[str, Any]:
    known = {"title": "Revenue", "kind": "increase", "start": 1240, "target": 1800}
    return api.made("/key-results", {"objective_id": objective_id} | known | facts)


def put(api: Api, row: dict[str, Any], day: date, value: float) -> None:
    answer = api.ask("PUT", f"/key-results/{row['id']}/values/{day}", json={"value": value})
    assert answer.status_code == 200, answer.text


def mark(api: Api, week: str, row: dict[str, Any] | None = None) -> Any:
    body = {"reason": "Christmas", "key_result_id": row["id"] if row else None}
    return api.ask("PUT", f"/unusual-weeks/{week}", json=body)


def take_back(api: Api, week: str, row: dict[str, Any] | None = None) -> Any:
    about = f"?key_result_id={row['id']}" if row else ""
    return api.ask("DELETE", f"/unusual-weeks/{week}{about}")


def seen(api: Api, row: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = api.read(f"/key-results/{row['id']}")
    return told


@pytest.mark.parametrize("week", WEEKS)
def test_from_its_monday_on_nobody_can_mark_a_week_or_take_its_mark_back(
    api: Api, at: At, week: str
):
    at(begins(week) - MINUTE)
    first, again = mark(api, week), mark(api, week)
    at(begins(week))
    late, back = mark(api, week), take_back(api, week)
    at(begins(week) + timedelta(weeks=3))
    later = mark(api, week)

    assert (first.status_code, again.status_code) == (200, 200)
    assert (late.status_code, back.status_code, later.status_code) == (409, 409, 409)
    assert f"{week} has begun" in late.json()["detail"]
    assert "Mark a coming week." in back.json()["detail"]
    assert [one["week"] for one in api.read("/unusual-weeks")["items"]] == [week]


def test_before_it_begins_a_mark_may_go_again(api: Api, at: At):
    at(begins("2026-W52") - MINUTE)
    mark(api, "2026-W52")
    gone, twice = take_back(api, "2026-W52"), take_back(api, "2026-W52")

    assert (gone.status_code, twice.status_code) == (204, 404)
    assert api.read("/unusual-weeks")["items"] == []


@pytest.mark.parametrize("week", ["2026-W54", "2026-52", "next", "2026-W00", "0001-W01"])
def test_what_is_no_week_is_refused_in_the_field(api: Api, week: str):
    answer = mark(api, week)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "week"


def test_a_reason_and_a_key_result_that_is_there_are_needed(api: Api, at: At):
    at(noon(date(2026, 11, 22)))
    nothing = api.ask("PUT", "/unusual-weeks/2026-W52", json={"reason": " "})
    nobody = api.ask("PUT", "/unusual-weeks/2026-W52", json={"reason": "x", "key_result_id": "no"})

    assert (nothing.status_code, nobody.status_code) == (422, 404)


# The first day of the cycle on each weekday, so that its weeks lie across those of the calendar.
@pytest.mark.parametrize("weekday", range(7))
@pytest.mark.parametrize("for_all", [True, False])
def test_a_marked_week_says_what_would_be_said_without_its_values(
    api: Api, at: At, weekday: int, for_all: bool
):
    starts, unusual = date(2026, 11, 9) + timedelta(days=weekday), "2026-W53"
    row = given(api, starts)
    plain = another(api, row["objective_id"])
    at(noon(date(2026, 12, 20)))
    assert mark(api, unusual, None if for_all else row).status_code == 200
    at(noon(date(2027, 2, 6)))
    for place in range(12):
        day = date(2026, 11, 19) + timedelta(weeks=place)
        is_marked = week_of(day) == unusual
        value = 100.0 if is_marked else 1240 + (9, -7, 4, -2)[place % 4]
        put(api, row, day, value)
        if not is_marked:
            put(api, plain, day, value)
    told, wanted = seen(api, row), seen(api, plain)["statement"]

    assert told["statement"] | {"left_out": []} == wanted | {"left_out": []}
    assert told["statement"]["left_out"] == [unusual]
    assert told["unusual_weeks"] == [
        {
            "week": unusual, "reason": "Christmas", "for_all": for_all, "marked_by": "a editor",
            "has_begun": True,
        }
    ]  # fmt: skip
    assert told["forecast"] is not None
    assert told["forecast"]["value"] == pytest.approx(seen(api, plain)["forecast"]["value"])


def test_of_a_running_total_what_the_week_added_is_left_out(api: Api, at: At):
    row = given(api, date(2026, 11, 9), running_total=True, start=0, target=1400)
    at(noon(date(2026, 12, 6)))
    mark(api, "2026-W52", row)
    at(noon(date(2027, 1, 17)))
    total = 0.0
    for place in range(10):
        day = date(2026, 11, 15) + timedelta(weeks=place)  # Sundays, as the cycle's weeks end
        total += 0 if week_of(day) == "2026-W52" else 100 + (3, -2, 1)[place % 3]
        put(api, row, day, total)
    told = seen(api, row)

    assert told["statement"]["state"] == "no_change"
    assert (told["statement"]["low"], told["statement"]["high"]) == pytest.approx((0, 0), abs=25)
    assert told["forecast"]["value"] == pytest.approx(total + 3 * 100, abs=12)


def test_the_first_statement_waits_for_weeks_that_count(api: Api, at: At):
    row = given(api, date(2026, 11, 30))
    at(noon(date(2026, 12, 6)))
    put(api, row, date(2026, 12, 3), 1240)
    before = seen(api, row)["statement"]["sentence"]
    for week in ("2026-W52", "2026-W53"):
        mark(api, week)

    assert before == "Too early: statement possible from 3 Jan."
    assert seen(api, row)["statement"]["sentence"] == "Too early: statement possible from 17 Jan."


def test_the_week_says_that_it_was_marked_and_stays_so_when_frozen(api: Api, at: At):
    row = given(api, date(2026, 11, 30))
    other = another(api, row["objective_id"], title="Bakers")
    at(noon(date(2026, 12, 6)))
    mark(api, "2026-W52")
    mark(api, "2026-W52", other)
    at(noon(date(2026, 12, 27)))
    live = api.read("/weeks/2026-W52")["unusual"]
    api.made("/weeks/2026-W52/freeze")

    assert {one["key_result_id"] for one in live} == {None, other["id"]}
    assert live[0]["reason"] == "Christmas"
    assert api.read("/weeks/2026-W52")["unusual"] == live
    assert api.read("/weeks/2026-W51")["unusual"] == []


def test_a_key_result_of_a_closed_cycle_gets_no_mark(api: Api, at: At):
    at(noon(date(2026, 12, 6)))
    row = given(api, date(2026, 11, 2))
    (cycle,) = api.read("/cycles")["items"]
    api.made(f"/cycles/{cycle['id']}/close", {})

    assert mark(api, "2026-W52", row).status_code == 409


def test_marks_go_with_their_key_result(api: Api, at: At):
    at(noon(date(2026, 12, 6)))
    row = given(api, date(2026, 11, 2))
    mark(api, "2026-W52", row)
    answer = api.ask("DELETE", f"/key-results/{row['id']}")

    assert answer.status_code == 204
    assert api.read("/unusual-weeks")["items"] == []
