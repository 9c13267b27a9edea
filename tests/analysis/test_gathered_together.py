"""However many experiments stand in a list, they are counted by as many questions as one."""

from datetime import timedelta

import pytest
from sqlmodel import Session

from app.analysis import gathered, matured
from app.analysis.gathered import Gathered
from app.analysis.matured import total
from app.experiments.models import Experiment
from app.tally import store
from tests.analysis.scenes import HOUR, MINUTE, TUESDAY, WINDOW, click, given_experiment, mail
from tests.routes import counting

_LATE = TUESDAY + WINDOW + 20 * MINUTE  # in the middle of the hour in which windows close


@pytest.mark.parametrize("value", [0.0, 5.0, 1e8], ids=["none", "some", "large_and_alike"])
@pytest.mark.parametrize("most_read", [0, 2_000], ids=["a_large_hour", "a_small_hour"])
def test_an_hour_in_which_windows_close_asks_no_more_of_many(
    session: Session, monkeypatch: pytest.MonkeyPatch, value: float, most_read: int
):
    monkeypatch.setattr(matured, "MOST_READ", most_read)
    with store.together(session):
        many = [_closing(session, number, value=value) for number in range(30)]
    alone = {one.id: gathered.gather(session, one, now=_LATE) for one in many}
    engine = session.get_bind().engine
    with counting(engine) as of_one:
        gathered.gather_many(session, many[:1], now=_LATE)
    with counting(engine) as of_all:
        together = gathered.gather_many(session, many, now=_LATE)

    assert len(of_all) == len(of_one)
    assert together == alone
    assert {_closed(one) for one in together.values()} == {2 if most_read else 1}


def test_more_than_a_question_may_ask_is_asked_in_some(
    session: Session, monkeypatch: pytest.MonkeyPatch
):
    with store.together(session):
        many = [_closing(session, number, value=1e8) for number in range(7)]
    at_once = gathered.gather_many(session, many, now=_LATE)
    monkeypatch.setattr("app.analysis.counter_rows._AT_ONCE", 3)

    assert gathered.gather_many(session, many, now=_LATE) == at_once


def test_values_large_and_alike_keep_their_spread(session: Session):
    experiment = _closing(session, 0, value=1e8)
    found = total(gathered.gather(session, experiment, now=_LATE + HOUR).arms["insight"])
    spread = found.yy / found.people - (found.y / found.people) ** 2

    assert found.mean == pytest.approx(1e8 + 1.0, abs=1e-6)  # 0, 1, 2 more than it
    assert spread == pytest.approx(2 / 3, rel=1e-9)


def _closing(session: Session, number: int, *, value: float) -> Experiment:
    """Three people: one's window closed an hour ago, one's just now, one's will within the hour."""
    experiment = given_experiment(session)
    for place, minutes in enumerate((-60, 0, 25)):
        first = 10 * number + place + 1
        at = TUESDAY + timedelta(minutes=minutes)
        mail(session, experiment, 1, first=first, at=at, capped=value and value + place)
        click(session, 1, first=first, at=at + MINUTE)
    return experiment


def _closed(one: Gathered) -> int:
    return one.totals["insight"].matured
