"""Guessing is slowed down; the one guessed at is not."""

from collections.abc import Iterator

import pytest

from app.identity import throttle
from app.platform.errors import TooMany
from tests.anew import forget_tries

ANN = "ann@halvern.example"


@pytest.fixture(autouse=True)
def counted_anew() -> Iterator[None]:
    forget_tries()
    yield
    forget_tries()


def tries(count: int, *, caller: str, email: str = ANN) -> None:
    for _ in range(count):
        throttle.check_log_in(caller=caller, email=email)


def test_the_sixth_try_in_a_minute_for_one_account_waits():
    tries(5, caller="203.0.113.9")

    with pytest.raises(TooMany, match="Wait a minute") as refused:
        tries(1, caller="203.0.113.9")
    assert refused.value.status == 429


def test_an_account_in_another_case_is_the_same_account():
    tries(5, caller="203.0.113.9")

    with pytest.raises(TooMany):
        tries(1, caller="203.0.113.9", email=" ANN@halvern.example")


def test_the_victim_elsewhere_is_not_locked_out():
    with pytest.raises(TooMany):
        tries(50, caller="203.0.113.9")

    tries(1, caller="198.51.100.7")


def test_one_caller_cannot_walk_through_accounts():
    for number in range(30):
        tries(1, caller="203.0.113.9", email=f"p{number}@halvern.example")

    with pytest.raises(TooMany):
        tries(1, caller="203.0.113.9", email="p31@halvern.example")


@pytest.mark.parametrize(
    "callers",
    [
        [f"2001:db8:1:2::{number:x}" for number in range(1, 7)],
        [f"2001:db8:1:2:{number:x}::1" for number in range(1, 7)],
        ["203.0.113.9", "::ffff:203.0.113.9"] * 3,
        ["fe80::1%eth0", "fe80::2%eth1"] * 3,
    ],
)
def test_the_addresses_of_one_house_count_as_one(callers: list[str]):
    for caller in callers[:5]:
        tries(1, caller=caller)

    with pytest.raises(TooMany):
        tries(1, caller=callers[5])


@pytest.mark.parametrize("other", ["2001:db8:1:3::1", "2001:db9:1:2::1", "203.0.113.9", "a socket"])
def test_another_house_counts_by_itself(other: str):
    tries(5, caller="2001:db8:1:2::1")

    tries(5, caller=other)
