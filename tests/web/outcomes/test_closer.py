"""What a key result's page, the week and the Friday page say of closer and luck."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from app.okr import outcomes, store, values
from app.okr.schemas import CycleDraft, KeyResultDraft, ObjectiveDraft, ValueDraft
from app.platform import clock
from app.platform.db import Database
from tests.okr.scenes import OSLO, put
from tests.web.conftest import NOW, Browser

Said = Callable[[str], str]
STARTS = date(2026, 8, 31)  # twelve whole weeks until NOW, a Monday


@pytest.fixture(autouse=True)
def at_nine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


def given(database: Database, *weekly: float, before: int = 0, **facts: object) -> str:
    """A key result with a value on each Thursday, some of them before the cycle."""
    known = {"title": "Revenue", "kind": "increase", "start": 1240, "target": 1900}
    with database.write() as session:
        ends = STARTS + timedelta(days=118)
        cycle = outcomes.add_cycle(session, CycleDraft(name="Autumn", starts=STARTS, ends=ends))
        draft = ObjectiveDraft(title="Bakers plan", cycle_id=cycle.id)
        objective = outcomes.add_objective(session, draft, now=NOW)
        asked = KeyResultDraft.model_validate({"objective_id": objective.id} | known | facts)
        row = outcomes.add_key_result(session, asked, now=NOW)
        for place, value in enumerate(weekly):
            day = STARTS + timedelta(days=3 + 7 * (place - before))
            values.put(
                session, row.id, day, ValueDraft(value=value), source="manual", by="Ann",
                zone=OSLO, now=NOW,
            )  # fmt: skip
        return row.id


RISING = (1240, 1301, 1362, 1420, 1485, 1540, 1598, 1662, 1719, 1782, 1841, 1899)
FLAT = (1240, 1249, 1233, 1244, 1229, 1246, 1242, 1232, 1250, 1237, 1245, 1234)


def test_the_page_says_closer_by_how_much_and_draws_it(
    eve: Browser, database: Database, said: Said
):
    page = eve.get(f"/key-results/{given(database, *RISING)}").text
    text = said(page)

    assert "Closer: +6" in text
    assert "since the start (+" in text
    assert "On pace: at least 70 % of the even way" in text
    assert "Of 20 key results that stand still, about one is called wrongly in a quarter." in text
    for part in ("noise", "course", "range", "fan"):
        assert f'class="story__{part}"' in page


def test_what_stands_still_is_no_change_on_every_page(eve: Browser, database: Database, said: Said):
    row_id = given(database, *FLAT)
    for path in (f"/key-results/{row_id}", "/", "/objectives", "/weeks/2026-W48"):
        text = said(eve.get(path).text)

        assert "No change we can tell: between −" in text, path
        assert "not closer" not in text


def test_on_pace_never_stands_alone_beside_a_forecast_that_misses(
    eve: Browser, database: Database, said: Said
):
    course = (*(1240 + 25 * n for n in range(8)), 1650, 1655, 1648, 1652)
    text = said(eve.get(f"/key-results/{given(database, *course, target=2400)}").text)

    assert "On pace" not in text or ", but lands on target" in text


def test_a_forecast_is_drawn_where_it_is(eve: Browser, database: Database):
    page = eve.get(f"/key-results/{given(database, *RISING)}").text

    fan = page.split('class="story__fan" points="')[1].split('"')[0]
    heights = [float(place.split(",")[1]) for place in fan.split()]
    assert all(24 < height < 204 for height in heights)  # none cut at the edge of the plane


def test_the_form_for_a_new_key_result_takes_its_past(eve: Browser, database: Database, said: Said):
    given(database, *FLAT)
    with database.read() as session:
        objective_id = store.objectives(session)[0].id
    typed = {
        "objective_id": objective_id, "title": "Active bakeries", "kind": "increase",
        "unit": "number", "start": "1240", "target": "1800", "weight": "1", "cadence": "weekly",
        "source": "manual", "past": "2026-08-06 1241\n2026-08-13 1239",
    }  # fmt: skip
    ahead = eve.post("/key-results", **typed | {"past": "2027-08-06 1241"})
    odd = eve.post("/key-results", **typed | {"past": "2026-08-06 12\nAugust 1240\n2026-08-32 1"})
    page = eve.send("/key-results", on="the form", **typed)

    assert ahead.status_code == odd.status_code == 422
    assert "Line 2: This is not a day or week and a number." in odd.text
    assert "Line 3: " in odd.text
    assert "August 1240" in odd.text  # what was typed is still there
    assert "Active bakeries" in said(page.text)
    assert said(page.text).count("Active bakeries") == 1


def test_what_only_rises_is_asked_about_and_answered_on_the_page(
    eve: Browser, database: Database, said: Said
):
    row_id = given(database, *(12 * n for n in range(12)), start=0, target=300)
    asked = said(eve.get(f"/key-results/{row_id}").text)
    answered = eve.send(f"/key-results/{row_id}/running-total", on="yes", running_total="true")
    odd = eve.post(f"/key-results/{row_id}/running-total", running_total="perhaps")

    assert "Only ever rises. Is it a running total?" in asked
    assert "Only ever rises" not in said(answered.text)
    assert "No change in pace we can tell" in said(answered.text)
    assert odd.status_code == 422


def test_the_learnings_wait_for_ten_closed_key_results(
    eve: Browser, database: Database, said: Said
):
    row_id = given(database, *FLAT)
    with database.write() as session:
        said_then = datetime(2026, 10, 9, 8, tzinfo=UTC)
        put(session, row_id, date(2026, 10, 8), 1240, confidence=7, now=said_then)
    before = said(eve.get("/learnings").text)
    with database.read() as session:
        cycle_id = store.cycles(session)[0].id
    eve.send(f"/cycles/{cycle_id}/close", on="close")

    assert "Said against came" not in before
    for path in ("/learnings", f"/cycles/{cycle_id}"):
        text = said(eve.get(path).text)
        assert "Said against came" in text
        assert "1 of 10 needed" in text
        assert "1 of 20 needed" in text


def test_a_coming_week_is_marked_on_the_page_and_one_that_began_is_refused_in_words(
    eve: Browser, bo: Browser, database: Database
):
    key_result = f"/key-results/{given(database, *RISING)}"
    typed = {"week": "2026-W52", "reason": "Christmas", "for_all": ""}
    assert eve.post(f"{key_result}/unusual", **typed).status_code == 303
    late = eve.post(f"{key_result}/unusual", **typed | {"week": "2026-W48", "reason": "A bad week"})
    text = eve.get(key_result).text

    assert late.status_code == 422
    assert "2026-W48 has begun" in late.text
    assert "A bad week" in late.text
    assert "2026-W52: Christmas" in text
    assert "Mark a coming week" in text
    assert "2026-W52: Christmas" in bo.get(key_result).text
    assert "Mark a coming week" not in bo.get(key_result).text
    assert eve.post(f"{key_result}/unusual/2026-W52/take-back").status_code == 303
    assert "Christmas" not in eve.get(key_result).text


def test_the_week_says_that_it_was_marked(
    eve: Browser, database: Database, said: Said, monkeypatch: pytest.MonkeyPatch
):
    key_result = given(database, *RISING)
    typed = {"week": "2026-W49", "reason": "The fair", "for_all": "yes"}
    assert eve.post(f"/key-results/{key_result}/unusual", **typed).status_code == 303
    later = NOW + timedelta(days=8)
    monkeypatch.setattr(clock, "now", lambda: later)
    text = said(eve.get("/weeks/2026-W49").text)

    assert "Marked as unusual before it began, and left out of every key result: The fair" in text
    page = eve.get(f"/key-results/{key_result}").text
    assert "2026-W49: The fair (every key result), left out" in page
