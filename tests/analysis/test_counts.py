"""What the counters say is what one would count by hand."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, delete

from app.analysis import counts, gathered, hours
from app.analysis import matured as matured_people
from app.delivery.models import Destination, DestinationSet
from app.tally.models import Counter, DayCounter, DidCounter, LinkCounter, Outcome
from tests.analysis.scenes import HOUR, MINUTE, TUESDAY, WINDOW, click, given_experiment, mail

people = st.lists(
    st.tuples(
        st.integers(0, 300),  # minutes until release
        st.none() | st.integers(0, 72 * 60),  # minutes until the first human click
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(crowd=people, minutes=st.integers(0, 80 * 60))
def test_released_matured_and_settled_agree_with_counting_one_by_one(
    session: Session, crowd: list[tuple[int, int | None]], minutes: int
):
    for table in (Outcome, Counter, DayCounter, DidCounter):
        session.execute(delete(table))
    now = TUESDAY + minutes * MINUTE
    experiment = given_experiment(session)
    released = [(TUESDAY + m * MINUTE, c) for m, c in crowd if TUESDAY + m * MINUTE <= now]
    clicks = [None if c is None else at + c * MINUTE for at, c in released]
    for number, ((at, _), clicked) in enumerate(zip(released, clicks, strict=True), start=1):
        mail(session, experiment, 1, first=number, at=at)
        if clicked is not None and clicked <= now:
            click(session, 1, first=number, at=clicked)
    got = gathered.gather(session, experiment, now=now).totals["insight"]

    assert got.released == len(released)
    assert got.matured == sum(at + WINDOW <= now for at, _ in released)
    assert got.settled_did == sum(
        clicked is not None and clicked <= now - timedelta(minutes=15) for clicked in clicks
    )
    assert got.human_clickers == sum(clicked is not None and clicked <= now for clicked in clicks)
    assert got.last_release == max((at for at, _ in released), default=None)


def test_links_are_those_of_the_sends_and_not_of_test_mails(session: Session):
    experiment = given_experiment(session)
    for set_id, purpose in ((1, "send"), (2, "test")):
        session.add(
            DestinationSet(
                id=set_id,
                experiment_id=experiment.id,
                arm="insight",
                purpose=purpose,
                created_at=TUESDAY,
            )
        )
        session.add(
            Destination(
                set_id=set_id,
                link=0,
                experiment_id=experiment.id,
                arm="insight",
                kind="fixed",
                label="Show my list",
                address="https://halvern.example/list",
            )
        )
    session.add(LinkCounter(experiment_id=experiment.id, arm="insight", link=0, hits=7, clickers=3))
    session.flush()
    (link,) = counts.links(session, experiment.id)

    assert (link.label, link.hits, link.clickers) == ("Show my list", 7, 3)


def test_the_course_counts_hours_of_click_and_of_release(session: Session):
    experiment = given_experiment(session)
    mail(session, experiment, 2, at=TUESDAY + 59 * MINUTE)
    click(session, 1, at=TUESDAY + HOUR)
    points = hours.series(hours.course_of(session, experiment.id).points)

    assert [(point.at - TUESDAY, point.people, point.hits) for point in points] == [
        (HOUR, 2, 0),
        (2 * HOUR, 2, 1),
    ]


@pytest.mark.parametrize(
    ("after", "matured"),
    [
        (timedelta(0), 0),
        (10 * MINUTE, 0),  # of a few, the two first would count
        (39 * MINUTE, 0),
        (40 * MINUTE, 3),  # the last one's window has closed, in the middle of the hour
        (70 * MINUTE, 3),
        (95 * MINUTE, 4),
    ],
)
def test_many_people_of_an_hour_count_together_once_the_last_window_has_closed(
    session: Session, monkeypatch: pytest.MonkeyPatch, after: timedelta, matured: int
):
    monkeypatch.setattr(matured_people, "MOST_READ", 0)
    experiment = given_experiment(session)
    for number, minutes in enumerate((0, 5, 40, 95), start=1):
        mail(session, experiment, 1, first=number, at=TUESDAY + minutes * MINUTE)
    click(session, 1, first=1, at=TUESDAY + MINUTE)
    got = gathered.gather(session, experiment, now=TUESDAY + WINDOW + after).totals["insight"]

    assert (got.matured, got.matured_did) == (matured, int(matured > 0))
