"""What becomes of a send: the same end, in whatever order and however often things come back."""

import asyncio
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import pytest
from sqlmodel import Session, select

from app.audience.models import Suppression
from app.delivery.inbox import came_back, hearing, store
from app.delivery.inbox.hearing import Brought
from app.delivery.inbox.reading import CameBack, What
from app.delivery.models import CameBackRow, Send, State
from app.delivery.settling import TALLIED
from app.experiments.models import Experiment, Status
from app.links import return_address
from app.links.keyring import Keyring, Kind
from app.platform.config import Settings
from app.platform.db import Database
from app.tally import store as tally
from app.tally.models import Counter, Outcome
from tests.delivery import scenes
from tests.delivery.inbox.mails import BOUNCES, complaint, letter, report
from tests.delivery.scenes import KEYS, NOW
from tests.delivery.servers import Mailbox, serving
from tests.kept import differences
from tests.outcomes import keep
from tests.recount import Rows

_SAID = {
    What.GONE: "550 5.1.1 no such user",
    What.FULL: "552 5.2.2 over quota",
    What.REFUSED: "550 5.7.1 not wanted",
    What.COMPLAINT: "Somebody marked it as spam.",
    What.AUTO_REPLY: "An automatic answer.",
    What.REPLY: "A reply.",
}
_RETURNED = {What.GONE, What.FULL, What.REFUSED}


def _end(began: State, said: tuple[What, ...]) -> State:
    """A small model: what the end is, of whatever was said, in no order."""
    if What.GONE in said:
        return State.BOUNCED
    if began is State.FAILED:
        return State.FAILED
    if _RETURNED & set(said):
        return State.FAILED
    return State.SENT


def given(database: Database, state: State = State.SENT) -> int:
    """One person's send, as its sender left it."""
    scenes.launched(database, people=1)
    [send] = scenes.sends(database)
    with database.write() as session:
        _leave(session, send.id, state)
    return send.id


def _leave(session: Session, send_id: int, state: State) -> None:
    _leave_all(session, [session.get_one(Send, send_id)], state)


def _leave_all(session: Session, sends: Sequence[Send], state: State) -> None:
    for send in sends:
        send.state, send.released_at = state, NOW
        send.settled_at = None if state is State.SENDING else NOW
        send.accepted_at = NOW if state is State.SENT else None
    outcomes = [
        Outcome(
            send_id=send.id,
            experiment_id=send.experiment_id,
            arm=send.arm,
            released_at=NOW,
            closes_at=NOW,
        )
        for send in sends
    ]
    keep(session, outcomes)
    if state is not State.SENDING:
        tally.change(session, {send.id: TALLIED[state] for send in sends})


def hear(database: Database, send_id: int, what: What) -> bool:
    with database.write() as session:
        return came_back.hear(session, send_id, CameBack(what, _SAID[what]), now=NOW)


def _everything(database: Database) -> tuple[object, ...]:
    with database.read() as session:
        send = session.exec(select(Send)).one()
        outcome = session.exec(select(Outcome)).one()
        counters = session.exec(select(Counter)).all()
        return (
            send.state,
            outcome.sent, outcome.failed, outcome.bounced, outcome.uncertain,
            outcome.complained_at,
            sorted(row.reason for row in session.exec(select(Suppression))),
            [(row.sent, row.failed, row.bounced, row.returned, row.complained) for row in counters],
        )  # fmt: skip


_WEIGHTY = (What.GONE, What.FULL, What.COMPLAINT, What.REPLY)
_ORDERS = [
    *((what,) for what in _SAID),
    *permutations(_WEIGHTY, 2),
    *permutations(_WEIGHTY, 3),
    (What.REFUSED, What.FULL),
    (What.AUTO_REPLY, What.GONE, What.REFUSED),
    (What.REFUSED, What.AUTO_REPLY, What.GONE),
]


@pytest.mark.parametrize("began", [State.SENT, State.UNCERTAIN, State.FAILED, State.SENDING])
def test_the_end_is_the_same_in_any_order_and_however_often(database: Database, began: State):
    ends: dict[frozenset[What], set[str]] = {}
    send_id = given(database, began)
    for said in _ORDERS:
        with database.write() as session:
            _anew(session, send_id, began)
            for what in (*said, *said):
                came_back.hear(session, send_id, CameBack(what, _SAID[what]), now=NOW)
            if began is State.SENDING:
                _leaves(session, send_id)
        if began is State.SENDING:
            _follow(database)
        with database.read() as session:
            assert differences(Rows(session)) == []
            assert session.get_one(Send, send_id).state == _end(began, said), said
        ends.setdefault(frozenset(said), set()).add(repr(_everything(database)))

    assert [end for end in ends.values() if len(end) > 1] == []


