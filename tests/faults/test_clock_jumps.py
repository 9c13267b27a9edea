"""The clock jumps by an hour and a day, there and back (F6): no negative age, nothing twice."""

import re
from collections import Counter
from datetime import timedelta
from functools import partial

from tests.faults.scenes import Slowly, launched, logged_in
from tests.faults.test_killed_under_clicks import counted_hits
from tests.journeys.test_by_api import finished, given_an_audience
from tests.moments import NOW
from tests.serve import Installation, Mailbox, click, links_in, wait_until

_HOUR, _DAY, _BACK = timedelta(hours=1), timedelta(days=1), timedelta()
_JUMPS = (_HOUR, _BACK, _DAY, _HOUR, _DAY + _HOUR)  # from the start on
_UNITS = "s|sec|m|min|h|d|seconds?|minutes?|hours?|days?"
_NEGATIVE = re.compile(
    rf"(?<![\w.–-])[-−]\d+(\.\d+)? ?({_UNITS})\b|\"\w*(age|lag|seconds)\w*\": ?-", re.IGNORECASE
)
_TO = "ann@halvern.example"
_DUE = "wednesday 09:30"  # half an hour after the start, and every week


def test_a_clock_that_jumps_does_nothing_twice_and_tells_no_negative_age(
    service: Installation, mailbox: Mailbox, full: bool
):
    people = 1_000 if full else 200
    mailbox.rule = Slowly(0.1)
    clicks, counted = 0, 0
    told: list[str] = []
    with service.api("admin") as api:
        set_up = api.put("/digest", json={"recipients": [_TO], "sends_at": _DUE})
        assert set_up.status_code == 200, set_up.text
        experiment = launched(api, given_an_audience(api, people=people))
        wait_until(lambda: len(mailbox.taken) > 15, what="the first mails")
    for jump in _JUMPS:
        service.stop()
        service.at = NOW + jump
        service.start()
        with service.api("admin") as api:
            clicks += sum(click(link).status_code == 302 for link in _links(mailbox)[:5])
            told += _told(service, experiment)
            enough = partial(counted_hits, api, experiment, at_least=clicks)
            counted = wait_until(enough, what=f"{clicks} clicks") or 0
    with service.api("admin") as api:
        progress = wait_until(partial(finished, api, experiment), what="the sending")
        wait_until(lambda: _digests(mailbox), what="the digest")
    got = Counter(to for to, _ in mailbox.taken if to != _TO)
    negative = [found[0] for page in told for found in _NEGATIVE.finditer(page)]
    counts = f"{len(got)} of {people} mailed, {_digests(mailbox)} digest, {clicks} clicks"
    print(f"F6: {len(_JUMPS)} jumps, {len(told)} pages: {counts}, {negative} negative")

    assert (max(got.values()), len(got)) == (1, people)
    assert (progress["sent"], progress["uncertain"]) == (people, 0)
    assert _digests(mailbox) == 1
    assert counted == clicks
    assert negative == []


def _links(mailbox: Mailbox) -> list[str]:
    return [links_in(mail)[0] for to, mail in mailbox.mails() if to != _TO]


def _digests(mailbox: Mailbox) -> int:
    return sum(to == _TO for to, _ in mailbox.taken)


def _told(service: Installation, experiment: str) -> list[str]:
    """What people, systems and the operator read at that moment."""
    mine = f"/experiments/{experiment}"
    pages = ("/", "/experiments", mine, f"{mine}/readout", f"{mine}/hits", "/data-folders")
    answers = (f"{mine}/progress", f"{mine}/readout", "/data-folders", "/experiments")
    with logged_in(service) as page, service.api("admin") as api:
        read = [*(page.get(path) for path in pages), *(api.get(path) for path in answers)]
    assert {answer.status_code for answer in read} == {200}, [answer.url for answer in read]
    return [*(answer.text for answer in read), service.command("doctor").stdout]
