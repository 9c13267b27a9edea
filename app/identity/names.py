"""What people are called here: one line, and never what we call ourselves in the audit."""

from app.platform.errors import Invalid
from app.platform.texts import line_part, why_no_line

COMMANDS = "command line"
PROVIDER = "Identity provider"
UNKNOWN = "Somebody unknown"  # who typed no address
RESERVED = frozenset({COMMANDS, PROVIDER, UNKNOWN, "Thinslice"})  # actors without an id
_LONGEST = 200  # of a name that the identity provider gives
_FOLDED = frozenset(one.casefold() for one in RESERVED)


def of(typed: str, *, address: str) -> str:
    """A name as it is kept; where none is typed, a part of the address. Raises Invalid."""
    if why := why_no_line(typed):
        raise Invalid.at("name", f"The name {why}.")
    if _is_ours(typed):
        raise Invalid.at("name", f"“{typed.strip()}” is what Thinslice calls itself in the audit.")
    before_at = address.partition("@")[0]
    return typed.strip() or (address if _is_ours(before_at) else before_at)


def usable_part(given: str) -> str:
    """A name of somebody who cannot be asked for another; empty where nothing of it can be kept."""
    name = line_part(given)[:_LONGEST].strip()
    return "" if _is_ours(name) else name


def _is_ours(name: str) -> bool:
    return " ".join(name.split()).casefold() in _FOLDED
