"""Time zones as people write them: in any case, with blanks."""

from collections.abc import Mapping
from functools import cache
from zoneinfo import available_timezones


def zone_of(written: str) -> str | None:
    """The zone's own name; None where there is no such zone."""
    return _zones().get(written.casefold().replace(" ", "_"))


@cache
def _zones() -> Mapping[str, str]:
    """Each call of available_timezones walks through the time zone files."""
    return {name.casefold(): name for name in available_timezones()}
