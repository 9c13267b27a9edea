"""The pages of outcomes: a key result tells its story, a cycle closes, an objective changes."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from app.analysis import snapshots
from app.experiments.models import Experiment, Feature, Slice
from app.okr import ledger, outcomes, runs, source_store, store, values
from app.okr.ledger import Entry
from app.okr.models import KeyResult
from app.okr.overlap import Group
from app.okr.runs import Run
from app.okr.schemas import CycleDraft, KeyResultDraft, ObjectiveDraft, TeamDraft, ValueDraft
from app.platform import clock
from app.platform.db import Database
from tests.analysis.scenes import click, given_experiment, mail
from tests.okr.scenes import course
from tests.web.conftest import Browser

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)  # after the windows of a Tuesday's experiment
TODAY = NOW.date()


@pytest.fixture(autouse=True)
def on_friday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


def given(session: Session, **changes: Any) -> KeyResult:
    quarter = CycleDraft(name="2026 Q4", starts=date(2026, 10, 1), ends=date(2026, 12, 31))
    cycle = outcomes.add_cycle(session, quarter)
    team = outcomes.add_team(session, TeamDraft(name="Counter", function="product"))
    objective = ObjectiveDraft(title="Bakers plan", cycle_id=cycle.id, team_ids=[team.id])
    asked = {
        "objective_id": outcomes.add_objective(session, objective, now=NOW).id,
        "title": "Weekly active bakeries",
        "kind": "increase",
        "start": 1240,
        "target": 1800,
    }
    return outcomes.add_key_result(session, KeyResultDraft.model_validate(asked | changes), now=NOW)


def a_key_result(database: Database, **changes: Any) -> str:
    with database.write() as session:
        return given(session, **changes).id


def a_course(database: Database, row_id: str) -> None:
    from zoneinfo import ZoneInfo

    with database.write() as session:
        for weeks, value in enumerate((1420, 1400, 1390, 1350, 1330, 1310, 1300)):
            values.put(
                session,
                row_id,
                TODAY - timedelta(days=7 * weeks),
                ValueDraft(value=value, confidence=6),
                source="manual",
                by="Eve",
                zone=ZoneInfo("Europe/Oslo"),
                now=NOW,
            )


def an_experiment(database: Database, row_id: str, mode: str = "evidence", **more: Any) -> str:
    with database.write() as session:
        links = [{"key_result_id": row_id, "mode": mode}]
        experiment = given_experiment(session, design={"key_results": links}, **more)
        first = 1 + 1000 * len(course(session, row_id))
        mail(session, experiment, 600, first=first)
        click(session, 72, first=first)
        return experiment.id


@pytest.mark.calendar
def test_a_key_result_tells_its_story(eve: Browser, database: Database, said: Any):
    row_id = a_key_result(database, stretch=2000)
    a_course(database, row_id)
    an_experiment(database, row_id)

    page = eve.get(f"/key-results/{row_id}").text

    text = said(page)
    parts = ("band", "goal", "noise", "course", "range", "heading", "fan", "mark")
    for drawn in (f"story__{part}" for part in parts):
        assert f'class="{drawn}"' in page
    assert "on 31 Dec 2026 (" in text
    assert "8 times in 10" in text
    assert "“Waste in euros by email” of Tuesday 24 November: validated, 12.0 %" in text
    assert "Does this change your confidence?" in text
    assert "stretch 2,000, not reached" in text
    assert "manual · Eve" in text


def test_confidence_is_given_with_the_value(eve: Browser, database: Database, said: Any):
    row_id = a_key_result(database)
    page = eve.send(
        f"/key-results/{row_id}/values", on="a value", date=str(TODAY), value="1302.5",
        confidence="7", comment="after the fair",
    )  # fmt: skip

    assert "1,302.5 7 after the fair" in said(page.text)


def test_a_confidence_beyond_ten_is_shown_again_with_what_was_typed(
    eve: Browser, database: Database
):
    row_id = a_key_result(database)
    page = eve.post(f"/key-results/{row_id}/values", date=str(TODAY), value="1302", confidence="11")

    assert page.status_code == 422
    assert 'value="1302"' in page.text
    assert "less than or equal to 10" in page.text


def test_what_a_run_wrote_names_it_and_can_be_taken_back(
    eve: Browser, database: Database, said: Any
):
    row_id = a_key_result(database, unit="percent", start=0, target=15, source="experiment")
    experiment_id = an_experiment(database, row_id, "direct")
    with database.write() as session:
        run = Run(experiment_id, TODAY, 12.0, 9.6, 14.9, 600)
        runs.write(session, row_id, run, now=NOW)
    text = said(eve.get(f"/key-results/{row_id}").text)

    assert "experiment · the experiment: 600 people, 12 (9.6 to 14.9)" in text
    assert "Put in a value" not in text

    page = eve.send(f"/key-results/{row_id}/confidence", on="confidence", confidence="8")
    assert "confidence 8 of 10" in said(page.text)

    page = eve.send(f"/key-results/{row_id}/links/{experiment_id}/undo", on="undo")
    assert "Taken back" in said(page.text)
    with database.read() as session:
        assert course(session, row_id) == ()


def test_a_ledger_says_what_is_not_added(eve: Browser, database: Database, said: Any):
    row_id = a_key_result(database, source="experiment")
    small = an_experiment(database, row_id)
    large = an_experiment_without_people(database)
    with database.write() as session:
        first = Entry(small, TODAY, 10, 1, 19, 600, "ordered")
        ledger.post(session, row_id, first, by="Eve", now=NOW)
        second = Entry(large, TODAY, 30, 12, 48, 600, "ordered")
        everybody = [Group(600, frozenset({small, large}))]
        ledger.post(session, row_id, second, sharing=lambda *_: everybody, by="Eve", now=NOW)

    text = said(eve.get(f"/key-results/{row_id}").text)

    assert "+10 (+1 to +19)" in text
    assert "Not added: larger contributions" in text
    assert "1,270" in text


def an_experiment_without_people(database: Database) -> str:
    with database.write() as session:
        return given_experiment(session).id


def test_a_key_result_is_changed(eve: Browser, database: Database, said: Any):
    row_id = a_key_result(database, title="Launch the planner")
    fields = {
        "title": "Launch the planner", "kept_because": "the board counts it", "owner": "Eve",
        "start": "1240", "target": "1900", "stretch": "", "weight": "2", "cadence": "daily",
        "source": "manual",
    }  # fmt: skip
    page = eve.send(f"/key-results/{row_id}/edit", on="edit", **fields)

    assert "1,240 → 1,900" in said(page.text)
    assert "Kept because: the board counts it" in said(page.text)

    refused = eve.post(f"/key-results/{row_id}/edit", **(fields | {"target": "1000"}))
    assert refused.status_code == 422
    assert "must lie above its start" in refused.text


def test_a_source_is_set_and_its_last_error_shown(eve: Browser, database: Database, said: Any):
    row_id = a_key_result(database)
    fields = {
        "title": "Weekly active bakeries", "kept_because": "", "owner": "", "start": "1240",
        "target": "1800", "weight": "1", "cadence": "weekly", "source": "http",
        "read_url": "https://numbers.example/n.json", "read_pointer": "/n", "read_every": "weekly",
    }  # fmt: skip
    page = eve.send(f"/key-results/{row_id}/edit", on="edit", **fields)
    assert "Every week from https://numbers.example/n.json" in said(page.text)

    with database.write() as session:
        source = source_store.source_of(session, row_id)
        assert source is not None
        source.error, source.failed_at = "The address answered with status 500.", NOW
        session.add(source)
    page = eve.send(f"/key-results/{row_id}/read", on="read")
    assert "The value could not be read The address answered with status 500." in said(page.text)

    refused = eve.post(f"/key-results/{row_id}/edit", **(fields | {"read_pointer": "n"}))
    assert refused.status_code == 422
    assert 'id="read_pointer-about"' in refused.text


def test_what_was_never_used_is_removed(eve: Browser, database: Database):
    row_id = a_key_result(database)
    assert 'action="/key-results' in eve.get(f"/key-results/{row_id}").text
    eve.send(f"/key-results/{row_id}/remove", on="remove")

    assert eve.get(f"/key-results/{row_id}").status_code == 404


@pytest.mark.calendar
def test_a_cycle_is_closed_with_scores_and_opened_again(
    eve: Browser, database: Database, said: Any
):
    row_id = a_key_result(database)
    a_course(database, row_id)
    with database.read() as session:
        cycle_id = store.cycle_of_key_result(session, store.key_result_of(session, row_id)).id
    assert 'value="0.32"' in eve.get(f"/cycles/{cycle_id}").text

    wrong = eve.post(f"/cycles/{cycle_id}/close", **{f"score_{row_id}": "7"})
    assert wrong.status_code == 422
    assert "less than or equal to 1" in wrong.text

    scored = {f"score_{row_id}": "0.5", f"comment_{row_id}": "the fair fell away"}
    page = said(eve.send(f"/cycles/{cycle_id}/close", on="close", **scored).text)
    assert "0.50 Some of the way the fair fell away" in page
    assert "Closed with a score of 0.50" in said(eve.get(f"/key-results/{row_id}").text)
    assert "Closed, scored 0.50" in said(eve.get("/objectives").text)
    refused = eve.post(f"/key-results/{row_id}/values", date=str(TODAY), value="1")
    assert (refused.status_code, "closed and scored" in refused.text) == (422, True)

    page = said(eve.send(f"/cycles/{cycle_id}/reopen", on="reopen").text)
    assert "Close the cycle" in page


def test_a_cycle_gets_other_days(eve: Browser, database: Database, said: Any):
    row_id = a_key_result(database)
    with database.read() as session:
        cycle_id = store.cycle_of_key_result(session, store.key_result_of(session, row_id)).id
    fields = {"name": "Autumn", "starts": "2026-09-01", "ends": "2026-12-15"}
    page = eve.send(f"/cycles/{cycle_id}", on="cycle", **fields)
    assert "Autumn 1 Sep 2026 to 15 Dec 2026" in said(page.text)

    refused = eve.post(f"/cycles/{cycle_id}", **(fields | {"ends": "2026-08-01"}))
    assert refused.status_code == 422
    assert "must come after the first" in refused.text


def test_a_viewer_sees_scores_and_changes_nothing(bo: Browser, database: Database):
    row_id = a_key_result(database)
    with database.read() as session:
        row = store.key_result_of(session, row_id)
        cycle = store.cycle_of_key_result(session, row)

    for path in (
        f"/key-results/{row_id}",
        f"/cycles/{cycle.id}",
        f"/objectives/{row.objective_id}",
    ):
        page = bo.get(path)
        assert page.status_code == 200
        assert 'method="post" action="/key-results' not in page.text
        assert 'method="post" action="/cycles' not in page.text
        assert 'method="post" action="/objectives' not in page.text
    assert bo.post(f"/cycles/{cycle.id}/close").status_code == 403


def test_an_objective_is_changed_with_its_teams(eve: Browser, database: Database, said: Any):
    row_id = a_key_result(database)
    with database.write() as session:
        objective_id = store.key_result_of(session, row_id).objective_id
        oven = outcomes.add_team(session, TeamDraft(name="Oven", function="engineering"))
    page = eve.send(
        f"/objectives/{objective_id}", on="objective", title="Bakers plan with us", owner="Bo",
        team_ids=oven.id,
    )  # fmt: skip

    assert "Bakers plan with us" in page.text
    assert "Oven (engineering)" in said(page.text)


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "maintain", "start": 0, "target": 0, "low": 40, "high": 60},
        {"kind": "milestone", "start": 0, "target": 1},
        {"kind": "decrease", "start": 1500, "target": 900},
    ],
)
def test_every_kind_is_drawn(eve: Browser, database: Database, changes: dict[str, Any]):
    row_id = a_key_result(database, **changes)
    value = "1" if changes["kind"] == "milestone" else "50"
    page = eve.send(f"/key-results/{row_id}/values", on="a value", date=str(TODAY), value=value)

    assert 'class="chart__dot"' in page.text
    assert not re.search(r"[ ,\"]-\d", " ".join(re.findall(r'points="([^"]*)"', page.text)))


def test_all_runs_of_a_slice_are_one_line(eve: Browser, database: Database, said: Any):
    row_id = a_key_result(database)
    with database.write() as session:
        piece_id = a_slice(session)
    first = an_experiment(database, row_id, slice_id=piece_id)
    with database.write() as session:
        second = given_experiment(session, slice_id=piece_id, previous_id=first)
        mail(session, second, 600, first=5001)
        click(session, 60, first=5001)
    assert "All runs" not in eve.get(f"/slices/{piece_id}").text
    with database.write() as session:
        assert snapshots.freeze_due(session, NOW) == 2

    text = said(eve.get(f"/slices/{piece_id}").text)

    assert "All runs" in text
    assert "12.0 % (" in text
    assert "10.0 % (" in text


def a_slice(session: Session) -> str:
    feature = Feature(title="Waste insights", created_at=NOW)
    session.add(feature)
    session.flush()
    piece = Slice(feature_id=feature.id, title="In euros", created_at=NOW)
    session.add(piece)
    session.flush()
    return piece.id


def test_run_again_asks_for_fresh_people(eve: Browser, database: Database, said: Any):
    with database.write() as session:
        experiment = given_experiment(session, status="decided")
        experiment.design = experiment.design | {"name": "Waste", "audience_id": "old"}
        session.add(experiment)
        experiment_id = experiment.id
        assert isinstance(experiment, Experiment)

    page = eve.get(f"/experiments/new?previous={experiment_id}")

    assert page.status_code == 200
    assert f'name="previous_id" value="{experiment_id}"' in page.text
    assert 'value="old" selected' not in page.text
