"""People unsubscribe at random points of a send (F17): no mail after that but those in flight.

Every other one turns off the kind of mail on their preferences page instead.
"""

import random
import re
import time
from functools import partial

import httpx

from app.experiments.vocabulary import MailKind
from tests.faults.scenes import Slowly, launched
from tests.journeys.test_by_api import finished, given_an_audience
from tests.serve import Installation, Mailbox, wait_until

_IN_FORCE_SECONDS = 1.0  # what is promised of mail that still waits
_RELAY_SECONDS = 0.05  # a mail: fifty reserved ones are under way for two and a half seconds
_UNDER_WAY = 6 * _RELAY_SECONDS  # conversations that stand in line at the relay


def test_no_mail_after_the_answer_but_those_in_flight(
    service: Installation, mailbox: Mailbox, full: bool
):
    people, leaving = (3_000, 600) if full else (240, 60)
    with service.api("editor") as api:
        audience = given_an_audience(api, people=people)
        first = launched(api, audience, name="First")
        wait_until(partial(finished, api, first), what="the first mail")
        ways_out = {to: mail["List-Unsubscribe"].strip("<>") for to, mail in mailbox.mails()}
        leave = random.Random(17).sample(sorted(ways_out), leaving)
        presses = {to: _press(ways_out[to], number % 2 == 1) for number, to in enumerate(leave)}
        relay = mailbox.rule = Slowly(_RELAY_SECONDS)
        second = launched(api, audience, name="Second")
        wait_until(lambda: relay.arrived, what="the first of the second mails")
        answered = _left(presses, seconds=people * _RELAY_SECONDS)
        progress = wait_until(partial(finished, api, second), what="the second mail")
    late = sorted(relay.arrived.get(to, 0) - at for to, at in answered.items())
    after = [f"{one:.2f}" for one in late if one > 0]
    spared = sum(to not in relay.arrived for to in answered)
    print(f"F17: {leaving} left during {people}: {spared} got none, {len(after)} in flight {after}")

    assert late[-1] < _IN_FORCE_SECONDS + _UNDER_WAY
    assert spared > leaving // 4
    assert progress["sent"] == len(relay.arrived) == people - spared
    assert progress["skipped"] + progress["failed"] == spared, (
        progress
    )  # failed: was reserved already


Press = tuple[httpx.URL, dict[str, list[MailKind]] | dict[str, str]]  # where to, and what is sent


def _left(presses: dict[str, Press], *, seconds: float) -> dict[str, float]:
    """Somebody leaves now and then, while the others are mailed; when each had the answer."""
    rng = random.Random(17)
    moments = sorted(rng.uniform(0, 0.9 * seconds) for _ in presses)
    began = time.monotonic()
    answered: dict[str, float] = {}
    for moment, (to, (address, said)) in zip(moments, presses.items(), strict=True):
        time.sleep(max(0.0, began + moment - time.monotonic()))
        posted = httpx.post(address, data=said, timeout=30)
        answered[to] = time.monotonic()
        assert posted.status_code == httpx.codes.OK
    return answered


def _press(way_out: str, turns_off: bool) -> Press:
    """One-click unsubscribing, or the preferences page, looked at before, without this kind."""
    if not turns_off:
        return httpx.URL(way_out), {"List-Unsubscribe": "One-Click"}
    found = re.search(r'href="(/p/[^"]+)"', httpx.get(way_out, timeout=30).text)
    assert found
    kept: list[MailKind] = [kind for kind in MailKind if kind is not MailKind.OTHER]
    return httpx.URL(way_out).join(found[1]), {"kind": kept}
