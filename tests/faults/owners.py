"""What those do in a town who own its outcome: put values, in time, late, and again."""

from datetime import timedelta
from functools import partial
from typing import Any

import httpx

from tests.faults.happenings import operation
from tests.faults.town import Town
from tests.serve import wait_until

_DAYS_AGO = (1, 1, 2, 3, 8, 9, 30)  # of a value: most come in time, some weeks late


@operation(weight=2)
def put_a_value(town: Town, api: httpx.Client) -> None:
    """The number of a day, and how sure its owner is; the same is sent until it is taken."""
    day = (town.now - timedelta(days=town.rng.choice(_DAYS_AGO))).date().isoformat()
    _put(town, api, day)


@operation()
def correct_a_value(town: Town, api: httpx.Client) -> None:
    """Another number for a day that has one: from now on that one counts."""
    if town.values:
        _put(town, api, town.rng.choice(sorted(town.values)))


@operation()
def close_the_cycle_and_open_it_again(town: Town, api: httpx.Client) -> None:
    """Between the two no value can be put, and the one that there was stands."""
    (cycle,) = town.every(api, "/cycles")
    path, day = f"/cycles/{cycle['id']}", min(town.values, default="")
    _asked(town, api, "POST", f"{path}/close", json={})

    assert town.read(api, path)["closed_at"] is not None
    if day:
        put = f"/key-results/{town.key_result}/values/{day}"
        refused = _asked(town, api, "PUT", put, json={"value": 1})
        assert refused.status_code == httpx.codes.CONFLICT, refused.text
    _asked(town, api, "POST", f"{path}/reopen")
    assert town.read(api, path)["closed_at"] is None


def _asked(town: Town, api: httpx.Client, method: str, path: str, **sent: Any) -> httpx.Response:
    """Until there is an answer; where the first one was lost, it says that it is so already."""
    asked = partial(town.ask, api, method, path, **sent)
    answer: httpx.Response = wait_until(asked, what=f"an answer of {path}")
    assert answer.is_success or answer.status_code == httpx.codes.CONFLICT, answer.text
    return answer


def _put(town: Town, api: httpx.Client, day: str) -> None:
    value, sure = float(town.rng.randrange(1_000, 1_400)), town.rng.randrange(1, 10)
    path = f"/key-results/{town.key_result}/values/{day}"
    sent = {"value": value, "confidence": sure, "comment": f"After {len(town.did)} operations."}
    answer = _asked(town, api, "PUT", path, json=sent)
    assert answer.is_success, answer.text
    town.values[day] = value
