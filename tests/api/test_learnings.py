"""Learnings through the API."""

import pytest

from app.platform.db import Database
from tests.api.conftest import Api
from tests.web.features.test_board import given_compared_and_decided, given_learning


def test_learnings_are_searched_narrowed_and_paged(api: Api, database: Database) -> None:
    for number in range(3):
        given_learning(database, "Wetter für Bäcker", number=number)
    first = api.read("/learnings", q="BÄCKER", limit=2)
    second = api.read("/learnings", q="BÄCKER", limit=2, cursor=first["next"])
    none = api.read("/learnings", q="bäcker", decision="build")

    assert [len(first["items"]), len(second["items"])] == [2, 1]
    assert second["next"] is None
    assert none["items"] == []
    assert first["items"][0]["learning"].startswith("Wetter für Bäcker")


@pytest.mark.parametrize("query", [{"decision": "perhaps"}, {"cursor": "x"}, {"q": "x" * 501}])
def test_what_cannot_be_asked_is_refused(api: Api, query: dict[str, str]) -> None:
    assert api.get("/learnings", **query).status_code == 422


def test_the_pace_of_learning_is_told(api: Api) -> None:
    told = api.read("/throughput", weeks=4)

    assert len(told["weeks"]) == 4
    assert told["avoided"] == 0


def test_the_record_is_told_before_and_after_the_first_result(api: Api, database: Database) -> None:
    before = api.read("/learnings/record")
    given_learning(database, "Weather", forecast=0.8)
    after = api.read("/learnings/record")

    assert (before["results"], before["brier"]) == (0, None)
    assert (after["results"], after["validated"], after["forecasts"]) == (1, 0, 1)
    assert after["brier"] == pytest.approx(0.64)


def test_the_claim_for_all_results_is_less_than_their_sum(api: Api, database: Database) -> None:
    before = api.read("/learnings/record")["claim"]
    given_compared_and_decided(database, times=3)
    after = api.read("/learnings/record")["claim"]

    assert before is None
    assert (after["effects"], round(after["measured"], 9)) == (3, 0.12)
    assert after["expected"] < after["measured"]
