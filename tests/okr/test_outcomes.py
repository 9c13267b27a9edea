"""Cycles, objectives that teams share, key results."""

from datetime import date
from typing import Any

import pytest
from sqlmodel import Session

from app.okr import outcomes, source_store, store, week_rows
from app.okr.schemas import KeyResultChanges, ObjectiveChanges, ObjectiveDraft, TeamDraft
from app.platform.errors import Conflict, Invalid, NotFound
from tests.okr.scenes import NOW, TODAY, given_cycle, given_key_result, given_objective, put


def test_product_and_engineering_share_an_objective(session: Session):
    objective = given_objective(session, "Product", "Engineering")

    assert [team.name for team in store.teams_of(session, objective.id)] == [
        "Engineering",
        "Product",
    ]


def test_a_team_named_twice_in_one_objective_shares_it_once(session: Session):
    team = outcomes.add_team(session, TeamDraft(name="Product", function="product"))
    draft = ObjectiveDraft(
        title="Less waste", cycle_id=given_cycle(session).id, team_ids=[team.id, team.id]
    )

    objective = outcomes.add_objective(session, draft, now=NOW)

    assert len(store.teams_of(session, objective.id)) == 1


@pytest.mark.parametrize("wrong", [{"cycle_id": "nothing"}, {"team_ids": ["nothing"]}])
def test_an_objective_needs_a_cycle_and_teams_that_there_are(
    session: Session, wrong: dict[str, Any]
):
    fields = {"title": "Less waste", "cycle_id": given_cycle(session).id}

    with pytest.raises(NotFound):
        outcomes.add_objective(session, ObjectiveDraft.model_validate(fields | wrong), now=NOW)


def test_two_teams_or_cycles_of_one_name_are_refused(session: Session):
    given_objective(session, "Product")

    with pytest.raises(Conflict, match="Product"):
        outcomes.add_team(session, TeamDraft(name="Product"))
    with pytest.raises(Conflict, match="2026 Q4"):
        given_cycle(session)


@pytest.mark.parametrize(
    "changes",
    [
        {"source": "experiment"},
        {"source": "http", "http": {"url": "https://numbers.example/n.json"}},
        {"source": "sql", "sql": {"connection": "shop", "query": "SELECT 1", "every": "weekly"}},
    ],
)
def test_values_come_from_people_systems_experiments_addresses_or_databases(
    session: Session, changes: dict[str, Any]
):
    row = given_key_result(session, given_objective(session), **changes)
    source = source_store.source_of(session, row.id)

    assert row.source == changes["source"]
    assert (source is not None) is (row.source != "experiment")


def test_what_is_not_sent_stays_as_it_was(session: Session):
    row = given_key_result(session, given_objective(session), owner="Ann", stretch=2000)
    changes = KeyResultChanges(title="Active bakeries", target=1900)
    outcomes.change_key_result(session, row, changes, now=NOW)

    assert (row.title, row.target, row.owner, row.stretch) == ("Active bakeries", 1900, "Ann", 2000)


@pytest.mark.parametrize(
    "changes", [{"target": 1000}, {"stretch": 1700}, {"source": "http"}, {"title": None}]
)
def test_a_change_that_does_not_fit_is_refused(session: Session, changes: dict[str, Any]):
    row = given_key_result(session, given_objective(session))

    with pytest.raises(Invalid):
        outcomes.change_key_result(session, row, KeyResultChanges.model_validate(changes), now=NOW)


def test_teams_of_an_objective_can_be_replaced(session: Session):
    objective = given_objective(session, "Product", "Engineering")
    design = outcomes.add_team(session, TeamDraft(name="Design", function="design"))
    outcomes.change_objective(session, objective, ObjectiveChanges(team_ids=[design.id]))

    assert [team.function for team in store.teams_of(session, objective.id)] == ["design"]
    assert objective.title == "Bakers throw less away"


def test_what_was_measured_is_not_removed(session: Session):
    objective = given_objective(session)
    row = given_key_result(session, objective)
    put(session, row.id, TODAY, 1300)

    with pytest.raises(Conflict, match="has values"):
        outcomes.remove_key_result(session, row)
    with pytest.raises(Conflict, match="has key results"):
        outcomes.remove_objective(session, objective)


def test_what_was_never_used_is_removed(session: Session):
    objective = given_objective(session, "Product")
    read = {"source": "http", "http": {"url": "https://numbers.example/"}}
    row = given_key_result(session, objective, **read)
    outcomes.remove_key_result(session, row)
    outcomes.remove_objective(session, objective)

    assert store.key_results(session) == []
    assert store.objectives(session) == []
    assert source_store.due_sources(session, day=TODAY, now=NOW) == []


def test_key_results_of_the_cycles_that_touch_some_days(session: Session):
    now = given_key_result(session, given_objective(session))
    past = given_cycle(session, "2026 Q3", starts=date(2026, 7, 1), ends=date(2026, 9, 30))
    draft = ObjectiveDraft(title="Earlier", cycle_id=past.id)
    before = given_key_result(session, outcomes.add_objective(session, draft, now=NOW))

    def between(first: date, last: date) -> set[str]:
        found = week_rows.placed(session, *week_rows.has_day_between(first, last), today=last)
        assert week_rows.any_between(session, first, last) is bool(found)
        return {one.row.id for one in found}

    assert between(TODAY, TODAY) == {now.id}
    assert between(date(2026, 9, 28), date(2026, 10, 4)) == {before.id, now.id}
    assert between(date(2026, 9, 28), date(2026, 9, 30)) == {before.id}
    assert between(date(2026, 12, 28), date(2027, 1, 3)) == {now.id}
    assert between(date(2027, 1, 1), date(2027, 1, 3)) == set()


def test_a_list_goes_on_after_its_cursor(session: Session):
    objective = given_objective(session)
    rows = [given_key_result(session, objective, title=f"Number {n}") for n in range(3)]

    first = store.key_results(session, objective_id=objective.id, limit=1)
    page = store.key_results(session, objective_id=objective.id, cursor=first.next, limit=1)

    assert [row.id for row in (*first, *page)] == [rows[0].id, rows[1].id]
