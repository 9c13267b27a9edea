"""The board, a slice's edits, and the search over learnings, on the pages."""

import re
from datetime import UTC, datetime

import pytest

from app.platform.db import Database
from app.review import learnings
from app.review.models import Choice, Decision
from tests.analysis.scenes import given_experiment
from tests.analysis.test_claims import given_compared
from tests.web.conftest import Browser


def given_feature(eve: Browser) -> str:
    eve.send("/features", on="feature", title="Waste insights", full_build_weeks="8")
    found = re.search(r"/features/(\w{20})", eve.get("/features").text)
    assert found
    for title in ("Products", "Euros"):
        eve.send(f"/features/{found[1]}/slices", on="slice", title=title, assumption="They act")
    return found[1]


def test_slices_stand_on_the_board_and_move(eve: Browser):
    given_feature(eve)
    before = eve.get("/features/board").text
    links = re.findall(r'href="/slices/(\w{20})">(Products|Euros)<', before)
    ids = {title: one for one, title in links}
    moved = eve.send(f"/slices/{ids['Euros']}/move", on="move", way="up").text
    odd = eve.post(f"/slices/{ids['Euros']}/move", way="sideways")

    assert before.index(">Products<") < before.index(">Euros<")
    assert moved.index(">Euros<") < moved.index(">Products<")
    assert odd.status_code == 422


def test_a_slice_is_said_better(eve: Browser):
    given_feature(eve)
    found = re.search(r'href="(/slices/\w{20})">Euros<', eve.get("/features/board").text)
    assert found
    saved = eve.send(
        found[1], on="slice", title="Money", assumption="They care", riskiest="viability"
    )
    empty = eve.post(found[1], title=" ", assumption="They care")

    assert "Money" in saved.text
    assert "Viability" in saved.text
    assert empty.status_code == 422
    assert "They care" in empty.text


def test_a_viewer_moves_nothing(eve: Browser, bo: Browser):
    given_feature(eve)
    page = bo.get("/features/board").text
    found = re.search(r'href="(/slices/\w{20})">Euros<', page)
    assert found

    assert "<form" not in page.partition("<main")[2]
    assert bo.post(f"{found[1]}/move", way="up").status_code == 403


def given_learning(
    database: Database, name: str, *, number: int = 0, forecast: float | None = None
) -> None:
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    with database.write() as session:
        experiment = given_experiment(session, design={"forecast": forecast})
        experiment.name = f"{name} {number}"
        session.add(
            Decision(
                experiment_id=experiment.id,
                snapshot_id=experiment.id,
                call="refuted",
                sentence="Refuted.",
                decision=Choice.STOP,
                learning=f"{name} <b>moves</b> nobody.",
                decided_by="Ann",
                at=at,
            )
        )
        session.flush()
        learnings.keep_words(session, experiment.id)


def given_compared_and_decided(database: Database, *, times: int) -> None:
    with database.write() as session:
        for one in given_compared(session, times=times):
            session.add(
                Decision(
                    experiment_id=one, snapshot_id=one, call="validated", sentence="Validated.",
                    decision=Choice.BUILD, learning="Losses draw.", decided_by="Ann",
                    at=datetime(2026, 12, 1, 12, tzinfo=UTC),
                )
            )  # fmt: skip


@pytest.mark.parametrize(("times", "told"), [(2, False), (3, True)])
def test_the_sum_of_what_was_measured_is_told_with_luck_taken_back(
    eve: Browser, database: Database, times: int, told: bool
):
    given_compared_and_decided(database, times=times)
    page = eve.get("/learnings").text

    assert ("3 compared results add up to +12.0 points. Part of that is luck" in page) is told
    assert ('href="/help/statistics#shrinkage"' in page) is told


def test_learnings_are_found_and_marked_and_shown_as_text(eve: Browser, database: Database):
    given_learning(database, "Wetter für Bäcker")
    page = eve.get("/learnings?q=backer").text
    nothing = eve.get("/learnings?q=bicycle").text
    narrowed = eve.get("/learnings?q=backer&decision=build").text

    assert "<mark>Bäcker</mark>" in page
    assert "&lt;b&gt;moves&lt;/b&gt;" in page
    assert "1 learning." in page
    assert "Nothing found." in nothing
    assert "Nothing found." in narrowed
    assert 'value="bicycle"' in nothing


def test_many_learnings_come_in_pages_that_keep_the_question(eve: Browser, database: Database):
    for number in range(21):
        given_learning(database, "Weather", number=number)
    first = eve.get("/learnings?q=weather&decision=stop").text
    found = re.search(r'href="(/learnings\?[^"]*(?:start|before|after|cursor)=[^"]+)"', first)
    assert found
    second = eve.get(found[1].replace("&amp;", "&")).text

    assert first.count('class="learning"') == 20
    assert second.count('class="learning"') == 1
    assert "21 learnings." in second


def test_results_and_forecasts_are_scored_on_the_page(eve: Browser, database: Database):
    empty = eve.get("/learnings").text
    given_learning(database, "Weather")
    unsaid = eve.get("/learnings").text
    given_learning(database, "Staffing", forecast=0.8)
    page = eve.get("/learnings").text

    assert "Were we right?" not in empty
    assert "Nobody has said beforehand how likely." in unsaid
    assert "0 of 2 results validated (0 %, 0 % to" in page
    assert "score 0.64 over 1 result: 0 is always right, 0.25 is a coin." in page
