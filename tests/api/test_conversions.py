"""Conversions as another system tells them."""

from typing import Any

import pytest

from tests.api.conftest import Api

ONE: dict[str, Any] = {
    "id": "order-1",
    "event": "planned",
    "email": "ann@bakery.example",
    "value": 61.5,
    "occurred_at": "2026-11-20T08:00:00Z",
}


def test_one_is_told_and_listed(api: Api) -> None:
    told = api.post("/conversions", ONE)
    listed = api.read("/conversions", event="planned")["items"]

    assert told.status_code == 201
    assert told.json() == {
        "id": "order-1", "matched": False, "duplicate": False, "experiment_ids": [],
    }  # fmt: skip
    assert [(row["id"], row["value"], row["matched"]) for row in listed] == [
        ("order-1", 61.5, False)
    ]


def test_many_are_told_at_once_and_the_same_again_counts_once(api: Api) -> None:
    many = {"conversions": [ONE | {"id": f"order-{number}"} for number in range(1000)]}
    first, again = api.post("/conversions", many), api.post("/conversions", many)

    assert (first.status_code, len(first.json()["items"])) == (201, 1000)
    assert {row["duplicate"] for row in first.json()["items"]} == {False}
    assert {row["duplicate"] for row in again.json()["items"]} == {True}
    assert len(api.read("/conversions", limit=1000)["items"]) == 1000


def test_the_same_id_with_another_body_is_a_conflict_that_names_it(api: Api) -> None:
    api.post("/conversions", ONE)
    answer = api.post("/conversions", {"conversions": [ONE, ONE | {"value": 62}]})

    assert answer.status_code == 409
    assert answer.json()["errors"][0]["field"] == "conversions.1.id"


@pytest.mark.parametrize(
    "change",
    [
        {"id": ""},
        {"event": ""},
        {"email": None},
        {"external_id": "crm-1"},
        {"value": "NaN"},
        {"occurred_at": "2999-01-01T00:00:00Z"},
        {"occurred_at": "yesterday"},
        {"colour": "red"},
        {"id": "a\nb"},
    ],
)
def test_what_cannot_be_is_refused_and_kept_nowhere(api: Api, change: dict[str, Any]) -> None:
    alone = api.post("/conversions", ONE | change)
    among = api.post("/conversions", {"conversions": [ONE, ONE | {"id": "b"} | change]})

    assert (alone.status_code, among.status_code) == (422, 422)
    assert api.read("/conversions")["items"] == []


def test_more_than_a_thousand_are_refused(api: Api) -> None:
    many = {"conversions": [ONE | {"id": f"order-{number}"} for number in range(1001)]}

    assert api.post("/conversions", many).status_code == 422


def test_pages_follow_one_another(api: Api) -> None:
    api.post("/conversions", {"conversions": [ONE | {"id": f"o{number}"} for number in range(5)]})
    first = api.read("/conversions", limit=3)
    second = api.read("/conversions", limit=3, cursor=first["next"])

    assert [row["id"] for row in [*first["items"], *second["items"]]] == [
        "o4", "o3", "o2", "o1", "o0",
    ]  # fmt: skip
    assert second["next"] is None
