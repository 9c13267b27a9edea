"""What an operator lets one relay have: its name, its part of the mails, how fast, how many lines.

It stands behind the relay's address, beside what the relay itself is told there, and is taken out
before that is read.
"""

import re
from dataclasses import dataclass

from app.platform import figures
from app.platform.config import BadSettings

_SHARES, _CONNECTIONS, _RATES = 1_000, 100, 1_000_000
_MOST = {"share": _SHARES, "connections": _CONNECTIONS, "rate": _RATES}
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,38}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Terms:
    """`share`: its part, beside those of the others, 1 to 1,000.

    `rate`: mails a minute, of all machines together; `connections`: at a time, from each machine.
    None: as many as it takes. `name`: what it is called on pages and in metrics.
    """

    name: str = ""
    share: int = 1
    rate: int | None = None
    connections: int | None = None

    @property
    def are_narrow(self) -> bool:
        """A second process of this machine may not open connections of its own."""
        return self.connections is not None


ANY = Terms()


def taken(url: str) -> tuple[str, Terms]:
    """A relay's address without its terms, and those. Raises BadSettings."""
    bare, _, query = url.partition("?")
    rest, found = [], {}
    for pair in filter(None, query.split("&")):
        name, _, value = pair.partition("=")
        if name == "name" or name in _MOST:
            found[name] = value
        else:
            rest.append(pair)
    kept = f"{bare}?{'&'.join(rest)}" if rest else bare
    return kept, Terms(
        name=_name(found.get("name", "")),
        share=_number(found, "share") or 1,
        rate=_number(found, "rate"),
        connections=_number(found, "connections"),
    )


def _name(written: str) -> str:
    if written and not _NAME.fullmatch(written):
        raise BadSettings(
            "THINSLICE_MAIL: the name of a relay is of small letters, digits, dots and hyphens,"
            " such as ?name=main."
        )
    return written


def _number(found: dict[str, str], name: str) -> int | None:
    written = found.get(name)
    if written is None:
        return None
    is_number = written.isascii() and written.isdigit() and len(written) <= len(str(_RATES))
    if not is_number or not 1 <= int(written) <= _MOST[name]:
        raise BadSettings(
            f"THINSLICE_MAIL: {name} must be a whole number from 1 to {figures.count(_MOST[name])},"
            f" such as ?{name}=4."
        )
    return int(written)
