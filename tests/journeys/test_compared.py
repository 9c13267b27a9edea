"""Two versions and a holdout, by API: who got what, what they did afterwards, and what is said."""

from typing import Any

import httpx

from app.platform import clock
from tests.cast import DESIGN, made
from tests.journeys.test_by_api import finished, given_an_audience
from tests.serve import Installation, Mailbox, wait_until

ARM: dict[str, Any] = DESIGN["arms"][0]
TWO: dict[str, Any] = DESIGN | {
    "arms": [
        ARM | {"key": "gain", "weight": 1},
        ARM | {"key": "loss", "weight": 1, "subject": "{{ name }}, you lose {{ euros }} €"},
    ],
    "holdout": 0.2,
    "segments": ["euros"],
    "metric": {"kind": "conversion_rate", "event": "planned", "window_hours": 168},
    "rule": {"kind": "comparison", "baseline": "holdout", "mde": 0.02, "method": "anytime"},
}


def test_what_people_do_counts_in_their_own_group(service: Installation, mailbox: Mailbox):
    with service.api("editor") as api:
        audience = given_an_audience(api, people=200)
        experiment = made(api.post("/experiments", json=TWO | {"audience_id": audience}))["id"]
        plan = api.get(f"/experiments/{experiment}/plan").json()
        launched = api.post(f"/experiments/{experiment}/launch", json={})
        assert launched.status_code in {200, 202}, launched.text
        wait_until(lambda: finished(api, experiment), what="the sending")
        sends = api.get(f"/experiments/{experiment}/sends", params={"limit": 200}).json()["items"]
        groups = {
            group: [row["email"] for row in sends if row["arm"] == group]
            for group in ("gain", "loss", "holdout")
        }
        tell(api, {"gain": 10, "loss": 20, "holdout": 5}, groups)
        readout = wait_until(lambda: converted(api, experiment, 35), what="35 conversions")
        stranger = tell_one(api, "order-x", "nobody@bakery.example")

    arms = {arm["key"]: arm for arm in readout["arms"]}
    assert 20 <= len(groups["holdout"]) <= 60  # drawn by lot: 40 are expected
    assert {to for to, _ in mailbox.mails()} == {*groups["gain"], *groups["loss"]}
    assert {key: arm["released"] for key, arm in arms.items()} == {
        key: len(group) for key, group in groups.items()
    }
    assert {key: arm["converted"] for key, arm in arms.items()} == {
        "gain": 10,
        "loss": 20,
        "holdout": 5,
    }
    assert arms["loss"]["value"] == 20 * 61.5
    assert plan["arms"]["holdout"] == 40
    assert plan["detectable"] > 0.1
    assert [row["arm"] for row in readout["comparisons"]] == ["gain", "loss"]
    assert readout["call"]["state"] == "waiting"
    assert "Too early to say" in readout["call"]["sentence"]
    assert readout["health"]["sample_ratio"]["ok"]
    assert not stranger["matched"]


def tell(api: httpx.Client, counts: dict[str, int], groups: dict[str, list[str]]) -> None:
    """So many of each group plan something; told twice, it counts once."""
    told = [
        {
            "id": f"{group}-{number}",
            "event": "planned",
            "email": groups[group][number],
            "value": 61.5,
            "occurred_at": clock.now().isoformat(),
        }
        for group, count in counts.items()
        for number in range(count)
    ]
    first = api.post("/conversions", json={"conversions": told}).json()["items"]
    again = api.post("/conversions", json={"conversions": told}).json()["items"]
    changed = api.post("/conversions", json=told[0] | {"value": 1})

    assert {row["matched"] for row in first} == {True}
    assert {row["duplicate"] for row in again} == {True}
    assert changed.status_code == 409


def tell_one(api: httpx.Client, key: str, email: str) -> dict[str, Any]:
    body: dict[str, Any] = api.post(
        "/conversions", json={"id": key, "event": "planned", "email": email}
    ).json()
    return body


def converted(api: httpx.Client, experiment: str, count: int) -> dict[str, Any] | None:
    seen: dict[str, Any] = api.get(f"/experiments/{experiment}/readout").json()
    return seen if sum(arm["converted"] for arm in seen["arms"]) == count else None