def _leaves(session: Session, send_id: int) -> None:
    """Its sender writes down that it left: later than the server of the other side has answered."""
    send = session.get_one(Send, send_id)
    send.state, send.accepted_at = State.SENT, NOW
    tally.change(session, {send_id: TALLIED[State.SENT]})


def _anew(session: Session, send_id: int, state: State) -> None:
    for table in (CameBackRow, Suppression, Counter, Outcome):
        for row in session.exec(select(table)).all():
            session.delete(row)
    session.flush()
    _leave(session, send_id, state)


def _follow(database: Database) -> None:
    duty = came_back.duty(database)
    with database.read() as session:
        items = list(duty.items(session, NOW))
    for item in items:
        duty.do(item, NOW)


def test_a_bounce_that_is_faster_than_its_sender_is_not_lost(database: Database):
    send_id = given(database, State.SENDING)
    heard = hear(database, send_id, What.GONE)
    with database.read() as session:
        waits = store.are_waiting(session)
        suppressed = session.exec(select(Suppression)).all()

    assert heard
    assert waits
    assert [row.reason for row in suppressed] == ["bounced"]  # at once


def test_a_hard_bounce_is_no_delivery_and_no_more_mail(database: Database):
    send_id = given(database)
    hear(database, send_id, What.GONE)

    assert _everything(database) == (
        "bounced", True, False, True, False, None, ["bounced"], [(1, 0, 1, 1, 0)]
    )  # fmt: skip


def test_a_refusal_of_policy_is_no_delivery_and_suppresses_nobody(database: Database):
    send_id = given(database)
    hear(database, send_id, What.REFUSED)

    assert _everything(database) == (
        "failed", True, True, False, False, None, [], [(1, 1, 0, 1, 0)]
    )  # fmt: skip


def test_a_complaint_counts_and_stops_further_mail(database: Database):
    send_id = given(database)
    hear(database, send_id, What.COMPLAINT)

    assert _everything(database) == (
        "sent", True, False, False, False, NOW, ["complained"], [(1, 0, 0, 0, 1)]
    )  # fmt: skip


@pytest.mark.parametrize("state", [State.HELD, State.SKIPPED])
def test_nothing_comes_back_of_a_mail_that_never_left(database: Database, state: State):
    scenes.launched(database, people=1)
    [send] = scenes.sends(database)
    with database.write() as session:
        session.get_one(Send, send.id).state = state

    assert not hear(database, send.id, What.GONE)
    assert scenes.states(database) == [state]


def test_the_same_event_a_thousand_times_is_one(database: Database):
    send_id = given(database)
    gone, new = CameBack(What.GONE, _SAID[What.GONE]), []
    for _ in range(10):
        with database.write() as session:
            new += [came_back.hear(session, send_id, gone, now=NOW) for _ in range(100)]
    with database.read() as session:
        rows = session.exec(select(CameBackRow)).all()

    assert (new.count(True), len(rows)) == (1, 1)


def test_whoever_writes_to_an_address_for_ever_fills_nothing(database: Database):
    send_id = given(database)
    with database.write() as session:
        for number in range(100):
            said = CameBack(What.REFUSED, f"554 5.7.{number}")
            came_back.hear(session, send_id, said, now=NOW)
        rows = session.exec(select(CameBackRow)).all()

    assert len(rows) == store.MOST_OF_A_SEND


def test_three_of_a_thousand_who_call_it_spam_pause_it(database: Database):
    experiment_id = scenes.launched(database, people=600)
    with database.write() as session:
        _leave_all(session, session.exec(select(Send)).all(), State.SENT)
    ids = [send.id for send in scenes.sends(database)]
    status = []
    for send_id in ids[:3]:
        hear(database, send_id, What.COMPLAINT)
        with database.read() as session:
            status.append(session.get_one(Experiment, experiment_id).status)
            reason = session.get_one(Experiment, experiment_id).paused_reason

    assert status == [Status.RUNNING, Status.RUNNING, Status.PAUSED]
    assert reason is not None
    assert "3 of 600 people marked it as spam" in reason


def test_five_in_a_hundred_that_come_back_pause_it(database: Database):
    experiment_id = scenes.launched(database, people=100)
    with database.write() as session:
        _leave_all(session, session.exec(select(Send)).all(), State.SENT)
    for send in scenes.sends(database)[:5]:
        hear(database, send.id, What.GONE)
    with database.read() as session:
        experiment = session.get_one(Experiment, experiment_id)

    assert experiment.status == Status.PAUSED
    assert "5 of 100 addresses do not exist" in str(experiment.paused_reason)


