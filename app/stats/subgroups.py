"""Simpson's paradox: whether taking kinds of people together turns a comparison round."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.stats.checks import NotEnoughData
from app.stats.methods import Method, Topic
from app.stats.two_arm import Arm


@dataclass(frozen=True, slots=True)
class Subgroups:
    """A difference as it looks in all together, and as it is within kinds, in shares.

    together: the rates of everybody. within: each kind's difference, weighed by its people.
    turned: the two point in opposite directions, so that the mix of kinds made the first.
    """

    together: float
    within: float
    turned: bool


def subgroups(pairs: Sequence[tuple[Arm, Arm]]) -> Subgroups:
    """Look for Simpson's paradox: a difference that the mix of kinds made.

    Args:
        pairs: (arm, baseline) of each kind of people; kinds with nobody on a side are left out.

    Returns:
        Both differences, each in [-1, 1].

    Raises:
        NotEnoughData: no kind has people on both sides.

    Source:
        Simpson (1951), JRSS B 13:238-241; direct standardisation over all people, Fleiss, Levin &
        Paik (2003), Statistical Methods for Rates and Proportions, chapter 19.

    >>> pairs = [(Arm(100, 30), Arm(400, 100)), (Arm(400, 40), Arm(100, 5))]
    >>> found = subgroups(pairs)
    >>> round(found.together, 3), round(found.within, 3), found.turned
    (-0.07, 0.05, True)
    """
    both = [(arm, base) for arm, base in pairs if arm.people and base.people]
    if not both:
        raise NotEnoughData("no kind of people is in both groups")
    everybody = sum(arm.people + base.people for arm, base in both)
    within = sum(
        (arm.people + base.people) / everybody * (arm.rate - base.rate) for arm, base in both
    )
    sides = [
        Arm(sum(pair[side].people for pair in both), sum(pair[side].hits for pair in both))
        for side in (0, 1)
    ]
    together = sides[0].rate - sides[1].rate
    return Subgroups(together, within, together * within < 0)


METHODS: tuple[Method, ...] = (
    Method(
        key="subgroups",
        name="Simpson's check",
        topic=Topic.HEALTH,
        functions=("subgroups",),
        decides=False,
        plainly=(
            "A version can look better overall and be worse among every kind of people.",
            "That happens where the versions got different mixes of kinds.",
            "So the difference is also taken within each kind and weighed by its people.",
            "If the two disagree in direction, the readout warns.",
            "With people drawn by lot it hardly happens; a warning says that the lot went wrong.",
        ),
        assumes=("Kinds were frozen at launch.",),
        formula="Σ wₛ(p₁ₛ − p₀ₛ), wₛ = nₛ/n, against p₁ − p₀",
        source="Simpson (1951), JRSS B 13:238–241",
    ),
)
