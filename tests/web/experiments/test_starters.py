"""What an experiment may begin from: every starter lacks only what is one's own."""

import json
from typing import Any

import pytest
from sqlmodel import Session

from app.experiments import store
from app.platform.db import Database
from app.stats.one_arm import pass_count
from app.web.experiments.starters import STARTERS, Starter
from tests.experiments.scenes import check, given_audience, given_draft
from tests.web.conftest import Browser
from tests.web.test_journey import id_in

BLANKS = ("{who}", "{insight}", "{problem}", "{event}", "{entry}", "{price}")


def filled(one: Starter) -> dict[str, Any]:
    """The same with every blank filled in, and a name."""
    text = json.dumps(dict(one.document), default=dict)
    for blank in BLANKS:
        text = text.replace(blank, "bakers")
    document: dict[str, Any] = json.loads(text)
    return document | {"name": one.name}


@pytest.mark.parametrize("one", STARTERS, ids=[one.key for one in STARTERS])
def test_filled_in_and_with_an_audience_it_can_be_launched(session: Session, one: Starter):
    columns = {"insight": "23 % of your rye", "problem": "waste", "gain": "10 €", "loss": "10 €",
               "entry": "a bake list", "price": "19 €"}  # fmt: skip
    audience_id = given_audience(session, 400, data=columns)
    experiment = given_draft(session, **filled(one) | {"audience_id": audience_id})
    found = check(session, experiment)

    assert found.ready, [item for item in found.items if item.level == "blocks"]


@pytest.mark.parametrize("one", STARTERS, ids=[one.key for one in STARTERS])
def test_as_it_stands_it_blocks_only_for_what_is_ones_own(session: Session, one: Starter):
    document = dict(one.document) | {"name": one.name, "audience_id": None}
    experiment = given_draft(session, people=0, **document)
    blocked = {item.id.partition(":")[0] for item in check(session, experiment).items
               if item.level == "blocks"}  # fmt: skip

    assert blocked <= {"audience", "hypothesis", "power", "content", "blank"}, blocked


@pytest.mark.parametrize(
    ("key", "people", "must_click"),
    [
        ("insight", 600, 60),
        ("useful", 400, 28),
        ("call", 1000, 29),
        ("door", 300, 40),
        ("price", 1000, 16),
    ],
)
def test_the_number_it_promises_is_the_one_that_the_rule_asks_for(
    key: str, people: int, must_click: int
):
    one = next(one for one in STARTERS if one.key == key)
    rule = one.document["rule"]

    assert pass_count(people, rule["threshold"], confidence=rule["confidence"]) == must_click
    assert f"{people:,} people, {must_click} must click" in one.about


@pytest.mark.parametrize("one", STARTERS, ids=[one.key for one in STARTERS])
def test_it_opens_in_the_form(eve: Browser, one: Starter, database: Database):
    page = eve.get(f"/experiments/new?from={one.key}")
    made = id_in(eve.post("/experiments", name="Begun", begun=one.key), "experiments")
    with database.read() as session:
        design = store.experiment_of(session, made).design

    assert page.status_code == 200
    assert one.document["hypothesis"]["right_if"] in page.text
    assert [arm["key"] for arm in design["arms"]] == [arm["key"] for arm in one.document["arms"]]