@pytest.mark.parametrize("before", [What.COMPLAINT, What.GONE])
def test_whoever_resumed_is_paused_again_by_more_of_the_same_only(database: Database, before: What):
    experiment_id = scenes.launched(database, people=600)
    with database.write() as session:
        _leave_all(session, session.exec(select(Send)).all(), State.SENT)
    first, *others = (send.id for send in scenes.sends(database))
    for send_id in others[:40]:
        hear(database, send_id, before)
    status = []
    for what in (What.AUTO_REPLY, What.REPLY, What.REFUSED, What.FULL, before):
        with database.write() as session:
            session.get_one(Experiment, experiment_id).status = Status.RUNNING
        hear(database, first, what)
        with database.read() as session:
            status.append(session.get_one(Experiment, experiment_id).status)

    assert status == [Status.RUNNING] * 4 + [Status.PAUSED]


def address(send_id: int, keys: Keyring = KEYS, kind: Kind = Kind.RETURN) -> str:
    return return_address.with_token(BOUNCES, return_address.sign(send_id, kind, keys))


def take(database: Database, raw: bytes, *to: str) -> hearing.Heard:
    return hearing.hear(database, Brought(raw, to), keyring=KEYS, now=NOW)


_OTHERS = Keyring.of([b"a secret of somebody else, long enough"])


def test_whose_mail_it_is_the_signed_address_says_and_never_the_body(database: Database):
    """Two people; a report to one's address names the other."""
    scenes.launched(database, people=2)
    one, other = scenes.sends(database)
    with database.write() as session:
        for send in (one, other):
            _leave(session, send.id, State.SENT)
    take(database, report(BOUNCES, person="p1@bakery.example"), address(one.id))

    assert scenes.states(database) == [State.BOUNCED, State.SENT]


@pytest.mark.parametrize("where", ["--to", "Delivered-To", "X-Original-To", "Envelope-To", "To"])
def test_the_address_is_taken_from_wherever_a_server_writes_it(database: Database, where: str):
    send_id = given(database)
    signed = address(send_id).upper()
    if where == "--to":
        take(database, report(BOUNCES), signed)
    elif where == "To":
        take(database, report(signed))
    else:
        take(database, f"{where}: {signed}\n".encode() + report(BOUNCES))

    assert scenes.states(database) == [State.BOUNCED]


@pytest.mark.parametrize("make", [report, complaint, letter], ids=["report", "complaint", "letter"])
def test_what_is_forged_changes_nothing(database: Database, make):
    send_id = given(database)
    forged = [
        BOUNCES,
        address(send_id, _OTHERS),
        address(send_id, kind=Kind.UNSUBSCRIBE),
        address(send_id)[:-30] + "@mail.halvern.example",
        address(send_id + 1),
        f"bounces+{send_id}@mail.halvern.example",
        "p0@bakery.example",
    ]
    before = _everything(database)
    for to in forged:
        assert not take(database, make(to), to).is_new
        assert not take(database, make(to)).is_new

    assert _everything(database) == before


def test_where_the_server_says_to_whom_what_the_head_claims_does_not_count(database: Database):
    send_id = given(database)
    heard = take(database, report(address(send_id)), BOUNCES)

    assert (heard.is_new, scenes.states(database)) == (False, [State.SENT])


@pytest.mark.parametrize("where", ["original", "returned"])
def test_a_complaint_is_about_the_mail_that_it_shows(database: Database, where: str):
    send_id = given(database)
    heard = take(database, complaint(**{where: address(send_id)}), "abuse@halvern.example")

    assert heard.said == CameBack(What.COMPLAINT, "Somebody marked it as spam.")
    assert _everything(database)[5] == NOW


def test_every_mail_of_an_experiment_comes_back_to_an_address_of_its_own(
    database: Database, tmp_path: Path
):
    """Composed by the sender, taken by a server, brought back: it is the one that was sent."""
    settings = scenes.SETTINGS.model_copy(update={"bounce_address": BOUNCES})
    returned = _return_paths(database, tmp_path, settings, people=3)

    assert len(set(returned.values())) == 3
    for path in returned.values():
        assert path.partition("+")[0] == "bounces"
        assert take(database, report(path, person="nobody@else.example"), path).is_new
    assert scenes.states(database) == [State.BOUNCED] * 3


def test_without_an_address_for_bounces_they_come_back_to_the_sender(
    database: Database, tmp_path: Path
):
    returned = _return_paths(database, tmp_path, scenes.SETTINGS, people=2)

    assert set(returned.values()) == {"ann@example.com"}


def _return_paths(
    database: Database, folder: Path, settings: Settings, *, people: int
) -> dict[str, str]:
    """What a server was told to return mails to, by recipient."""
    scenes.launched(database, people=people)
    mailbox = Mailbox()

    async def send() -> None:
        async with serving(mailbox) as transport:
            await scenes.run(scenes.sender(database, folder, transport, settings=settings))

    asyncio.run(send())
    return mailbox.returns_to
