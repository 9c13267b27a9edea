"""A cycle as a template: written, and made again."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError
from sqlmodel import Session

from app.allocation import roster
from app.allocation import store as allocation
from app.allocation.schemas import SettingsDraft
from app.experiments import template_rows, templates
from app.experiments.design_schemas import TemplateDraft
from app.okr import outcomes, source_store, store, values
from app.okr.models import Cycle, KeyResult
from app.okr.schemas import (
    CycleDraft,
    KeyResultDraft,
    ObjectiveDraft,
    TeamDraft,
    ValueDraft,
)
from app.platform.errors import Conflict, Invalid
from app.review import copying, playbook
from app.review.playbook import CopyDraft, Playbook
from tests.cast import DESIGN

NOW = datetime(2026, 12, 20, 9, tzinfo=UTC)
TODAY = NOW.date()
UTC_ZONE = ZoneInfo("UTC")
NEXT = CopyDraft(name="2027 Q1", starts=date(2027, 1, 1))


def given_cycle(session: Session, **key_result: Any) -> Cycle:
    team = outcomes.add_team(session, TeamDraft(name="Oven", function="product"))
    cycle = outcomes.add_cycle(
        session, CycleDraft(name="2026 Q4", starts=date(2026, 10, 1), ends=date(2026, 12, 31))
    )
    objective = outcomes.add_objective(
        session,
        ObjectiveDraft(
            title="Bakers plan with us", cycle_id=cycle.id, team_ids=[team.id], owner="Ann"
        ),
        now=NOW,
    )
    facts = {"title": "Active bakeries", "kind": "increase", "start": 1240, "target": 1800}
    draft = KeyResultDraft.model_validate({"objective_id": objective.id} | facts | key_result)
    outcomes.add_key_result(session, draft, now=NOW)
    return cycle


def key_results(session: Session, cycle: Cycle) -> list[KeyResult]:
    return [
        row
        for objective in store.objectives(session, cycle_id=cycle.id)
        for row in store.key_results(session, objective_id=objective.id)
    ]


def put(session: Session, cycle: Cycle, value: float) -> None:
    (row,) = key_results(session, cycle)
    draft = ValueDraft(value=value)
    values.put(session, row.id, TODAY, draft, source="manual", by="Ann", zone=UTC_ZONE, now=NOW)


def copied(session: Session, cycle: Cycle, draft: CopyDraft = NEXT, **more: Any) -> Cycle:
    book = playbook.playbook_of(session, cycle, today=TODAY, **more)
    again = Playbook.model_validate_json(book.model_dump_json())
    return copying.copy(session, again, draft, by="Ann", now=NOW).cycle


def test_the_next_cycle_has_the_same_outcomes_and_none_of_the_values(session: Session):
    cycle = given_cycle(session, weight=2, stretch=2000, owner="Cem")
    put(session, cycle, 1515)
    made = copied(session, cycle, in_house=True)
    (before,), (after,) = key_results(session, cycle), key_results(session, made)
    (objective,) = store.objectives(session, cycle_id=made.id)

    assert (made.starts, made.ends) == (date(2027, 1, 1), date(2027, 4, 2))  # 92 days as before
    assert (after.title, after.start, after.target) == (before.title, 1240, 1800)
    assert (after.weight, after.stretch, after.owner) == (2, 2000, "Cem")
    assert objective.owner == "Ann"
    assert [team.name for team in store.teams_of(session, objective.id)] == ["Oven"]
    assert len(store.teams(session)) == 1
    assert list(store.entries(session, after.id)) == []


def test_it_may_begin_where_the_last_one_stands_and_go_as_far(session: Session):
    cycle = given_cycle(session, stretch=2000)
    put(session, cycle, 1515)
    (after,) = key_results(session, copied(session, cycle, begin_at_current=True))

    assert (after.start, after.target, after.stretch) == (1515, 2075, 2275)


@pytest.mark.parametrize(
    "kind",
    [
        {"kind": "maintain", "start": 5, "target": 5, "low": 4, "high": 6},
        {"kind": "milestone", "start": 0, "target": 1},
        {"kind": "increase"},  # without a value
    ],
)
def test_what_cannot_move_on_stays_as_it_was(session: Session, kind: dict[str, Any]):
    cycle = given_cycle(session, **kind)
    if kind["kind"] != "increase":
        put(session, cycle, 1)
    (before,) = key_results(session, cycle)
    (after,) = key_results(session, copied(session, cycle, begin_at_current=True))

    assert (after.start, after.target, after.low) == (before.start, before.target, before.low)


def test_a_source_stays_in_the_house(session: Session):
    source = {"source": "http", "http": {"url": "https://example.com/n?key=secret"}}
    cycle = given_cycle(session, **source)
    told = playbook.playbook_of(session, cycle, today=TODAY)
    (kept,) = key_results(session, copied(session, cycle, in_house=True))

    assert "secret" not in told.model_dump_json()
    assert told.objectives[0].key_results[0].source == "manual"
    read = source_store.source_of(session, kept.id)
    assert read is not None
    assert (kept.source, read.url) == ("http", "https://example.com/n?key=secret")


def test_nobody_is_named_in_what_leaves_the_house(session: Session):
    cycle = given_cycle(session, owner="cem@halvern.example")
    told = playbook.playbook_of(session, cycle, today=TODAY).model_dump_json()
    (kept,) = key_results(session, copied(session, cycle, in_house=True))

    assert "cem" not in told
    assert kept.owner == "cem@halvern.example"


def test_a_name_that_is_taken_makes_nothing(session: Session):
    cycle = given_cycle(session)

    with pytest.raises(Conflict, match="There is a cycle “2026 Q4” already"):
        copied(session, cycle, CopyDraft(name="2026 Q4", starts=date(2027, 1, 1)))


def test_the_survey_comes_along_and_a_known_bucket_stays_itself(session: Session):
    cycle = given_cycle(session)
    roster.put_settings(session, SettingsDraft(mode="person", opens="thursday 15:00"))
    book = playbook.playbook_of(session, cycle, today=TODAY)
    assert book.survey
    book.survey.buckets[1].name = "Build something new"
    roster.put_settings(session, SettingsDraft())
    copying.set_survey(session, book.survey, now=NOW)
    shown = roster.settings_shown(session)
    buckets = {one.name: one.id for one in allocation.buckets(session)}

    assert (shown.mode, shown.opens, shown.closes) == (
        "person",
        "thursday 15:00",
        "next monday 10:00",
    )
    assert buckets["Keeping the lights on"] == "lights"
    assert buckets["Build something new"] != "new"
    assert "Build new" not in buckets


def test_experiment_templates_come_along_once(session: Session):
    cycle = given_cycle(session)
    draft = TemplateDraft(name="In euros", about="600 people", design=DESIGN)
    templates.keep(session, draft, by="Ann", now=NOW)
    book = playbook.playbook_of(session, cycle, today=TODAY)
    session.delete(template_rows.every(session)[0])
    session.flush()
    made = copying.copy(session, book, NEXT, by="Ann", now=NOW)
    again = copying.copy(
        session, book, CopyDraft(name="Q2", starts=date(2027, 4, 1)), by="Ann", now=NOW
    )

    assert (made.templates, again.templates) == (1, 0)
    assert template_rows.every(session)[0].design == book.experiments[0].design


def test_a_template_holds_nothing_of_one_run(session: Session):
    run = {"audience_id": "a", "slice_id": "s", "previous_id": "p", "stop_at": None}
    draft = TemplateDraft(name="In euros", design=DESIGN | run)
    row = templates.keep(session, draft, by="Ann", now=NOW)

    assert not set(run) & set(row.design)
    assert "key_results" not in row.design
    assert templates.document_of(row)["arms"] == row.design["arms"]
    with pytest.raises(Conflict, match="“In euros” already"):
        templates.keep(session, draft, by="Ann", now=NOW)
    with pytest.raises(Invalid, match=r"design\.rule"):
        templates.keep(
            session,
            TemplateDraft(name="Odd", design=DESIGN | {"rule": {"kind": "luck"}}),
            by="Ann",
            now=NOW,
        )


@pytest.mark.parametrize("text", ["", "friday", "next", "moonday 09:00", "friday 25:00", "a b c d"])
def test_what_is_no_moment_says_how_one_is_written(text: str):
    with pytest.raises(ValidationError, match="like friday 14:00"):
        SettingsDraft(opens=text)


def test_times_out_of_order_are_refused(session: Session):
    with pytest.raises(Invalid, match="put the times in order"):
        roster.put_settings(session, SettingsDraft(opens="friday 14:00", reminds="friday 09:00"))
