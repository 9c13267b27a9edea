"""`kill -9` of the sender in the middle of a send: nobody gets two, the uncertain are listed."""

import random
import time
from collections import Counter
from functools import partial

from tests.cast import DESIGN, made
from tests.journeys.test_by_api import finished, given_an_audience
from tests.serve import Installation, Mailbox, wait_until

_RESERVED = 50  # what a sender process holds at most


def test_nobody_gets_two_and_everybody_certain_gets_theirs(
    service: Installation, mailbox: Mailbox, full: bool
):
    people, kills = (50_000, 100) if full else (5_000, 5)
    rng = random.Random(11)
    with service.api("editor") as api:
        audience = given_an_audience(api, people=people)
        experiment = made(api.post("/experiments", json=DESIGN | {"audience_id": audience}))["id"]
        api.post(f"/experiments/{experiment}/launch", json={})
        for number in range(kills):
            reached = people * (number + 1) // (kills + 2)
            wait_until(partial(has, mailbox, reached), seconds=120, what=f"{reached} mails")
            time.sleep(rng.uniform(0, 0.1))
            service.kill()
            service.start()
        progress = wait_until(lambda: finished(api, experiment), seconds=300, what="the end")
        uncertain = api.get(
            f"/experiments/{experiment}/sends", params={"state": "uncertain", "limit": 1000}
        ).json()["items"]
    got = Counter(address for address, _ in mailbox.taken)
    said = {name: progress[name] for name in ("sent", "uncertain", "failed")}
    print(
        f"F2: killed {kills} times in {people}: {said}, {len(uncertain)} listed, {len(got)} got it"
    )

    assert max(got.values()) == 1
    assert progress["sent"] + progress["uncertain"] == people
    assert progress["uncertain"] <= _RESERVED * kills
    assert len(uncertain) == progress["uncertain"]
    assert people - progress["uncertain"] <= len(got) <= people


def has(mailbox: Mailbox, count: int) -> bool:
    return len(mailbox.taken) >= count
