"""Send what is owed: claim, ask outside of any transaction, keep what came of it.

Each destination has a few places of its own, so that one which is slow keeps no other waiting;
those that did not answer last time have one each, and half of all places at the most. Two workers
never send one push at once. A worker that dies leaves a lease: when it lapses the push
is sent again, with the same `webhook-id`, so that receivers know it.
A push that is stopped frees its lane: the next value goes.
"""

from collections import Counter
from collections.abc import Callable, Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from app.outreach import pushes, retry_schedule, store
from app.outreach.connectors import KINDS
from app.outreach.connectors.ports import Outcome, Parcel, Refused, Request, Verdict, unsaid
from app.outreach.models import Connector, Push, State
from app.platform import meters
from app.platform.db import Database
from app.platform.duties import WHOLE, Duty, Trouble, tried
from app.platform.meters import Meter
from app.platform.outbound import Answer, Forbidden, Outbound, Unreachable
from app.platform.put_off import Work
from app.platform.vault import Vault

Send = Callable[..., Answer]
LEASE = timedelta(minutes=3)  # longer than two requests that time out
ROTATION = timedelta(hours=24)  # how long a webhook's old secret signs, too; chosen by us
_AT_A_TIME, _EACH = 32, 4  # requests under way, in all and to one destination
_TO_SILENT = _AT_A_TIME // 2  # … and to all those together that did not answer last time
_ROUND = 100  # pushes begun before other duties and a new `now` have their turn
_PATIENCE_SECONDS = 1.0  # for what is under way; what takes longer ends while others go on
_SECONDS = 20.0  # the standard asks for 15 to 30
PUSHED = Meter(
    "thinslice_pushes_tried_total",
    "Requests to connected tools, by what came of them.",
    {"outcome": tuple(Verdict)},
)
_BYTES = 100_000  # no answer that we read is larger


@dataclass(frozen=True, slots=True)
class _Claimed:
    push_id: int
    attempt: int
    kind: str
    parcel: Parcel | None
    trouble: str = ""


