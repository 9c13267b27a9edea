"""What is kept of the people of one arm: counts, sums and sums of squares, never a row each."""

from dataclasses import dataclass
from math import isfinite

_DUST = 1e-9  # of a square: what subtracting large sums leaves below 0


@dataclass(frozen=True, slots=True)
class Sums:
    """What is kept of the people of one arm. y: the value; x: a covariate known before.

    people >= 0. yy, xx, xy: sums of squares and products; yyy of cubes. nonzero: people whose value
    is not 0. All values may be less one number, the same for everybody who is compared.

    Raises:
        ValueError: negative counts, sums that are no numbers, or that no people could have.
    """

    people: int
    y: float
    yy: float
    x: float = 0.0
    xx: float = 0.0
    xy: float = 0.0
    nonzero: int = 0
    yyy: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.nonzero <= self.people:
            raise ValueError(f"nonzero must lie in 0..{self.people}, got {self.nonzero}")
        if not all(map(isfinite, (self.y, self.yy, self.yyy, self.x, self.xx, self.xy))):
            raise ValueError(f"sums must be numbers, got {self}")
        for total, squares in ((self.y, self.yy), (self.x, self.xx)):
            if self.people * squares - total * total < -_DUST * max(1.0, self.people * squares):
                raise ValueError(f"no {self.people} people have these sums: {self}")

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.people + other.people,
            self.y + other.y,
            self.yy + other.yy,
            self.x + other.x,
            self.xx + other.xx,
            self.xy + other.xy,
            self.nonzero + other.nonzero,
            self.yyy + other.yyy,
        )

    @property
    def mean(self) -> float:
        """Value per person."""
        return self.y / self.people

    @property
    def covariate_mean(self) -> float:
        """Covariate per person."""
        return self.x / self.people

    @property
    def variance(self) -> float:
        """Of the value, with n - 1."""
        return _spread(self.people, self.y, self.y, self.yy)

    @property
    def second(self) -> float:
        """Sum of squares of the value less its mean."""
        return max(0.0, self.yy - self.y * self.y / self.people)

    @property
    def third(self) -> float:
        """Sum of cubes of the value less its mean."""
        mean = self.y / self.people
        return self.yyy - 3 * mean * self.yy + 2 * mean * mean * self.y

    @property
    def covariate_variance(self) -> float:
        """Of the covariate, with n - 1."""
        return _spread(self.people, self.x, self.x, self.xx)

    @property
    def covariance(self) -> float:
        """Of value and covariate, with n - 1."""
        return (self.xy - self.x * self.y / self.people) / (self.people - 1)


def _spread(people: int, one: float, other: float, products: float) -> float:
    return max(0.0, products - one * other / people) / (people - 1)
