"""One webhook does not answer (F11): the others get theirs as if it were not there."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from sqlmodel import col, select

from app.outreach import connecting, fanout
from app.outreach.models import Push, State
from app.outreach.push_worker import Pusher
from app.outreach.schemas import WebhookDraft
from app.platform.db import Database
from app.platform.events import Event
from app.platform.outbound import Answer, Unreachable
from tests.moments import NOW
from tests.outreach.conftest import VAULT

_HOST = "127.0.0.1"


class Receiver(ThreadingHTTPServer):
    """Counts what it is sent; closed, it takes a request and says nothing."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__((_HOST, 0), _Handler)
        self.open = threading.Event()
        self.got = 0
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://{_HOST}:{self.server_port}/hook"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        with self.server.lock:
            self.server.got += 1
        self.server.open.wait(600)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """A fault prints its own counts."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.open.set()
            server.shutdown()
            thread.join()


def owe(database: Database, url: str, *, pushes: int) -> str:
    """A webhook, and so much that it is owed, each of another subject."""
    with database.write() as session:
        draft = WebhookDraft(url=url, events=["decision.recorded"])
        row, _ = connecting.add_webhook(
            session, draft, VAULT, allowed_hosts=[_HOST], by="Ann", now=NOW
        )
        for number in range(pushes):
            event = Event(at=NOW, kind=connecting.TEST, subject=f"{row.id}{number}", told_at=NOW)
            session.add(event)
            session.add(fanout.push(row, event, {"text": str(number)}, external={}, now=NOW))
        return row.id


def states(database: Database, connector_id: str) -> Counter[str]:
    with database.read() as session:
        mine = Push.connector_id == connector_id
        return Counter(session.exec(select(col(Push.state)).where(mine)).all())


def test_one_webhook_that_says_nothing_keeps_no_other_waiting(database: Database, full: bool):
    many = 2_000 if full else 60
    with receiving() as slow, receiving() as quick, receiving() as other:
        quick.open.set()
        other.open.set()
        stuck = owe(database, slow.url, pushes=many)
        others = [owe(database, one.url, pushes=many) for one in (quick, other)]
        pusher = Pusher(database, VAULT, allowed_hosts=[_HOST], patience=10)
        held = 0
        while sum(states(database, one)[State.DONE] for one in others) < 2 * many:
            assert pusher.push_due(NOW), "nothing went although something was owed"
            held = max(held, states(database, stuck)[State.SENDING])
        meanwhile = states(database, stuck)[State.DONE]
        slow.open.set()
        later = NOW
        while states(database, stuck)[State.DONE] < many:
            later += timedelta(hours=1)  # what was given up is due again after a pause
            pusher.push_due(later)
    print(f"F11: {2 * many} of {2 * many} to two others while {held} waited for the slow one")

    assert (meanwhile, quick.got, other.got) == (0, many, many)
    assert held == 4
    assert slow.got >= many


def test_those_that_say_nothing_leave_half_of_all_places_to_others(database: Database, full: bool):
    many = 60 if full else 20
    ended, under_way, told = threading.Event(), Counter[str](), Counter[str]()

    def send(_method: str, url: str, **_: object) -> Answer:
        if "silent" not in url:
            told[url] += 1
            return Answer(204, {}, b"")
        under_way[url] += 1
        ended.wait(600)
        under_way[url] -= 1
        raise Unreachable("It did not answer within 20 seconds.")

    for number in range(many):
        owe(database, f"http://{_HOST}/silent/{number}", pushes=5)
    pusher = Pusher(database, VAULT, allowed_hosts=[_HOST], patience=0.5, send=send)
    ended.set()
    while pusher.push_due(NOW):
        """Each of them is asked, and says nothing."""
    ended.clear()
    others = [owe(database, f"http://{_HOST}/quick/{number}", pushes=50) for number in range(2)]
    later = NOW + timedelta(hours=1)
    while sum(states(database, one)[State.DONE] for one in others) < 100:
        assert pusher.push_due(later), "nothing went although something was owed"
    held = under_way.copy()
    ended.set()
    while pusher._under_way:
        pusher.push_due(NOW)  # to the end of what is under way
    print(f"F11: {told.total()} of 100 to two others while {held.total()} waited for {many}")

    assert sorted(told.values()) == [50, 50]
    assert (held.total(), max(held.values())) == (16, 1)
