"""What the scenes of this folder make at once is what the product makes person by person."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import Session

from app.tally.models import Counter, DayCounter, DidCounter, Outcome
from tests import outcomes
from tests.analysis.scenes import HOUR, TUESDAY, WINDOW, given_experiment, mail


def told(session: Session) -> list[list[tuple[Any, ...]]]:
    """Every outcome and every counter."""
    models: tuple[Any, ...] = (Outcome, Counter, DayCounter, DidCounter)
    return [sorted(map(tuple, session.execute(select(one.__table__)))) for one in models]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"arm": "holdout", "sent": False},
        {"stratum": '["DE"]', "covariate": 3.5, "capped": 2.0, "value": 2.5, "converted": 1},
        {"clicked_at": TUESDAY + HOUR, "did_at": TUESDAY + 30 * HOUR, "clicks": 2},
    ],
    ids=["mailed", "held", "with a value", "who clicked"],
)
def test_people_mailed_at_once_are_those_released_one_by_one(
    session: Session, fields: dict[str, Any]
):
    made = []
    for at_once in (True, False):
        with session.begin_nested() as nested:
            experiment = given_experiment(session, id="same")
            if at_once:
                mail(session, experiment, 7, first=11, **fields)
            else:
                more: dict[str, Any] = {"arm": "insight", "sent": True} | fields
                person: dict[str, Any] = {"experiment_id": "same", "released_at": TUESDAY,
                                          "closes_at": TUESDAY + WINDOW} | more  # fmt: skip
                outcomes.keep(session, [Outcome(send_id=n, **person) for n in range(11, 18)])
            made.append(told(session))
            nested.rollback()
    at_once_, one_by_one = made

    assert at_once_ == one_by_one
    assert len(at_once_[0]) == 7
    assert at_once_[1]
