"""`kill -9` of every process while customers click: no answered click is lost or doubled."""

import random
import threading
import time
from collections import Counter
from typing import Any

import httpx

from tests.cast import DESIGN, made
from tests.journeys.test_by_api import finished, given_an_audience
from tests.serve import BROWSER, Installation, Mailbox, links_in, wait_until


def test_no_answered_click_is_lost_or_counted_twice(
    service: Installation, mailbox: Mailbox, full: bool
):
    rounds = 200 if full else 6
    with service.api("editor") as api:
        audience = given_an_audience(api, people=40)
        experiment = made(api.post("/experiments", json=DESIGN | {"audience_id": audience}))["id"]
        api.post(f"/experiments/{experiment}/launch", json={})
        wait_until(lambda: finished(api, experiment), what="the sending")
        headers = dict(api.headers)
    links = [links_in(mail)[0] for _, mail in mailbox.mails()]
    answered: Counter[str] = Counter()
    for number in range(rounds):
        answered += clicked_until_killed(service, links, seed=number)
        service.start()
    with httpx.Client(base_url=f"{service.url}/api/v1", headers=headers, timeout=30) as api:
        total = sum(answered.values())
        counted = wait_until(
            lambda: counted_hits(api, experiment, at_least=total), what=f"{total} hits"
        )
    print(f"F1: killed {rounds} times, {total} clicks answered, {counted} counted")

    assert total > rounds
    assert counted - total in range(rounds * 4 + 1)  # journalled, and killed before the answer left


def clicked_until_killed(service: Installation, links: list[str], *, seed: int) -> Counter[str]:
    """Four customers click until everything is killed; what was answered with a 302."""
    rng = random.Random(seed)
    answered: Counter[str] = Counter()
    lock, over = threading.Lock(), threading.Event()

    def customer(own: random.Random) -> None:
        with httpx.Client(headers={"User-Agent": BROWSER}) as client:
            while not over.is_set():
                link = own.choice(links)
                try:
                    answer = client.get(link)
                except httpx.HTTPError:
                    continue  # killed: nobody was answered
                if answer.status_code == httpx.codes.FOUND:
                    with lock:
                        answered[link] += 1

    customers = [
        threading.Thread(target=customer, args=(random.Random(rng.random()),)) for _ in range(4)
    ]
    for one in customers:
        one.start()
    time.sleep(rng.uniform(0.2, 1.0))
    service.kill()
    over.set()
    for one in customers:
        one.join()
    return answered


def counted_hits(api: httpx.Client, experiment: str, *, at_least: int) -> int | None:
    """Σ count of the raw hits, once it has reached what was answered."""
    total, cursor = 0, None
    while True:
        page: dict[str, Any] = api.get(
            f"/experiments/{experiment}/hits",
            params={"limit": 1000, **({"cursor": cursor} if cursor else {})},
        ).json()
        total += sum(hit["count"] for hit in page["items"] if hit["kind"] == "click")
        cursor = page["next"]
        if cursor is None:
            return total if total >= at_least else None
