"""What a readout says while nothing or little has come."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session

from app.analysis import readout
from app.analysis.readout_types import Readout, State
from app.web.experiments.awaited import awaited
from tests.analysis.scenes import HOUR, TUESDAY, given_experiment

OSLO = ZoneInfo("Europe/Oslo")


@pytest.fixture
def nothing(session: Session) -> Readout:
    """Of an experiment that has just begun."""
    experiment = given_experiment(session, status="running")
    return readout.readout_of(session, experiment, now=TUESDAY + HOUR, zone=OSLO)


def with_clicks(found: Readout, did: int, machines: int = 0) -> Readout:
    arms = tuple(replace(arm, did=did, machine_clickers=machines) for arm in found.arms)
    return replace(found, arms=arms)


def test_it_says_what_is_needed_what_a_click_changes_and_when_it_is_read(nothing: Readout):
    found = awaited(with_clicks(nothing, 1, machines=31), OSLO)
    assert found is not None
    whens, whats = zip(*found.rows, strict=True)

    needed = nothing.call.pass_count
    assert (found.did, found.needed, found.machines) == (1, needed, 31)
    assert f"{needed} must, before your line is passed." in found.sentence
    assert f"the second person would make it 2 of {needed} needed" in " ".join(whats)
    assert "15 minutes after a click" in whens
    assert whats[-1] == "The last window has closed: the answer stands here."


def test_it_goes_once_there_is_something_to_read(nothing: Readout):
    assert awaited(with_clicks(nothing, 2), OSLO) is not None
    assert awaited(with_clicks(nothing, 3), OSLO) is None
    for state in set(State) - {State.WAITING}:
        assert awaited(replace(nothing, call=replace(nothing.call, state=state)), OSLO) is None
