"""A key result is an outcome. A title that names work draws a warning, and may stay."""

import re

# Verbs of delivering, not of moving.
_OUTPUT = re.compile(
    r"\b(ship|launch|implement|release?|deliver|build|finish|complete|roll out|migrate|develop)"
    r"(s|es|ed|ped|ing|ping)?\b",
    re.IGNORECASE,
)


def warning_of(title: str) -> str | None:
    """Why a title reads like an output, or None."""
    match = _OUTPUT.search(title)
    if match is None:
        return None
    return (
        f"“{title}” says “{match.group(0)}”: that is work, not its effect. A key result is a"
        " business outcome, such as revenue or usage; what would move if this were done?"
    )
