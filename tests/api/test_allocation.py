"""Time allocation through the API."""

from typing import Any

import pytest

from tests.api.conftest import Api

WEEK = "/allocation/weeks/2026-W47"


@pytest.fixture
def ann(api: Api) -> dict[str, Any]:
    return api.made("/allocation/respondents", {"name": "Ann", "email": "ann@example.com"})


def put(api: Api, who: dict[str, Any], shares: dict[str, int], note: str = "") -> Any:
    path = f"{WEEK}/answers/{who['id']}"
    return api.ask("PUT", path, json={"shares": shares, "note": note})


def test_the_first_buckets_are_those_of_the_model(api: Api) -> None:
    found = api.read("/allocation/buckets")["items"]

    assert [(one["id"], one["target"]) for one in found] == [
        ("lights", None),
        ("new", 0.6),
        ("existing", 0.2),
        ("productivity", 0.2),
    ]


@pytest.mark.calendar
def test_a_week_shows_both_denominators(api: Api, ann: dict[str, Any]) -> None:
    api.made(f"{WEEK}/open")
    put(api, ann, {"lights": 44, "new": 28, "existing": 14, "productivity": 14})

    seen = api.read(WEEK)

    assert seen["everybody"]["non_elective"] == 0.44
    assert seen["everybody"]["of_elective"]["new"] == 0.5
    assert (seen["asked"], seen["answered"], seen["response_rate"]) == (1, 1, 1.0)


@pytest.mark.calendar
def test_a_week_opens_once(api: Api, ann: dict[str, Any]) -> None:
    api.made(f"{WEEK}/open")

    assert api.post(f"{WEEK}/open").status_code == 409


def test_what_does_not_add_up_is_refused_by_how_much(api: Api, ann: dict[str, Any]) -> None:
    api.made(f"{WEEK}/open")

    refused = put(api, ann, {"lights": 40, "new": 56})

    assert refused.status_code == 422
    assert refused.json()["detail"] == "This adds up to 96: 4 are missing."


def test_an_unknown_bucket_is_refused(api: Api, ann: dict[str, Any]) -> None:
    api.made(f"{WEEK}/open")

    assert put(api, ann, {"naps": 100}).json()["errors"][0]["field"] == "shares.naps"


@pytest.mark.calendar
def test_a_week_that_is_not_open_takes_no_answer(api: Api, ann: dict[str, Any]) -> None:
    assert put(api, ann, {"lights": 100}).status_code == 409
    assert api.get(WEEK).status_code == 404


def test_a_bucket_left_out_is_retired(api: Api) -> None:
    items = api.read("/allocation/buckets")["items"][:2]
    items[1] |= {"name": "Neues", "target": 1.0}

    put = api.ask("PUT", "/allocation/buckets", json={"items": items})

    assert [one["name"] for one in put.json()["items"]] == ["Keeping the lights on", "Neues"]


def test_elective_targets_add_up(api: Api) -> None:
    items = api.read("/allocation/buckets")["items"][:2]

    assert api.ask("PUT", "/allocation/buckets", json={"items": items}).status_code == 422


def test_settings_are_put_and_read_back(api: Api) -> None:
    wanted = {"mode": "person", "opens": "thursday 16:00", "closes": "friday 17:00"}
    put = api.ask("PUT", "/allocation/settings", json=wanted | {"reminds": "friday 9:00"})

    assert put.status_code == 422
    assert "write a day and a time" in put.text
    api.ask("PUT", "/allocation/settings", json=wanted | {"reminds": "friday 09:00"})
    assert api.read("/allocation/settings") == wanted | {"reminds": "friday 09:00"}


def test_a_respondent_is_changed_and_leaves(api: Api, ann: dict[str, Any]) -> None:
    path = f"/allocation/respondents/{ann['id']}"
    api.ask("PATCH", path, json={"fte": 0.5, "active": False})
    (found,) = api.read("/allocation/respondents")["items"]

    assert (found["fte"], found["active"], found["name"]) == (0.5, False, "Ann")
    assert api.ask("PATCH", path, json={"name": None}).status_code == 422
    assert api.ask("PATCH", path, json={"fte": 0}).status_code == 422


