"""A mailbox over IMAP, at a real socket: each mail once, whatever breaks between."""

from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlmodel import select

from app.delivery.inbox import collecting, hearing
from app.delivery.inbox.collecting import Collector
from app.delivery.inbox.imap import Account
from app.delivery.models import MailboxPlace, State, WrittenBack
from app.ops import doctor
from app.platform.config import BadSettings
from app.platform.db import Database
from app.platform.duties import Attempts
from app.platform.errors import Unavailable
from app.platform.put_off import PutOff
from tests.delivery import scenes
from tests.delivery.inbox.imap_server import Folder, Place, serving
from tests.delivery.inbox.mails import BOUNCES, letter, report
from tests.delivery.inbox.test_answers import REPLIES, address, released
from tests.delivery.scenes import KEYS, NOW

HOUR = timedelta(hours=1)


def collector(database: Database, url: str) -> Collector:
    settings = scenes.SETTINGS.model_copy(update={"mailbox": url, "mail_replies": REPLIES})
    return Collector(database, settings, KEYS)


@pytest.fixture(autouse=True)
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "crt"))


def words(database: Database) -> list[str]:
    with database.read() as session:
        return sorted(row.words for row in session.exec(select(WrittenBack)).all())


def place(database: Database) -> MailboxPlace:
    with database.read() as session:
        return session.exec(select(MailboxPlace)).one()


@pytest.mark.parametrize("tls", ["tls", "starttls"])
def test_what_lies_there_is_settled_once_and_others_mail_is_left_alone(
    database: Database, tmp_path: Path, tls: str
):
    first, second = released(database, people=2)
    folder = Folder()
    ours = [folder.put(letter(address(first), "Too late.")), folder.put(report(address(second)))]
    folder.put(letter("ann@halvern.example", "Lunch?"))
    with serving(folder, tmp_path, tls) as at:
        mine = collector(database, at.url())
        taken = [mine.collect(NOW + HOUR), mine.collect(NOW + HOUR)]
        more = folder.put(letter(address(first), "And more.", message_id="<2@x>"))
        taken.append(mine.collect(NOW + HOUR))

    assert taken == [3, 0, 1]
    assert words(database) == ["And more.", "Too late."]
    assert scenes.states(database) == [State.SENT, State.BOUNCED]
    assert folder.seen == {*ours, more}
    assert sum("FETCH" in asked for asked in folder.asked) == 4
    with database.read() as session:
        assert {row.at for row in session.exec(select(WrittenBack))} == {NOW + HOUR}  # as it came


@pytest.mark.parametrize("dies_at", ["SELECT", "SEARCH", "FETCH", "STORE", "LOGOUT"])
def test_a_line_that_breaks_loses_nothing_and_counts_nothing_twice(
    database: Database, tmp_path: Path, dies_at: str
):
    ids = released(database, people=3)
    folder = Folder(dies_at=dies_at)
    for number, send_id in enumerate(ids):
        folder.put(letter(address(send_id), f"word {number}"))
    with serving(folder, tmp_path) as at:
        for _ in range(2):
            with suppress(Unavailable):
                collector(database, at.url()).collect(NOW + HOUR)
        folder.dies_at = ""
        collector(database, at.url()).collect(NOW + HOUR)

    assert words(database) == ["word 0", "word 1", "word 2"]
    assert place(database).settled_until == 3


