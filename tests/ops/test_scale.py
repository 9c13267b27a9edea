"""The examples of deploy/SCALE.md are what its formula says."""

import re
from pathlib import Path

import pytest

from tests.bench.capacity import Need, need

TEXT = (Path(__file__).parent.parent.parent / "deploy/SCALE.md").read_text()
ROWS = re.findall(r"^\| (\d+) \| (\d+) \| (SQLite|PostgreSQL) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", TEXT, re.MULTILINE)  # fmt: skip  # noqa: E501


@pytest.mark.parametrize("row", ROWS, ids=" ".join)
def test_each_example_is_what_the_formula_says(row: tuple[str, ...]):
    clicks, seconds, kind, machines, edges, lag, connections = row
    found = need(
        clicks_per_second=int(clicks),
        peak_seconds=int(seconds),
        machines=int(machines),
        sqlite=kind == "SQLite",
    )

    assert found == Need(int(machines), int(edges), int(lag), int(connections))


def test_the_examples_are_read_and_their_commands_are_there():
    assert len(ROWS) == 5
    for name in re.findall(r"python -m tests\.bench\.(\w+)", TEXT):
        assert (Path(__file__).parent.parent / f"bench/{name}.py").exists()
