"""Mails are divided among relays by their shares: exact, however few there are."""

from collections import Counter

import pytest

from app.delivery.shares import Room, Shares, limits_of


def parts(mails: int, rooms: dict[str, Room], *, shares: Shares | None = None) -> dict[str, int]:
    hands = (shares or Shares()).deal(range(mails), rooms)
    assert sorted(one for hand in hands.values() for one in hand) == list(range(mails))
    return {name: len(hand) for name, hand in hands.items()}


@pytest.mark.parametrize("mails", [0, 1, 2, 3, 7, 40, 400])
@pytest.mark.parametrize("shares", [(1, 1), (3, 1), (5, 3, 2), (1, 9, 90)])
def test_each_relay_is_within_one_mail_of_its_share(mails: int, shares: tuple[int, ...]):
    rooms = {f"r{place}": Room(share, 1_000_000) for place, share in enumerate(shares)}

    found = parts(mails, rooms)

    for name, room in rooms.items():
        assert abs(found[name] - mails * room.share / sum(shares)) < 1


def test_one_mail_at_a_time_is_divided_as_many_at_once_are():
    rooms, shares, found = {"a": Room(3, 50), "b": Room(1, 50)}, Shares(), Counter[str]()
    for _ in range(80):
        found.update(parts(1, rooms, shares=shares))

    assert found == {"a": 60, "b": 20}


def test_what_one_may_not_take_goes_to_the_others_and_is_never_caught_up_on():
    shares = Shares()

    assert parts(30, {"a": Room(1, 50, 4), "b": Room(1, 50)}, shares=shares) == {"a": 4, "b": 26}
    assert parts(20, {"b": Room(1, 50)}, shares=shares) == {"b": 20}
    assert parts(20, {"a": Room(1, 50), "b": Room(1, 50)}, shares=shares) == {"a": 10, "b": 10}


@pytest.mark.parametrize(
    ("rooms", "limits"),
    [
        ({"a": Room(1, 50)}, {"a": 50}),
        ({"a": Room(1, 50, 3)}, {"a": 3}),
        ({"a": Room(3, 50), "b": Room(1, 50)}, {"a": 50, "b": 17}),
        ({"a": Room(1, 400), "b": Room(1, 50)}, {"a": 50, "b": 50}),
        ({"a": Room(1, 400), "b": Room(1, 50, 2)}, {"a": 400, "b": 2}),
        ({"a": Room(1, 50, 0), "b": Room(1, 50, 0)}, {"a": 0, "b": 0}),
        ({"a": Room(1000, 50), "b": Room(1, 50)}, {"a": 50, "b": 1}),
        ({}, {}),
    ],
)
def test_a_batch_holds_no_more_than_each_takes_in_its_share(
    rooms: dict[str, Room], limits: dict[str, int]
):
    assert limits_of(rooms) == limits


def test_who_put_a_mail_off_is_asked_again_where_they_may():
    rooms = {"a": Room(1, 50), "b": Room(1, 50)}

    hands = Shares().deal("vwxyz", rooms, {0: "b", 1: "b", 2: "gone"})

    assert {"v", "w"} <= set(hands["b"])
    assert "x" in hands["a"] + hands["b"]
