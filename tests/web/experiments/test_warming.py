"""What pages say while a daily limit rises is true at each moment."""

from datetime import timedelta
from typing import Any

import pytest

from app.delivery import rate_store
from app.experiments.models import Experiment, Status
from app.platform.db import Database
from app.web.experiments import warming
from tests.delivery import scenes
from tests.delivery.scenes import NOW, SETTINGS

WARM = SETTINGS.model_copy(update={"warm_up": f"{NOW.date()} 10 2"})  # a Sunday
TODAY = "The warm-up lets 10 more mails leave today, of all experiments"
LATEST = "at the latest, unless more are launched."


def said(database: Database, *, queued: int, **row: Any) -> str:
    """Of the first experiment, with these fields."""
    with database.write() as session:
        experiment = session.get_one(Experiment, scenes.sends(database)[0].experiment_id)
        for name, value in row.items():
            setattr(experiment, name, value)
        return warming.while_leaving(session, WARM, experiment, queued=queued, now=NOW)


def test_it_is_said_what_leaves_today_and_when_the_last_does(database: Database):
    scenes.launched(database, people=40)

    assert said(database, queued=0) == ""
    assert said(database, queued=10) == f"{TODAY}."
    assert (
        said(database, queued=11)
        == f"{TODAY}; the last of these leaves on Mon 23 Nov 2026 {LATEST}"
    )
    assert (
        said(database, queued=31)
        == f"{TODAY}; the last of these leaves on Tue 24 Nov 2026 {LATEST}"
    )
    with database.write() as session:
        rate_store.take_of_day(session, NOW.date(), 10, 10, now=NOW)
    used_up = TODAY.replace("10 more mails", "no more mails")
    assert (
        said(database, queued=1)
        == f"{used_up}; the last of these leaves on Mon 23 Nov 2026 {LATEST}"
    )


def test_others_the_holdout_hours_and_waves_are_reckoned_with(database: Database):
    scenes.launched(database, people=40)
    plan: dict[str, Any] = {"arms": {"insight": 20, "holdout": 20}, "waves": [40]}

    assert said(database, queued=20, plan=plan) == f"{TODAY}."  # half of them get nothing
    assert "Mon 23 Nov" in said(database, queued=21, plan=plan)
    waves = {"waves": [{"share": 0.5, "after_hours": 0}, {"share": 0.5, "after_hours": 72}]}
    later = scenes.design() | waves
    told = said(database, queued=20, design=later, plan={"waves": [10, 10]})
    assert "Wed 25 Nov" in told
    working = scenes.design() | {"hours": {"opens": 8, "closes": 18, "days": "working"}}
    assert "Mon 23 Nov" in said(database, queued=5, design=working, plan={})
    scenes.launched(database, people=15, domain="mill.example")
    assert "Mon 23 Nov" in said(database, queued=5, design=scenes.design(), plan={})


@pytest.mark.parametrize("status", [one for one in Status if one != Status.RUNNING])
def test_nothing_is_promised_while_nothing_leaves(database: Database, status: Status):
    scenes.launched(database, people=40)

    assert said(database, queued=40, status=status) == ""


def test_the_launch_is_told_what_is_left_of_today_and_who_waits(database: Database):
    with database.read() as session:
        alone = warming.before_launch(session, WARM, now=NOW)
        over = warming.before_launch(session, WARM, now=NOW + timedelta(days=365))
        none = warming.before_launch(session, SETTINGS, now=NOW)
    scenes.launched(database, people=7)
    with database.read() as session:
        beside = warming.before_launch(session, WARM, now=NOW)

    assert (alone, beside) == (f"{TODAY}.", f"{TODAY}; 7 mails wait already.")
    assert (over, none) == ("", "")
