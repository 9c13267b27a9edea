"""What every method refuses, in one sentence each."""

from math import isfinite


class NotEnoughData(ValueError):
    """These counts cannot answer the question. Raised instead of inventing a number."""


def check_counts(hits: int, people: int) -> None:
    """Refuse counts that no crowd can have.

    Raises:
        NotEnoughData: there is nobody.
        ValueError: negative, or more hits than people.
    """
    if people == 0 and hits == 0:
        raise NotEnoughData("there is nobody yet, so there is no rate")
    if not 0 <= hits <= people:
        raise ValueError(f"hits must lie in 0..{people}, got {hits}")


def check_share(share: float, name: str) -> None:
    """Refuse what is not strictly between 0 and 1 (NaN among it).

    Raises:
        ValueError: naming the argument.
    """
    if not (isfinite(share) and 0 < share < 1):
        raise ValueError(f"{name} must lie strictly between 0 and 1, got {share}")
