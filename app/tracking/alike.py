"""Whether machines of one installation run with the same settings, compared by prints of them.

A print says whether two are the same, and not what is set. Each machine's processes write theirs
with the last word of their data folder; those of machines that live are compared.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from app.tracking import folders
from app.tracking.models import DataFolder

KEY = "secret_keys"  # what prints were made with: none are compared where it is another one


def written(prints: Mapping[str, str]) -> str:
    """Prints by the name of their setting, as a data folder's row keeps them."""
    return " ".join(f"{name}={seen}" for name, seen in sorted(prints.items()))


def wrong(rows: Sequence[DataFolder], *, now: datetime) -> dict[str, str]:
    """By id, what somebody must mend of a machine, in words."""
    found = apart(rows, now=now)
    for row in rows:
        if copied := folders.copied_in_words(row, now=now):
            found[row.id] = " ".join(filter(None, (copied, found.get(row.id))))
    return found


def apart(rows: Iterable[DataFolder], *, now: datetime) -> dict[str, str]:
    """By id, of which settings a living machine has others than the first one has, in words.

    A release may know more settings than another one: those that both know are compared.
    """
    living = [row for row in rows if not row.drained and not folders.is_silent(row, now=now)]
    if not living:
        return {}
    first, *others = living
    found = {row.id: _other(_read(first), _read(row)) for row in others}
    name = folders.label(first, on_its_host=sum(row.host == first.host for row in living))
    return {folder: _in_words(names, name) for folder, names in found.items() if names}


def _read(row: DataFolder) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in row.settings.split())


def _other(first: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    if first.get(KEY) != other.get(KEY):  # keys are being changed, or one is missing
        return []
    return [name for name in sorted(first.keys() & other.keys()) if first[name] != other[name]]


def _in_words(names: list[str], first: str) -> str:
    settings = " and ".join(f"THINSLICE_{name.upper()}" for name in names)
    return (
        f"Another {settings} than on {first}: what people read and what is sent depends on which"
        " machine does it. Set the same on every machine, and start it again."
    )
