"""What a reply means, row by row of the table."""

from datetime import timedelta

import pytest

from app.delivery.replies import Meaning, Reply, Stage, again_at, meaning_of
from tests.delivery.scenes import NOW

TABLE = [
    (250, "2.0.0 queued", Stage.MESSAGE, Meaning.ACCEPTED),
    (421, "4.3.2 going down", Stage.RECIPIENT, Meaning.LATER_ALL),
    (421, "too many", Stage.MESSAGE, Meaning.LATER_ALL),
    (0, "connection refused", Stage.CONNECT, Meaning.LATER_ALL),
    (0, "connection lost", Stage.RECIPIENT, Meaning.LATER_ALL),
    (454, "4.7.0 try later", Stage.LOGIN, Meaning.LATER_ALL),
    (450, "4.2.0 greylisted", Stage.RECIPIENT, Meaning.LATER),
    (451, "4.7.1 greylisted", Stage.RECIPIENT, Meaning.LATER),
    (452, "4.2.2 over quota", Stage.RECIPIENT, Meaning.FULL),
    (450, "4.2.2 mailbox full", Stage.RECIPIENT, Meaning.FULL),
    (550, "5.1.1 no such user", Stage.RECIPIENT, Meaning.NO_SUCH_ADDRESS),
    (550, "no such user", Stage.RECIPIENT, Meaning.NO_SUCH_ADDRESS),
    (550, "5.1.1 no such user", Stage.MESSAGE, Meaning.NO_SUCH_ADDRESS),
    (550, "5.2.2 full for good", Stage.RECIPIENT, Meaning.REFUSED),
    (550, "5.7.1 relay denied", Stage.RECIPIENT, Meaning.POLICY),
    (554, "5.7.1 blocked", Stage.MESSAGE, Meaning.POLICY),
    (550, "5.7.1 not you", Stage.SENDER, Meaning.OUR_FAULT),
    (550, "5.1.8 no such sender", Stage.RECIPIENT, Meaning.OUR_FAULT),
    (451, "4.3.0 busy", Stage.SENDER, Meaning.LIMIT),
    (452, "4.5.3 too many recipients", Stage.RECIPIENT, Meaning.LIMIT),
    (450, "10 mails a minute: rate exceeded", Stage.RECIPIENT, Meaning.LIMIT),
    (450, "4.2.1 this mailbox receives mail at too high a rate", Stage.RECIPIENT, Meaning.LATER),
    (535, "5.7.8 bad password", Stage.LOGIN, Meaning.OUR_FAULT),
    (553, "5.1.8 bad sender", Stage.SENDER, Meaning.OUR_FAULT),
    (552, "5.3.4 too big", Stage.MESSAGE, Meaning.CONTENT),
    (554, "looks like spam", Stage.MESSAGE, Meaning.CONTENT),
    (550, "no thanks", Stage.MESSAGE, Meaning.REFUSED),
    (0, "no reply", Stage.LOST, Meaning.UNCERTAIN),
]


@pytest.mark.parametrize(("code", "text", "stage", "meaning"), TABLE)
def test_a_reply_means(code: int, text: str, stage: Stage, meaning: Meaning):
    assert meaning_of(Reply(code, text, stage)) is meaning


def test_greylisting_comes_back_at_5_15_30_and_60_minutes_then_every_few_hours():
    waits = [
        (at - NOW) / timedelta(minutes=1)
        for deferrals in range(9)
        if (at := again_at(deferrals=deferrals, now=NOW))
    ]

    assert waits == [5, 15, 30, 60, 120, 180, 240, 240, 240]


def test_patience_ends_after_72_hours_of_rests():
    rested = timedelta()
    deferrals = 0
    while (at := again_at(deferrals=deferrals, now=NOW)) is not None:
        rested, deferrals = rested + (at - NOW), deferrals + 1

    assert timedelta(hours=68) < rested <= timedelta(hours=72)
