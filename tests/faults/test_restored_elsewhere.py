"""F18: backups under clicks and sends, restored elsewhere: totals equal, nobody mailed again.

Who saw it wrote it down: the customers each of their clicks, by a mark of its own, and the mail
server each mail. The rows of what was restored are held against that.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx
from sqlalchemy import text

from tests.conftest import KINDS
from tests.faults.scenes import Slowly, launched, received
from tests.faults.test_killed_while_sending import has
from tests.journeys.test_by_api import finished, given_an_audience
from tests.ops.backups import empty_url, opened
from tests.postgres import Server
from tests.serve import BROWSER, Installation, Mailbox, links_in, message_id_of, wait_until

_CUSTOMERS = 4
_PAUSE = 0.08  # seconds between their clicks: past 100 a minute a mail's clicks are only counted
_SLOWLY = 0.03  # seconds a mail takes, so that a send lasts


@dataclass
class Customers:
    """People who click, and write down which of their clicks were begun and which answered."""

    links: list[str]
    begun: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)
    over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def clicking(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._click, args=(one,)) for one in range(_CUSTOMERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.over.set()
            for thread in threads:
                thread.join()

    def _click(self, who: int) -> None:
        rng = random.Random(who)
        with httpx.Client(timeout=30) as client:
            number = 0
            while not self.over.is_set():
                number += 1
                mark = f"{BROWSER} n/{who}.{number}"
                self.begun.add(mark)
                answer = client.get(rng.choice(self.links), headers={"User-Agent": mark})
                assert answer.status_code == httpx.codes.FOUND
                self.answered.add(mark)
                time.sleep(_PAUSE)


@dataclass(frozen=True)
class Taken:
    """A backup, with what was certain when it began and what was possible when it ended."""

    file: Path
    answered: set[str]
    begun: set[str]
    mailed: set[str]
    perhaps_mailed: set[str]


def taken(service: Installation, mailbox: Mailbox, customers: Customers, file: Path) -> Taken:
    answered, mailed = set(customers.answered), set(received(mailbox))
    done = service.command("backup", str(file))
    assert done.returncode == 0, done.stderr
    return Taken(file, answered, set(customers.begun), mailed, set(received(mailbox)))


def restored(
    taken: Taken, mail: str, folder: Path, kind: str, server: Server, *, number: int
) -> Installation:
    url = empty_url(kind, server, folder / f"{number}")
    (folder / f"{number}").mkdir()
    other = Installation(folder / f"{number}" / "data", url, mail=mail)
    done = other.command("restore", str(taken.file))
    assert done.returncode == 0, done.stderr
    other.start()
    return other


def clicks_of(other: Installation) -> Counter[str]:
    return Counter(_column(other, "SELECT user_agent FROM hit WHERE user_agent LIKE '% n/%'"))


def mails_of(other: Installation) -> dict[str, str]:
    """What the rows say of each address."""
    asked = "SELECT p.email_key || ' ' || s.state FROM send s JOIN person p ON p.id = s.person_id"
    return dict(one.split() for one in _column(other, asked))


def _column(other: Installation, question: str) -> list[str]:
    url = other.database_url or f"sqlite:///{other.data / 'thinslice.db'}"
    with closing(opened(url)) as database, database.read() as session:
        return list(session.scalars(text(question)))


def test_totals_are_equal_and_nothing_is_sent_again(
    service: Installation, mailbox: Mailbox, full: bool, tmp_path: Path, postgres_server: Server
):
    people, backups = (20_000, 6) if full else (1_500, 2)
    with service.api("editor") as api:
        one = launched(api, given_an_audience(api, people=40))
        wait_until(partial(finished, api, one), what="the first sending")
        customers = Customers([links_in(mail)[0] for _, mail in mailbox.mails()])
        mailbox.rule = Slowly(_SLOWLY)
        two = launched(api, given_an_audience(api, people=people, at="mill.example"))
        found: list[Taken] = []
        with customers.clicking():
            for number in range(backups):
                share = people * (number + 1) // (backups + 4)
                wait_until(partial(has, mailbox, 40 + share), seconds=900, what="mails")
                found.append(taken(service, mailbox, customers, tmp_path / f"{number}.tar"))
        wait_until(partial(finished, api, two), seconds=600, what="what the first one went on with")
    service.kill()
    before = {message_id_of(raw) for _, raw in mailbox.taken}
    for number, one_taken in enumerate(found):
        kind = KINDS[number % len(KINDS)]
        other = restored(one_taken, service.mail, tmp_path, kind, postgres_server, number=number)
        try:
            check(other, one_taken, mailbox, people=people)
            check_released(other, mailbox, before, number=number)
        finally:
            other.stop()
    print(
        f"F18: {backups} backups under {len(customers.answered)} clicks and {people} sends,"
        f" {[len(one_taken.answered) for one_taken in found]} clicks and"
        f" {[len(one_taken.mailed) for one_taken in found]} mails certain in each: none lost, none"
        " twice, nobody mailed again"
    )

    assert all(one_taken.answered for one_taken in found)
    assert len(mailbox.taken) == 40 + people + 5 * backups


def check(other: Installation, taken: Taken, mailbox: Mailbox, *, people: int) -> None:
    """Whatever was certain is there, once; nothing is that could not be; nothing was sent."""
    sent = len(mailbox.taken)
    wait_until(
        lambda: taken.answered <= set(clicks_of(other)), what="every click that was answered"
    )
    clicks, mails = clicks_of(other), mails_of(other)
    by_state = Counter(mails.values())

    assert max(clicks.values()) == 1
    assert set(clicks) <= taken.begun
    assert sum(by_state.values()) == 40 + people
    assert {one for one, state in mails.items() if state == "sent"} <= taken.perhaps_mailed
    assert taken.mailed <= {one for one, state in mails.items() if state != "queued"}
    assert by_state["queued"] > 0
    assert len(mailbox.taken) == sent
    assert "is held" in httpx.get(f"{other.url}/ready").text


def check_released(other: Installation, mailbox: Mailbox, before: set[str], *, number: int) -> None:
    """It sends what is new, under numbers of its own; of what was there before, nothing."""
    done = other.command("release", "--lost", "--yes")
    assert done.returncode == 0, done.stderr
    sent = len(mailbox.taken)
    with other.api("editor") as api:
        audience = given_an_audience(api, people=5, at=f"new{number}.example")
        wait_until(partial(finished, api, launched(api, audience)), what="what is new")
    new = {message_id_of(raw) for _, raw in mailbox.taken[sent:]}

    assert {to.partition("@")[2] for to, _ in mailbox.taken[sent:]} == {f"new{number}.example"}
    assert len(new) == 5
    assert not new & before
    assert set(mails_of(other).values()) <= {"sent", "uncertain", "queued"}
