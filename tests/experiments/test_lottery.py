import random

from hypothesis import given, settings
from hypothesis import strategies as st

from app.experiments.lottery import Lottery, arm_of, ticket_of
from app.experiments.part_schemas import Arm

TWO = [Arm(key="a", weight=1), Arm(key="b", weight=3)]


def test_the_same_person_always_falls_into_the_same_arm():
    assert {arm_of("e1", "p1", TWO) for _ in range(5)} == {arm_of("e1", "p1", TWO)}


def test_arms_fill_in_proportion_to_their_weights():
    arms = [arm_of("e1", f"p{number}", TWO) for number in range(10_000)]

    assert abs(arms.count("b") / 10_000 - 0.75) < 0.02  # four standard errors are 0.017


def test_another_experiment_draws_anew():
    people = [f"p{number}" for number in range(200)]
    first = sorted(people, key=lambda one: ticket_of("e1", one))
    second = sorted(people, key=lambda one: ticket_of("e2", one))

    assert first != second


def test_a_sample_does_not_favour_an_arm():
    people = sorted((f"p{number}" for number in range(10_000)), key=lambda p: ticket_of("e", p))
    arms = [arm_of("e", one, TWO) for one in people[:2_000]]

    assert abs(arms.count("b") / 2_000 - 0.75) < 0.04


@settings(max_examples=50)
@given(st.sets(st.integers(0, 10_000), min_size=1, max_size=60), st.integers(1, 70), st.randoms())
def test_it_ends_with_the_smallest_tickets_in_whatever_order_they_come(
    tickets: set[int], places: int, rng: random.Random
):
    order = list(tickets)
    rng.shuffle(order)
    lottery = Lottery(places)
    for ticket in order:
        lottery.draw(ticket)

    assert {one for one in tickets if lottery.holds(one)} == set(sorted(tickets)[:places])


def test_without_a_sample_everybody_is_in():
    lottery = Lottery(None, range(5))

    assert lottery.draw(10**30)
    assert lottery.holds(10**30)