def five(api: Api) -> list[dict[str, Any]]:
    api.ask("PUT", "/allocation/settings", json={"mode": "person"})
    return [
        api.made("/allocation/respondents", {"name": f"N{n}", "email": f"n{n}@example.com"})
        for n in range(5)
    ]


def test_the_fifth_answer_is_not_five_minus_four(api: Api) -> None:
    people = five(api)
    api.made(f"{WEEK}/open")
    for one in people[:4]:
        put(api, one, {"lights": 50, "new": 50})
    seen = api.read(WEEK)
    put(api, people[4], {"lights": 100})

    assert (seen["answered"], seen["counted"], seen["everybody"]) == (4, 0, None)
    assert api.read(WEEK)["everybody"]["non_elective"] == 0.6
    assert api.read(WEEK)["counted"] == 5


def test_one_correction_waits_for_others(api: Api) -> None:
    people = five(api)
    api.made(f"{WEEK}/open")
    for one in people:
        put(api, one, {"lights": 50, "new": 50})
    for one in people[:3]:
        put(api, one, {"lights": 100})
    assert api.read(WEEK)["everybody"]["non_elective"] == 0.5
    put(api, people[3], {"lights": 100})

    assert api.read(WEEK)["everybody"]["non_elective"] == 0.9


@pytest.mark.calendar
def test_a_retired_bucket_stays_with_the_weeks_it_was_asked_in(
    api: Api, ann: dict[str, Any]
) -> None:
    api.made(f"{WEEK}/open")
    put(api, ann, {"lights": 40, "new": 40, "productivity": 20})
    items = api.read("/allocation/buckets")["items"][:3]
    items[1]["target"] = 0.8
    api.ask("PUT", "/allocation/buckets", json={"items": items})
    api.made("/allocation/weeks/2026-W48/open")
    late = put(api, ann, {"lights": 50, "new": 30, "productivity": 20})
    after = f"/allocation/weeks/2026-W48/answers/{ann['id']}"

    assert [one["target"] for one in api.read(WEEK)["buckets"]] == [None, 0.6, 0.2, 0.2]
    assert late.status_code == 200
    assert api.read(WEEK)["everybody"]["of_elective"]["productivity"] == 0.4
    assert [one["id"] for one in api.read("/allocation/weeks/2026-W48")["buckets"]] == [
        "lights", "new", "existing",
    ]  # fmt: skip
    refused = api.ask("PUT", after, json={"shares": {"lights": 80, "productivity": 20}})
    assert refused.status_code == 422


def test_whoever_left_is_not_counted_as_asked(api: Api, ann: dict[str, Any]) -> None:
    bo = api.made("/allocation/respondents", {"name": "Bo", "email": "bo@example.com"})
    api.made("/allocation/weeks/2026-W48/open")
    path = f"/allocation/respondents/{bo['id']}"
    asked = []
    for active in (True, False, True, False):
        api.ask("PATCH", path, json={"active": active})
        asked.append(api.read("/allocation/weeks/2026-W48")["asked"])

    assert asked == [2, 1, 2, 1]


@pytest.mark.parametrize("fte", [0, 0.05, 0.000001, 0.123, 0.1001, 1.05])
def test_weights_by_which_a_sum_could_be_taken_apart_are_refused(
    api: Api, ann: dict[str, Any], fte: float
) -> None:
    refused = api.ask("PATCH", f"/allocation/respondents/{ann['id']}", json={"fte": fte})

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "fte"


@pytest.mark.parametrize("fte", [0.1, 0.15, 0.3, 0.7, 0.85, 1])
def test_a_share_of_full_time_is_kept(api: Api, ann: dict[str, Any], fte: float) -> None:
    kept = api.ask("PATCH", f"/allocation/respondents/{ann['id']}", json={"fte": fte})

    assert (kept.status_code, kept.json()["fte"]) == (200, fte)
