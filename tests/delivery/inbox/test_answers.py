"""What people write back: kept once with their send, counted once, and from nobody else."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from app.delivery.inbox import hearing, replying, store
from app.delivery.inbox.hearing import Brought
from app.delivery.models import OutboxMail, Send, State, WrittenBack
from app.delivery.settling import TALLIED
from app.delivery.transports.outbox import Outbox
from app.links import return_address
from app.links.keyring import Keyring, Kind
from app.platform import bounded
from app.platform.db import Database
from app.platform.events import Event
from app.tally import store as tally
from app.tally.models import Counter, Outcome
from app.tally.sent import Released
from tests.delivery import scenes
from tests.delivery.inbox.mails import letter
from tests.delivery.scenes import KEYS, NOW
from tests.kept import differences
from tests.recount import Rows

REPLIES = "replies@mail.halvern.example"
HOUR = timedelta(hours=1)
WINDOW = timedelta(hours=72)
_REPLY_RATE = {"kind": "reply_rate", "link": None, "window_hours": 72}


def released(database: Database, *, people: int = 1, **changes: object) -> list[int]:
    """People whose mail has left; the numbers of their sends."""
    scenes.launched(database, people=people, **changes)
    ids = [send.id for send in scenes.sends(database)]
    with database.write() as session:
        for send_id in ids:
            release(session, send_id)
    return ids


def release(session: Session, send_id: int, state: State = State.SENT) -> None:
    send = session.get_one(Send, send_id)
    send.state, send.released_at = state, NOW
    send.settled_at = send.accepted_at = NOW if state is State.SENT else None
    person = Released(
        send_id=send_id, experiment_id=send.experiment_id, arm=send.arm, stratum="",
        released_at=NOW, closes_at=NOW + WINDOW,
    )  # fmt: skip
    tally.release(session, [person])
    if state is State.SENT:
        tally.change(session, {send_id: TALLIED[State.SENT]})


def address(send_id: int, keys: Keyring = KEYS, kind: Kind = Kind.REPLY) -> str:
    return return_address.with_token(REPLIES, return_address.sign(send_id, kind, keys))


def take(
    database: Database, raw: bytes, *to: str, at: timedelta = HOUR, by: str | None = None
) -> hearing.Heard:
    return hearing.hear(
        database,
        Brought(raw, to, by=by),
        keyring=KEYS,
        now=NOW + at,
        ours=("ann@example.com",),
    )


def kept(database: Database) -> Sequence[WrittenBack]:
    with database.read() as session:
        assert differences(Rows(session)) == []
        return session.exec(select(WrittenBack).order_by(col(WrittenBack.at))).all()


def outcome(database: Database) -> Outcome:
    with database.read() as session:
        return session.exec(select(Outcome)).one()


def test_an_answer_is_kept_with_its_send_and_counts_once(database: Database):
    [send_id] = released(database, metric=_REPLY_RATE)
    heard = take(database, letter(address(send_id), "Thank you!\n\nToo late."), address(send_id))
    again = take(database, letter(address(send_id), "And more.", message_id="<2@x>"), at=2 * HOUR)
    rows, seen = kept(database), outcome(database)
    with database.read() as session:
        counter = session.exec(select(Counter)).one()
        told = session.exec(select(Event).where(Event.kind == replying.REPLIED)).all()

    assert heard.sentence == "An answer that somebody wrote: it is kept with their mail."
    assert again.is_new
    assert [row.words for row in rows] == ["Thank you!\n\nToo late.", "And more."]
    assert {row.send_id for row in rows} == {send_id}
    assert (seen.replied_at, seen.did_at) == (NOW + HOUR, NOW + HOUR)
    assert (counter.replied, counter.did) == (1, 1)
    assert [event.facts for event in told] == [{"reply_id": row.id} for row in rows]


def test_what_counts_otherwise_is_not_moved_by_answers(database: Database):
    [send_id] = released(database)
    take(database, letter(address(send_id)))

    assert (outcome(database).replied_at, outcome(database).did_at) == (NOW + HOUR, None)


@pytest.mark.parametrize("number", ["<1@x>", ""], ids=["with a number", "without"])
def test_the_same_answer_by_any_door_is_one(database: Database, number: str):
    [send_id] = released(database)
    given = {"message_id": number} if number else {}
    raw = letter(address(send_id), **given)
    doors = [
        take(database, raw, address(send_id)),
        take(database, raw),
        take(database, b"Received: by another door\n" + raw, address(send_id).upper()),
        take(database, raw, address(send_id), at=3 * HOUR),
    ]

    assert [heard.is_new for heard in doors] == [True, False, False, False]
    assert len(kept(database)) == 1
    assert outcome(database).replied_at == NOW + HOUR


_BY_ITSELF = [
    {"auto_submitted": "auto-replied"},
    {"auto_submitted": "auto-generated (vacation)"},
    {"precedence": "bulk"},
    {"x_autoreply": "yes"},
    {"x_autorespond": "gone"},
    {"x_auto_response_suppress": "All"},
    {"x_vacation": "yes"},
    {"return_path": "<>"},
]
_AWAY = ["Out of office: Re: 61", "Automatic reply: 61", "Automatische Antwort: 61", "Autosvar: 61"]


def test_what_a_program_answers_is_no_answer(database: Database):
    [send_id] = released(database, metric=_REPLY_RATE)
    to, plain = address(send_id), letter(address(send_id))
    by_itself = [letter(to, **headers) for headers in _BY_ITSELF]
    by_itself += [plain.replace(b"Re: 412 EUR", subject.encode()) for subject in _AWAY]
    for raw in by_itself:
        take(database, raw, to)
    take(database, plain, to, by="")

    assert list(kept(database)) == []
    assert outcome(database).replied_at is None


def test_what_is_forged_keeps_nothing(database: Database):
    others = Keyring.of([b"a secret of somebody else, long enough"])
    [send_id] = released(database)
    forged = [
        REPLIES,
        address(send_id, others),
        address(send_id, kind=Kind.UNSUBSCRIBE),
        address(send_id + 1),
        address(send_id)[:-40] + "@mail.halvern.example",
        f"replies+{send_id}@mail.halvern.example",
    ]
    for to in forged:
        take(database, letter(to), to)
        take(database, letter(to))
    take(database, letter(address(send_id)), REPLIES)  # its head claims more than its server says

    assert list(kept(database)) == []


@pytest.mark.parametrize(
    ("at", "counts"),
    [
        (timedelta(0), True),
        (WINDOW - timedelta(seconds=1), True),
        (WINDOW, False),
        (2 * WINDOW, False),
        (-timedelta(seconds=1), False),
    ],
    ids=["at once", "the last second", "too late", "much too late", "a clock that went back"],
)
def test_an_answer_counts_while_its_window_is_open_and_is_kept_anyway(
    database: Database, at: timedelta, counts: bool
):
    [send_id] = released(database, metric=_REPLY_RATE)
    take(database, letter(address(send_id)), at=at)

    assert len(kept(database)) == 1
    assert (outcome(database).did_at is not None) is counts


def test_an_answer_that_is_faster_than_its_sender_counts_once_that_has_written(database: Database):
    scenes.launched(database, people=1, metric=_REPLY_RATE)
    [send] = scenes.sends(database)
    with database.write() as session:
        release(session, send.id, State.SENDING)
    take(database, letter(address(send.id)))
    before = outcome(database).did_at
    with database.write() as session:
        session.get_one(Send, send.id).state = State.SENT
    with database.write() as session:
        session.get_one(Send, send.id).accepted_at = NOW
        tally.change(session, {send.id: TALLIED[State.SENT]})
    from app.delivery.inbox import came_back

    came_back.duty(database).do(str(send.id), NOW + 2 * HOUR)

    assert before is None
    assert len(kept(database)) == 1
    assert outcome(database).did_at == NOW + HOUR


def test_an_answer_says_that_an_uncertain_mail_arrived(database: Database):
    [send_id] = released(database)
    with database.write() as session:
        send = session.get_one(Send, send_id)
        send.state, send.accepted_at = State.UNCERTAIN, None
        tally.change(session, {send_id: {"sent": False, "uncertain": True}})
    take(database, letter(address(send_id)))

    assert scenes.states(database) == [State.SENT]
    assert len(kept(database)) == 1


def test_whoever_writes_for_ever_fills_nothing(database: Database):
    [send_id] = released(database)
    for number in range(store.MOST_OF_A_SEND + 5):
        take(database, letter(address(send_id), f"{number}", message_id=f"<{number}@x>"))

    assert len(kept(database)) == store.MOST_OF_A_SEND


def test_words_for_whoever_may_not_know_who_wrote(database: Database):
    [send_id] = released(database)
    text = "Call me: +47 912 34 567 or p0@bakery.example.\n61 of 2026 is 3.5 %.\nYours, baker Ann"
    raw = letter(address(send_id), text).replace(b"p0@bakery.example\nTo", b"Ann <a@b.example>\nTo")
    take(database, raw)
    [row] = kept(database)

    assert row.words == text
    assert row.nameless == (
        "Call me: (number) or (address).\n61 of 2026 is 3.5 %.\nYours, (name) (name)"
    )
    assert row.is_from_elsewhere


def test_a_mail_that_cannot_be_read_is_an_answer_all_the_same(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    def slow(*_: object) -> None:
        raise bounded.OverLimit("too slow")

    [send_id] = released(database, metric=_REPLY_RATE)
    monkeypatch.setattr(bounded, "ask", slow)
    take(database, letter(address(send_id)))
    [row] = kept(database)

    assert (row.is_unread, row.words) == (True, "")
    assert outcome(database).did_at is not None


def test_ten_megabytes_are_read_as_far_as_anybody_reads_them(database: Database):
    [send_id] = released(database)
    take(database, letter(address(send_id), "Thank you.\n" + "word " * 2_000_000), address(send_id))
    [row] = kept(database)

    assert row.is_cut
    assert row.words.startswith("Thank you.")


def test_every_mail_has_an_address_of_its_own_to_answer_to(database: Database, tmp_path: Path):
    """Composed by the sender, kept in the outbox, answered: it is the one that was sent."""
    settings = scenes.SETTINGS.model_copy(update={"mail_replies": REPLIES})
    scenes.launched(database, people=2, sender={"from_name": "Halvern", "reply_to": "x@y.example"})
    sender = scenes.sender(database, tmp_path, Outbox(database), settings=settings)
    asyncio.run(scenes.run(sender))
    with database.read() as session:
        mails = session.exec(select(OutboxMail)).all()
    heads = [message_from_bytes(one.raw, policy=policy.default) for one in mails]
    signed = {
        one.send_id: head["Reply-To"].addresses[0] for one, head in zip(mails, heads, strict=True)
    }
    for one in signed.values():
        take(database, letter(one.addr_spec), one.addr_spec)

    assert len({one.addr_spec for one in signed.values()}) == 2
    assert {one.display_name for one in signed.values()} == {"Halvern"}
    assert {row.send_id for row in kept(database)} == set(signed)
    assert all(head.get_all("Reply-To") == [head["Reply-To"]] for head in heads)


def test_without_an_address_for_answers_they_go_where_the_author_says(
    database: Database, tmp_path: Path
):
    scenes.launched(database, people=1, sender={"from_name": "", "reply_to": "x@y.example"})
    asyncio.run(scenes.run(scenes.sender(database, tmp_path, Outbox(database))))
    with database.read() as session:
        [mail] = session.exec(select(OutboxMail)).all()

    assert message_from_bytes(mail.raw)["Reply-To"] == "x@y.example"
