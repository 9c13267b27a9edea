"""The product manager's main job, by API alone, against real processes and a real mail server."""

import time
from secrets import token_hex
from typing import Any

import httpx

from app.platform import clock
from tests.cast import DESIGN, csv_of, made
from tests.serve import Installation, Mailbox, click, links_in, wait_until

TODAY = clock.now().date()


def test_from_a_feature_to_a_decision_and_the_key_result(
    shared: Installation, shared_mailbox: Mailbox
):
    with shared.api("editor") as api:
        key_result = given_a_key_result(api)
        slice_id = given_a_slice(api, key_result)
        audience = given_an_audience(api, people=60, without_euros=2)
        experiment = made(
            api.post(
                "/experiments",
                json=DESIGN
                | {
                    "audience_id": audience,
                    "slice_id": slice_id,
                    "rule": {"kind": "threshold", "threshold": 0.08},
                    "key_results": [
                        {
                            "key_result_id": key_result,
                            "mode": "evidence",
                            "reach": 12000,
                            "carry": 0.25,
                        }
                    ],
                },
            )
        )["id"]
        plan = api.get(f"/experiments/{experiment}/plan").json()
        checklist = api.get(f"/experiments/{experiment}/checklist").json()
        launched = api.post(f"/experiments/{experiment}/launch", json={})
        assert launched.status_code in {200, 202}, launched.text
        progress = wait_until(lambda: finished(api, experiment), what="the sending")
        time.sleep(3)  # within two seconds of its arrival nobody reads a mail (rule 14)
        clicked = [click(links_in(mail)[0]) for _, mail in shared_mailbox.mails()[:15]]
        readout = wait_until(lambda: with_clickers(api, experiment, 15), what="15 clickers")
        decision = api.post(
            f"/experiments/{experiment}/decision",
            json={
                "decision": "iterate",
                "learning": "Euros draw bakers in.",
                "next_slice": "A weekly list",
            },
        )
        evidence = api.get(f"/key-results/{key_result}").json()
        hits = api.get(f"/experiments/{experiment}/hits").json()["items"]

    assert (
        plan["pass_count"] == 9
    )  # 58 can be filled: P(X >= 9 | 58, 8 %) is 4.0 %, P(X >= 8) 9.0 %
    assert checklist["ready"]
    assert any("euros" in item["message"] for item in checklist["items"])
    assert (progress["enrolled"], progress["sent"]) == (58, 58)
    assert {answer.status_code for answer in clicked} == {302}
    assert clicked[0].headers["location"] == "https://halvern.example/list"
    assert readout["arms"][0]["released"] == 58
    assert readout["call"]["pass_count"] == 9
    assert readout["estimates"][0]["hits"] == 15
    assert decision.status_code in {200, 201}, decision.text
    assert evidence["links"][0]["experiment_id"] == experiment
    assert sum(hit["count"] for hit in hits) == 15
    assert len({to for to, _ in shared_mailbox.mails()}) == len(shared_mailbox.mails()) == 58


def test_a_value_is_put_once_a_day_and_never_for_tomorrow(shared: Installation):
    with shared.api("editor") as api:
        key_result = given_a_key_result(api)
        first = api.put(
            f"/key-results/{key_result}/values/{TODAY}", json={"value": 1300, "comment": "up"}
        )
        again = api.put(f"/key-results/{key_result}/values/{TODAY}", json={"value": 1310})
        tomorrow = api.put(f"/key-results/{key_result}/values/2999-01-01", json={"value": 9})
        seen = api.get(f"/key-results/{key_result}").json()

    assert (first.status_code, again.status_code, tomorrow.status_code) == (200, 200, 422)
    assert seen["current"] == 1310
    assert tomorrow.headers["content-type"] == "application/problem+json"


def test_an_unsubscribe_is_in_force_at_once_and_only_a_post_does_it(
    shared: Installation, shared_mailbox: Mailbox
):
    with shared.api("editor") as api:
        audience = given_an_audience(api, people=20, at="mill.example")
        experiment = made(api.post("/experiments", json=DESIGN | {"audience_id": audience}))["id"]
        api.post(f"/experiments/{experiment}/launch", json={})
        wait_until(lambda: finished(api, experiment), what="the sending")
        address, mail = shared_mailbox.mails()[0]
        way_out = mail["List-Unsubscribe"].strip("<>")
        looked = [httpx.get(way_out).status_code for _ in range(5)]
        before = api.get("/suppressions").json()["items"]
        posted = httpx.post(way_out, data={"List-Unsubscribe": "One-Click"})
        after = api.get("/suppressions").json()["items"]

    assert (set(looked), before) == ({200}, [])  # nobody else is suppressed by these tests
    assert (posted.status_code, len(after)) == (200, 1)
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert address


def given_a_key_result(api: httpx.Client) -> str:
    team = made(
        api.post("/teams", json={"name": f"Counter {token_hex(4)}", "function": "product"})
    )["id"]
    cycle = made(
        api.post(
            "/cycles",
            json={
                "name": f"This quarter {token_hex(4)}",
                "starts": f"{TODAY.year}-01-01",
                "ends": f"{TODAY.year}-12-31",
            },
        )
    )["id"]
    objective = made(
        api.post(
            "/objectives",
            json={
                "title": "Bakers plan their week with us",
                "cycle_id": cycle,
                "team_ids": [team],
                "owner": "Ann",
            },
        )
    )["id"]
    return str(
        made(
            api.post(
                "/key-results",
                json={
                    "objective_id": objective,
                    "title": "Weekly active bakeries",
                    "kind": "increase",
                    "unit": "number",
                    "start": 1240,
                    "target": 1800,
                },
            )
        )["id"]
    )


def given_a_slice(api: httpx.Client, key_result: str) -> str:
    feature = made(
        api.post("/features", json={"title": "Waste insights", "key_result_id": key_result})
    )
    return str(
        made(api.post("/slices", json={"feature_id": feature["id"], "title": "Waste in euros"}))[
            "id"
        ]
    )


def given_an_audience(
    api: httpx.Client, *, people: int, without_euros: int = 0, at: str = "bakery.example"
) -> str:
    audience = made(api.post("/audiences", json={"name": f"Bakers {token_hex(4)}"}))["id"]
    started = made(
        api.post(
            f"/audiences/{audience}/imports",
            content=csv_of(people, without_euros=without_euros, at=at),
            headers={"Content-Type": "text/csv"},
        )
    )
    done = wait_until(lambda: imported(api, started["id"]), what="the import")
    assert (done["rows"], done["added"]) == (people, people)
    return str(audience)


def imported(api: httpx.Client, import_id: str) -> dict[str, Any] | None:
    seen: dict[str, Any] = api.get(f"/imports/{import_id}").json()
    return seen if seen["status"] != "running" else None


def finished(api: httpx.Client, experiment: str) -> dict[str, Any] | None:
    seen: dict[str, Any] = api.get(f"/experiments/{experiment}/progress").json()
    return seen if seen["status"] == "measuring" and not seen["sending"] else None


def with_clickers(api: httpx.Client, experiment: str, count: int) -> dict[str, Any] | None:
    seen: dict[str, Any] = api.get(f"/experiments/{experiment}/readout").json()
    return seen if seen["arms"][0]["human_clickers"] == count else None