def test_killed_between_settling_and_noting_it_is_settled_once_more(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    [send_id] = released(database)
    folder = Folder()
    folder.put(letter(address(send_id), "Too late."))
    with serving(folder, tmp_path) as at:
        with monkeypatch.context() as while_:
            while_.setattr(Collector, "_keep", killed)
            with pytest.raises(KeyboardInterrupt):
                collector(database, at.url()).collect(NOW + HOUR)
        collector(database, at.url()).collect(NOW + 2 * HOUR)

    assert words(database) == ["Too late."]
    assert place(database).settled_until == 1


def test_numbers_that_begin_anew_are_read_from_their_beginning(database: Database, tmp_path: Path):
    first, second = released(database, people=2)
    folder = Folder()
    folder.put(letter(address(first), "one"))
    with serving(folder, tmp_path) as at:
        collector(database, at.url()).collect(NOW + HOUR)
        folder.validity, folder.mails, folder.next_number = 8, {}, 1
        folder.put(letter(address(first), "one"))
        folder.put(letter(address(second), "two"))
        collector(database, at.url()).collect(NOW + HOUR)

    assert words(database) == ["one", "two"]
    assert (place(database).validity, place(database).settled_until) == (8, 2)


def test_one_that_cannot_be_settled_is_tried_again_beside_what_is_new(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    first, second = released(database, people=2)
    folder = Folder()
    folder.put(letter(address(first), "hard"))
    folder.put(letter(address(second), "easy"))
    hear = hearing.hear

    def refuses(database: Database, brought: hearing.Brought, **more: object) -> hearing.Heard:
        if b"hard" in brought.raw:
            raise LookupError("hard")
        return hear(database, brought, **more)  # type: ignore[arg-type]  # handed on

    with serving(folder, tmp_path) as at:
        with monkeypatch.context() as while_:
            while_.setattr(hearing, "hear", refuses)
            collector(database, at.url()).collect(NOW + HOUR)
        before, again = words(database), list(place(database).again)
        collector(database, at.url()).collect(NOW + HOUR)

    assert (before, again) == (["easy"], [1])
    assert words(database) == ["easy", "hard"]
    assert place(database).again == []


def test_a_long_list_is_read_in_rounds_and_old_numbers_in_spans(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(collecting, "_AT_ONCE", 2)
    folder = Folder(next_number=25_000)
    for number in range(5):
        folder.put(letter("ann@halvern.example", str(number)))
    with serving(folder, tmp_path) as at:
        mine = collector(database, at.url())
        taken = [mine.collect(NOW) for _ in range(4)]

    assert taken == [2, 2, 1, 0]
    assert place(database).settled_until == 25_004
    spans = [asked.split()[3] for asked in folder.asked if "SEARCH" in asked]
    assert spans[:3] == ["1:10000", "10001:20000", "20001:25004"]


def test_while_the_server_is_away_it_waits_longer_each_time_and_says_why(
    database: Database, tmp_path: Path
):
    mine = collector(database, Place(9, "tls").url())  # nobody listens there
    attempts, duty = Attempts(database), mine.duty()
    now, tries = NOW, []
    for _ in range(80):
        before = mine.rested
        attempts.round(duty, now)
        if mine.rested != before:
            tries.append(now)
        now += timedelta(seconds=30)
    with database.read() as session:
        row = session.exec(select(PutOff)).one()
    waits = [(after - at).total_seconds() for at, after in pairwise(tries)]

    assert waits == sorted(waits)
    assert waits[-1] >= 900
    assert row.reason.startswith("The mailbox at 127.0.0.1 does not answer")


@pytest.mark.parametrize(
    ("password", "folder", "plain", "said"),
    [
        ("wrong", "INBOX", True, "does not let us in: look at THINSLICE_MAILBOX."),
        ("wrong", "INBOX", False, "does not let us in: look at THINSLICE_MAILBOX."),
        ("p%2Fw%C3%B6rd", "Nowhere", True, "has no folder Nowhere."),
        ("plain", "INBOX", False, ""),
    ],
)
def test_what_is_wrong_is_said_without_the_password(
    tmp_path: Path, password: str, folder: str, plain: bool, said: str
):
    with serving(Folder(plain=plain), tmp_path) as at:
        settings = scenes.SETTINGS.model_copy(update={"mailbox": at.url(password, folder)})
        try:
            told = collecting.look(settings)
        except Unavailable as error:
            told = str(error)

    assert told.endswith(said or "answers")
    assert "p/w" not in told
    assert "wrong" not in told


def test_a_server_that_is_not_who_it_says_gets_no_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = Folder()
    with serving(folder, tmp_path) as at:
        monkeypatch.delenv("SSL_CERT_FILE")
        settings = scenes.SETTINGS.model_copy(update={"mailbox": at.url()})
        with pytest.raises(Unavailable, match="certificate cannot be trusted"):
            collecting.look(settings)

    assert folder.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "pop://a:b@mail.example", "imap://mail.example", "imap://a:b@mail.example?tls=maybe",
        "imap://a:b@mail.example?tls=none", "imap://a:b@mail.example:x", "imap://a:b@[::",
        "imap://a:b@mail.example?folder=Zurück",
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_used_is_refused(url: str):
    with pytest.raises(BadSettings, match="THINSLICE_MAILBOX"):
        Account.read(url)


def test_bounces_are_told_of_in_doctor(house, tmp_path: Path):
    def found(**settings: str) -> tuple[bool, str]:
        changed = house.settings.model_copy(update=settings)
        (one,) = [one for one in doctor.look(changed) if one.subject == "mail that comes back"]
        return one.fine, one.sentence

    with serving(Folder(), tmp_path) as at:
        answers = found(mailbox=at.url(), bounce_address=BOUNCES, mail_replies=REPLIES)
        wrong = found(mailbox=at.url("wrong"), bounce_address=BOUNCES)

    unset = found()

    assert (unset[0], unset[1].partition(":")[0]) == (True, "not set")
    assert answers[0]
    assert answers[1].split("; ") == [
        f"bounces to {BOUNCES}, answers to {REPLIES}",
        "the mailbox at 127.0.0.1 answers",
        "nothing has come back yet",
    ]
    assert not wrong[0]
    assert wrong[1].endswith("does not let us in: look at THINSLICE_MAILBOX.")
