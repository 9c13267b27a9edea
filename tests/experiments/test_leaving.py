"""When the last mail leaves at the latest, against a clock that goes by quarters of an hour."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import pairwise
from time import perf_counter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.experiments import hours, leaving
from app.experiments.leaving import Pace, Part
from app.experiments.part_schemas import MailHours
from app.experiments.vocabulary import MailDays
from app.platform.warm_up import WarmUp

OSLO, NEW_YORK, AUCKLAND = (
    ZoneInfo(name) for name in ("Europe/Oslo", "America/New_York", "Pacific/Auckland")
)
NOON = datetime(2026, 12, 3, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ALWAYS = MailHours()
OFFICE = MailHours(opens=8, closes=18, days=MailDays.WORKING)
QUARTER = 15
STEP = timedelta(minutes=QUARTER)


def by_the_clock(
    parts: Sequence[Part], pace: Pace, zone: tzinfo, mail_hours: MailHours
) -> list[datetime]:
    """The end of the quarter in which the last of each part leaves; others go first."""
    gone = Counter[date]({pace.today: pace.gone} if pace.today else {})
    ahead, at = pace.ahead, parts[0][0]
    found: list[datetime] = []
    waits = [mails for _, mails in parts]
    a_step = int((pace.per_minute or leaving.SENT_A_MINUTE) * QUARTER)
    while len(found) < len(parts):
        day = at.astimezone(pace.zone).date()
        limit = pace.warming.limit(day) if pace.warming else None
        room = 10**9 if limit is None else max(0, limit - gone[day])
        others = 0 if limit is None else min(ahead, room)  # at once when a day begins
        ahead, room = ahead - others, room - others
        gone[day] += others
        place = len(found)
        if at >= parts[place][0] and hours.is_open(at, zone, mail_hours):
            some_ = min(a_step, room, waits[place])
            gone[day] += some_
            waits[place] -= some_
        at += STEP
        while len(found) < len(parts) and not waits[len(found)] and at > parts[len(found)][0]:
            found.append(at)
    return found


@given(
    start=some.sampled_from(
        [
            NOON,
            datetime(2026, 12, 3, 22, 58, tzinfo=UTC),  # two minutes before a day ends in Oslo
            datetime(2027, 3, 27, 9, tzinfo=UTC),  # clocks go forward in the night
            datetime(2027, 10, 30, 21, 10, tzinfo=UTC),  # and back
        ]
    ),
    waves=some.lists(
        some.tuples(some.integers(0, 60), some.integers(1, 700)), min_size=1, max_size=3
    ),
    rate=some.sampled_from([None, 1, 3, 60, 600]),
    warm=some.sampled_from([None, (0, 50, 1.5), (-30, 50, 1.5), (3, 20, 2.0), (-2, 40, 1.01)]),
    gone=some.integers(0, 60),
    ahead=some.integers(0, 200),
    zone=some.sampled_from([OSLO, NEW_YORK, AUCKLAND]),
    mail_hours=some.sampled_from([ALWAYS, OFFICE, MailHours(opens=22, closes=24)]),
)
def test_it_is_the_moment_that_a_clock_finds(
    *,
    start: datetime,
    waves: list[tuple[int, int]],
    rate: int | None,
    warm: tuple[int, int, float] | None,
    gone: int,
    ahead: int,
    zone: ZoneInfo,
    mail_hours: MailHours,
):
    today = start.astimezone(OSLO).date()
    warming = WarmUp(today + warm[0] * DAY, warm[1], warm[2]) if warm else None
    pace = Pace(rate, warming, OSLO, today, gone, ahead) if warm else Pace(rate, None, OSLO)
    after = sorted(hour for hour, _ in waves)
    after[0] = 0
    parts = [
        (start + timedelta(hours=hour), mails)
        for hour, (_, mails) in zip(after, waves, strict=True)
    ]

    told = leaving.lasts(parts, pace, [zone], mail_hours)

    truth = by_the_clock(parts, pace, zone, mail_hours)
    slack = STEP * (2 + 2 * len(parts))  # of a clock that goes by quarters
    assert all(abs(one - other) <= slack for one, other in zip(told, truth, strict=True)), (
        told,
        truth,
    )
    assert all(one <= other for one, other in pairwise(told))


def test_of_several_zones_the_last_one_counts_and_clocks_that_agree_are_walked_once():
    pace = Pace(None, WarmUp(NOON.date(), 50, 1.5), OSLO, NOON.date())
    parts = [(NOON, 400)]
    each = [leaving.lasts(parts, pace, [zone], OFFICE)[0] for zone in (OSLO, NEW_YORK, AUCKLAND)]

    assert leaving.lasts(parts, pace, [OSLO, NEW_YORK, AUCKLAND], OFFICE) == [max(each)]
    about = leaving.lasts(parts, pace, (), OFFICE)[0]
    assert max(each) - timedelta(hours=2) <= about <= max(each) + DAY
    assert leaving.lasts(parts, pace, (), ALWAYS) == leaving.lasts(parts, pace, [OSLO], ALWAYS)


@pytest.mark.parametrize("begins", [NOON.date(), date(2099, 12, 1)])
@pytest.mark.parametrize("factor", [1.01, 1.5])
def test_the_slowest_warm_up_is_walked_in_a_moment(factor: float, begins: date):
    pace = Pace(1, WarmUp(begins, 1, factor), OSLO, NOON.date(), 1, 10**6)
    began = perf_counter()

    assert leaving.lasts([(NOON, 10**6)], pace, (), OFFICE)[0] > NOON + 30 * DAY
    assert perf_counter() - began < 5


def test_what_a_plan_keeps_is_read_again():
    pace = Pace(60.0, WarmUp(NOON.date(), 50, 1.5), OSLO)

    assert pace.kept().read() == pace
    assert Pace().kept().read().per_minute is None
