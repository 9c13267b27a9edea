"""A release gives way to ours, machine by machine, while customers click: none is lost."""

import time
from functools import partial
from pathlib import Path

from tests.faults import balance, released
from tests.faults.customers import Customers
from tests.faults.fleet import Fleet, servers
from tests.faults.test_machines_killed import launched, told_at_rest
from tests.journeys.test_by_api import finished, given_an_audience
from tests.postgres import Server
from tests.serve import OURS, Installation, Mailbox, wait_until

_CUSTOMERS = 3


def test_a_release_gives_way_to_ours_without_a_lost_click(
    postgres_server: Server,
    tmp_path: Path,
    mailbox_and_setting: tuple[Mailbox, str],
    full: bool,
):
    people, rate = (2_000, 600) if full else (150, 300)
    mailbox, mail = mailbox_and_setting
    version, code = released.older_than_ours(tmp_path / "code")
    url = postgres_server.empty()
    with servers(2, tmp_path, url, mail=mail, code=code) as machines:
        first = machines.web[0].at
        given_a_token(first)
        with first.api("editor") as api:
            audience = given_an_audience(api, people=people)
            run = launched(api, audience, rate_per_minute=rate)
        customers = Customers(mailbox, machines.addresses, first.token("editor"))
        with customers.at_work(_CUSTOMERS, seed=people):
            wait_until(lambda: customers.ledger.clicks.sure, what="the first clicks")
            replaced(machines, customers)
            with first.api("editor") as api:
                wait_until(partial(finished, api, run.id), seconds=600, what="the sending")
                wait_until(lambda: customers.ledger.left, what="somebody who leaves")
        said = told_at_rest(machines, run, customers)
        print(f"from {version} to ours: {said.progress['sent']} sent; {customers.ledger}")

    assert customers.ledger.refused == []
    assert said.progress["sent"] == people
    balance.mails_agree(said, mailbox, people)
    balance.hits_agree(said, customers.ledger)
    balance.orders_agree(said, customers.ledger)
    balance.leaving_agrees(said, customers.ledger)
    balance.readout_agrees(said)


def given_a_token(machine: Installation) -> None:
    """Made by the version that runs: it knows its own tables."""
    done = machine.command("token", "add", "tests", "--role", "editor")
    assert done.returncode == 0, done.stderr
    machine.tokens["editor"] = done.stdout.split()[-1]


def replaced(machines: Fleet, customers: Customers) -> None:
    """The database first, by our version; then machine after machine is stopped and started."""
    one = machines.web[0].at
    one.code = OURS
    migrated = one.command("migrate")
    assert migrated.returncode == 0, migrated.stderr
    _clicked_on(customers)
    for machine in machines.web:
        machine.at.stop()
        machine.at.code = OURS
        machine.start()
        _clicked_on(customers)


def _clicked_on(customers: Customers) -> None:
    """Both versions answer beside each other for a while."""
    before = customers.ledger.clicks.sure.total()
    time.sleep(1)
    wait_until(lambda: customers.ledger.clicks.sure.total() > before + 20, what="further clicks")
