"""Transactions get as long as people can wait, on whatever machine."""

import time

import pytest

from app.platform.pace import Pace


def steady(size: Pace, row_seconds: float, monkeypatch: pytest.MonkeyPatch, times: int = 40) -> int:
    """The size after some transactions in which each row takes so long."""
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    for _ in range(times):
        rows = size.size
        with size.measured(rows):
            now += rows * row_seconds
    return size.size


@pytest.mark.parametrize("row_seconds", [0.00002, 0.0001, 0.001])
def test_a_transaction_takes_about_thirty_milliseconds(
    row_seconds: float, monkeypatch: pytest.MonkeyPatch
):
    size = steady(Pace(least=10, first=500, most=5_000), row_seconds, monkeypatch)

    assert size * row_seconds == pytest.approx(0.03, rel=0.1)


@pytest.mark.parametrize(("row_seconds", "expected"), [(10, 10), (1e-9, 5_000)])
def test_a_size_stays_within_its_bounds(
    row_seconds: float, expected: int, monkeypatch: pytest.MonkeyPatch
):
    assert steady(Pace(least=10, first=500, most=5_000), row_seconds, monkeypatch) == expected


def test_a_few_rows_say_nothing_about_many(monkeypatch: pytest.MonkeyPatch):
    size = Pace(least=10, first=500, most=5_000)
    monkeypatch.setattr(time, "monotonic", lambda: 0.0)

    with size.measured(3):
        pass

    assert size.size == 500
