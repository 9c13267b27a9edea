"""What a cell's value is: a number where it reads as one, otherwise text."""

import math


def number_of(value: object) -> float | None:
    """The number that a value reads as. `nan` and `inf` are words, not numbers."""
    try:
        found = float(text_of(value).replace(",", "."))
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def text_of(value: object) -> str:
    """As a template prints it: yes/no values are `true` and `false`."""
    return str(value).lower() if isinstance(value, bool) else str(value)
