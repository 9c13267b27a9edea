"""Two machines answer and two send; each is killed at random, and every total is the ledger's."""

import random
import time
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from app.delivery.pace import MOST
from tests.cast import DESIGN, made
from tests.faults import balance
from tests.faults.balance import Said
from tests.faults.customers import EVENT, Customers
from tests.faults.fleet import Fleet, web_and_workers
from tests.faults.scenes import logged_in
from tests.faults.town import Run
from tests.journeys.test_by_api import finished, given_an_audience
from tests.postgres import Server
from tests.serve import Mailbox, wait_until

_METRIC = {"metric": {"kind": "conversion_rate", "event": EVENT}, "guardrails": []}
_CUSTOMERS = 4


def test_whichever_machines_die_every_total_is_the_ledgers(
    postgres_server: Server,
    tmp_path: Path,
    mailbox_and_setting: tuple[Mailbox, str],
    full: bool,
):
    people, kills, rate = (3_000, 48, 600) if full else (200, 4, 900)
    mailbox, mail = mailbox_and_setting
    with postgres_server.fresh() as url, web_and_workers(tmp_path, url, mail=mail) as machines:
        first = machines.web[0].at
        with first.api("editor") as api:
            audience = given_an_audience(api, people=people)
            run = launched(api, audience, rate_per_minute=rate)
        customers = Customers(mailbox, machines.addresses, first.token("editor"))
        with customers.at_work(_CUSTOMERS, seed=people):
            died = killed_at_random(machines, times=kills, rng=random.Random(kills))
            with first.api("editor") as api:
                wait_until(partial(finished, api, run.id), seconds=600, what="the sending")
                wait_until(lambda: customers.ledger.left, what="somebody who leaves")
        said = told_at_rest(machines, run, customers)
        ledger = customers.ledger
        print(
            f"F12 killed {died}: {said.progress['sent']} of {people} sent,"
            f" {said.progress['uncertain']} uncertain; {ledger}"
        )

    assert ledger.refused == []
    assert ledger.clicks.sure.total() > people
    balance.mails_agree(said, mailbox, people)
    balance.hits_agree(said, ledger)
    balance.orders_agree(said, ledger)
    balance.leaving_agrees(said, ledger)
    balance.readout_agrees(said)
    assert said.progress["uncertain"] <= MOST * (died["worker-1"] + died["worker-2"])


def launched(api: httpx.Client, audience: str, **launch: Any) -> Run:
    """An experiment of everybody in an audience that counts orders, on its way."""
    design = DESIGN | _METRIC | {"audience_id": audience}
    run = Run(made(api.post("/experiments", json=design))["id"], DESIGN["name"])
    answer = api.post(f"/experiments/{run.id}/launch", json=launch)
    assert answer.is_success, answer.text
    return run


def killed_at_random(machines: Fleet, *, times: int, rng: random.Random) -> dict[str, int]:
    """`kill -9` of whole machines at any moment, each started again; how often each died.

    Every one dies once before any dies twice as often.
    """
    died = {one.name: 0 for one in machines.all}
    for number in range(times):
        if number % len(died) == 0:
            bag = rng.sample(machines.all, len(died))
        one = bag.pop()
        time.sleep(rng.uniform(0.2, 1.5))
        one.at.kill()
        died[one.name] += 1
        time.sleep(rng.uniform(0, 0.5))
        one.start()
    return died


def told_at_rest(machines: Fleet, run: Run, customers: Customers) -> Said:
    """What both machines say once everything is read, and pages."""
    said = []
    for one in machines.web:
        with one.at.api("editor") as api:
            wait_until(partial(balance.is_read, api, run.id, customers.ledger), what="all clicks")
            said.append(Said.by(api, run.id))
    with logged_in(machines.web[1].at) as page:
        balance.pages_agree(page, run, said[0])
    assert said[0] == said[1]
    return said[0]
