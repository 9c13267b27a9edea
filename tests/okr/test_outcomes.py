"""Cycles, objectives that teams share, key results."""

from datetime import date
from typing import Any

import pytest
from sqlmodel import Session

from app.okr import outcomes, store
from app.okr.schemas import ObjectiveDraft, TeamDraft
from app.platform.errors import Conflict, NotBuiltYet, NotFound
from tests.okr.scenes import NOW, TODAY, given_cycle, given_key_result, given_objective


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


@pytest.mark.parametrize("source", ["experiment", "http", "sql"])
def test_a_source_of_values_that_is_not_built_yet_is_refused_by_name(session: Session, source: str):
    with pytest.raises(NotBuiltYet, match=source) as refused:
        given_key_result(session, given_objective(session), source=source)

    assert refused.value.status == 422


def test_key_results_of_the_cycles_of_a_day(session: Session):
    now = given_key_result(session, given_objective(session))
    past = given_cycle(session, "2026 Q3", starts=date(2026, 7, 1), ends=date(2026, 9, 30))
    draft = ObjectiveDraft(title="Earlier", cycle_id=past.id)
    given_key_result(session, outcomes.add_objective(session, draft, now=NOW))

    assert [row.id for row in store.key_results_on(session, TODAY)] == [now.id]
    assert len(store.key_results_on(session, date(2026, 9, 30))) == 1
    assert store.key_results_on(session, date(2027, 1, 1)) == []


def test_a_list_goes_on_after_its_cursor(session: Session):
    objective = given_objective(session)
    rows = [given_key_result(session, objective, title=f"Number {n}") for n in range(3)]

    page = store.key_results(session, objective_id=objective.id, cursor=rows[0].id, limit=1)

    assert [row.id for row in page] == [rows[1].id]
