"""The real tables, looks and readouts call what the calibrated functions call."""

import random

import pytest
from sqlmodel import Session

from app.analysis.readout_types import State
from tests.bench import machinery_pairs, machinery_waves
from tests.bench.two_rates import ARM, BASE

SPLITS = ((60, 60), (108, 12), (12, 108))


@pytest.mark.parametrize("better", [1.0, 2.5])
@pytest.mark.parametrize("split", SPLITS)
def test_a_random_path_through_the_tables_is_called_as_by_the_functions_alone(
    session: Session, split: tuple[int, int], better: float
):
    rng = random.Random(f"{split} {better}")
    rates = {ARM: 0.3 * better, BASE: 0.3}
    seen = machinery_pairs.watch(session, {ARM: split[0], BASE: split[1]}, rates, rng)

    assert len(seen.asked) >= 5
    assert seen.asked == seen.expected_asked
    assert seen.called == seen.expected


CELLS = [one for one in machinery_waves.CELLS if one.people in {50, 200}]


@pytest.mark.parametrize("cell", CELLS, ids=lambda one: f"{one} {one.method}")
def test_waves_pauses_and_outages_end_in_one_call_of_everybody(
    session: Session, cell: machinery_waves.Cell
):
    seen = machinery_waves.watch(session, cell, random.Random(str(cell)))
    readout = seen.final

    assert readout.call.final
    assert readout.call.state is seen.listed is not State.WAITING
    assert sum(arm.released for arm in readout.arms) == seen.released
    assert sum(arm.did for arm in readout.arms) == seen.did
    assert State.VALIDATED not in seen.states or readout.call.state is State.VALIDATED
