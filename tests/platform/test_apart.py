import pytest

from app.platform import apart, clock


@pytest.mark.parametrize("seconds", [-7200, -240, -6, 6, 240, 7200])
def test_a_machine_whose_clock_is_far_off_is_told_how_far_in_words(
    monkeypatch: pytest.MonkeyPatch, seconds: int
):
    monkeypatch.setattr(clock, "_ahead", seconds * 1_000_000)
    said = f"This machine and the database are {abs(seconds):,} seconds apart: set both by NTP."

    assert apart.far_in_words() == said


@pytest.mark.parametrize("seconds", [-5, -1, 0, 1, 5])
def test_a_machine_whose_clock_is_nearly_right_is_told_nothing(
    monkeypatch: pytest.MonkeyPatch, seconds: int
):
    monkeypatch.setattr(clock, "_ahead", seconds * 1_000_000)

    assert apart.far_in_words() is None
