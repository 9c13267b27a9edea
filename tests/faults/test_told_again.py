"""The same thing a thousand times, in parallel and out of order (F13, F14): one effect."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx

from app.platform import clock
from tests.faults.scenes import launched
from tests.faults.test_killed_under_clicks import counted_hits
from tests.journeys.test_by_api import finished, given_an_audience
from tests.serve import Installation, Mailbox, click, links_in, wait_until

_AT_ONCE = 16


def _all_at_once(ask: Callable[[Any], httpx.Response], bodies: Sequence[Any]) -> Counter[str]:
    """Ask of each, many at a time; a retry where the answer was "not now", as its clients do."""

    def asked(body: Any) -> str:
        answer = ask(body)
        while answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            answer = ask(body)
        duplicate = answer.status_code < 300 and answer.json()["duplicate"]
        return f"{answer.status_code}{' duplicate' if duplicate else ''}"

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return Counter(pool.map(asked, bodies))


def test_one_conversion_told_a_thousand_times_is_one_row(service: Installation, full: bool):
    times = 1_000 if full else 150
    body = {"id": "order-1", "event": "order", "email": "p1@bakery.example", "value": 3.0}
    body["occurred_at"] = clock.iso(clock.now())
    with service.api("editor") as api:
        given_an_audience(api, people=5)
        told = _all_at_once(lambda one: api.post("/conversions", json=one), [body] * times)
        others = [body | {"value": 4.0 + number} for number in range(times)]
        refused = _all_at_once(lambda one: api.post("/conversions", json=one), others)
        kept = api.get("/conversions").json()["items"]
    print(f"F14: {times} × one id: {dict(told)}; with another body: {dict(refused)}")

    assert (told["201"], told["201 duplicate"] + told["200 duplicate"]) == (1, times - 1)
    assert refused == {"409": times}
    assert [(one["id"], one["value"]) for one in kept] == [("order-1", 3.0)]


def test_a_thousand_ways_out_and_clicks_of_one_person_have_one_effect(
    service: Installation, mailbox: Mailbox, full: bool
):
    times = 1_000 if full else 100
    with service.api("editor") as api:
        experiment = launched(api, given_an_audience(api, people=20))
        wait_until(partial(finished, api, experiment), what="the sending")
        mail = mailbox.mails()[0][1]
        out, link = mail["List-Unsubscribe"].strip("<>"), links_in(mail)[0]
        doings = [lambda: _leave(out), lambda: httpx.get(out, timeout=30), lambda: click(link)]
        mixed = [number for number in range(len(doings)) for _ in range(times)]
        random.Random(13).shuffle(mixed)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            codes = Counter(pool.map(lambda one: (one, doings[one]().status_code), mixed))
        counted = wait_until(lambda: counted_hits(api, experiment, at_least=times), what="hits")
        readout = wait_until(partial(_judged, api, experiment, times), what="the readout")
        suppressions = api.get("/suppressions").json()["items"]
    arm = readout["arms"][0]
    seen = {name: arm[name] for name in ("clicks", "human_clickers", "unsubscribed")}
    print(f"F13: {times} × each: {dict(codes)}; {len(suppressions)} suppression, {seen}")

    assert codes == {(0, 200): times, (1, 200): times, (2, 302): times}
    assert counted == times
    assert len(suppressions) == 1
    assert arm["unsubscribed"] == 1
    assert arm["human_clickers"] <= 1


def _leave(out: str) -> httpx.Response:
    return httpx.post(out, data={"List-Unsubscribe": "One-Click"}, timeout=30)


def _judged(api: httpx.Client, experiment: str, clicks: int) -> dict[str, Any] | None:
    told: dict[str, Any] = api.get(f"/experiments/{experiment}/readout").json()
    return told if told["arms"][0]["clicks"] >= clicks else None