class Pusher:
    """Pushes for one process."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        *,
        allowed_hosts: Collection[str] = (),
        send: Send | None = None,
        patience: float = _PATIENCE_SECONDS,
    ) -> None:
        self._database = database
        self._patience = patience
        self._threads = ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="push")
        self._under_way: dict[Future[bool], str] = {}  # to which connector each goes
        self._silent: set[str] = set()  # connectors that did not answer last time
        self._vault = vault
        self._allowed_hosts = allowed_hosts
        self._send: Send = send or Outbound().send

    def duty(self) -> Duty:
        """Send a batch of what is due; each push has its own state, tries and reason."""
        return Duty(
            work=Work.PUSH,
            items=lambda session, now: [WHOLE] if pushes.owed_to(session, now=now) else [],
            do=lambda _whole, now: self.push_due(now),
        )

    def push_due(self, now: datetime) -> int:
        """Send what is due until all is tried, or only what is slow is left. How many began."""
        begun = 0
        while begun < _ROUND:
            new = self._begin(now)
            begun += new
            done, _ = wait(self._under_way, self._patience, FIRST_COMPLETED)
            gone = [(one, self._under_way.pop(one)) for one in done]
            for one, connector_id in gone:  # what it came to is written; what could not be is told
                (self._silent.discard if one.result() else self._silent.add)(connector_id)
            if not new and not done:
                break
        return begun

    def _begin(self, now: datetime) -> int:
        """Take what may go wherever there is a place for it."""
        busy = Counter(self._under_way.values())
        with self._database.read() as session:
            owed = [one for one in pushes.owed_to(session, now=now) if self._room(one, busy)]
        if not owed:
            return 0
        begun: list[tuple[str, _Claimed]] = []
        with self._database.write() as session:
            for connector_id in owed:
                room = self._room(connector_id, busy)
                due = pushes.claim(
                    session, connector_id, room=room, now=now, lease_until=now + LEASE
                )
                busy[connector_id] += len(due)
                begun += [(connector_id, self._opened(session, push, now=now)) for push in due]
        for connector_id, claimed in begun:
            self._under_way[self._threads.submit(self._done, claimed, now)] = connector_id
        return len(begun)

    def _room(self, connector_id: str, busy: Counter[str]) -> int:
        """How many more requests may go to a destination beside those that are under way."""
        room = min(_EACH - busy[connector_id], _AT_A_TIME - busy.total())
        if connector_id in self._silent:
            to_silent = sum(busy[one] for one in self._silent)
            room = min(room, 1 - busy[connector_id], _TO_SILENT - to_silent)
        return max(0, room)

    def _done(self, claimed: _Claimed, now: datetime) -> bool:
        """Try one, and keep what came of it; whether anybody answered."""
        outcome = self._tried(claimed)
        with self._database.write() as session:
            _settle(session, claimed, outcome, now=now)
        meters.count(PUSHED, outcome.verdict)
        return outcome.verdict is not Verdict.RETRY or outcome.status is not None

    def _opened(self, session: Session, push: Push, *, now: datetime) -> _Claimed:
        assert push.id is not None
        row = session.get(Connector, push.connector_id)
        if row is None or row.disabled_at is not None:
            why = "The connector was removed or disabled before this could be sent."
            return _Claimed(push.id, push.attempts, "", None, why)
        number, kind = push.id, row.kind
        parcel = tried(lambda: parcel_of(push, row, self._vault, now=now), what=Work.PUSH)
        if isinstance(parcel, Trouble):
            return _Claimed(number, push.attempts, kind, None, parcel.sentence)
        return _Claimed(number, push.attempts, kind, parcel)

    def _tried(self, claimed: _Claimed) -> Outcome:
        if claimed.parcel is None:
            return Outcome(Verdict.STOP, claimed.trouble)
        parcel = claimed.parcel
        came = tried(lambda: deliver(claimed.kind, parcel, self._ask), what=Work.PUSH)
        return Outcome(Verdict.RETRY, came.sentence) if isinstance(came, Trouble) else came

    def _ask(self, request: Request) -> Answer:
        return self._send(
            request.method,
            request.url,
            headers=request.headers,
            content=request.content,
            timeout_seconds=_SECONDS,
            allowed_hosts=self._allowed_hosts,
            max_bytes=_BYTES,
        )


def deliver(kind: str, parcel: Parcel, ask: Callable[[Request], Answer]) -> Outcome:
    """One push to its end: what must be read first, the push, and what the answer means."""
    connector = KINDS[kind]
    try:
        look = connector.look(parcel)
        looked = ask(look) if look else None
        if looked is not None and not 200 <= looked.status < 300:
            return connector.read(unsaid(looked, parcel), parcel)
        answer = ask(connector.write(parcel, looked))
        return connector.read(unsaid(answer, parcel), parcel)
    except Unreachable as error:
        return Outcome(Verdict.RETRY, f"{error} It is tried again.")
    except (Refused, Forbidden) as error:
        return Outcome(Verdict.STOP, str(error))


def parcel_of(push: Push, row: Connector, vault: Vault, *, now: datetime) -> Parcel:
    """Everything a connector needs, its secrets open. Raises Sealed."""
    rotating = row.old_secrets and row.rotated_at and now < row.rotated_at + ROTATION
    external: dict[str, Any] = push.external
    return Parcel(
        event_id=push.event_id,
        kind=push.kind,
        subject=push.subject,
        happened_at=push.happened_at,
        facts=push.facts,
        external=external,
        settings=row.settings,
        secrets=vault.open(row.secrets, owner=row.id),
        old_secrets=vault.open(row.old_secrets, owner=row.id)
        if rotating and row.old_secrets
        else None,
        now=now,
    )


def _settle(session: Session, claimed: _Claimed, outcome: Outcome, *, now: datetime) -> None:
    """Keep what came of a try; nothing, where the lease lapsed and somebody else has it."""
    push = pushes.held(session, claimed.push_id, attempt=claimed.attempt)
    if push is None:
        return
    push.lease_until, push.last_status = None, outcome.status
    push.last_error = outcome.sentence or None
    again = None
    if outcome.verdict is Verdict.RETRY:
        again = retry_schedule.next_try(push.attempts, now=now, asked_seconds=outcome.wait_seconds)
    if again is not None:
        push.state, push.due_at = State.WAITING, again
    else:
        push.state = State.DONE if outcome.verdict is Verdict.DONE else State.STOPPED
        push.done_at = now
    session.add(push)
    session.flush()
    if outcome.verdict is Verdict.DISABLE:
        disable(session, push.connector_id, why=outcome.sentence, now=now)


def disable(session: Session, connector_id: str, *, why: str, now: datetime) -> None:
    """Tell it nothing further; what it is still owed stops, and can be replayed once it is back."""
    row = store.connector_of(session, connector_id)
    row.disabled_at, row.disabled_reason = now, why
    session.add(row)
    pushes.stop_all(session, connector_id, why=why, now=now)
