"""One thing that a checklist looked at, in a sentence."""

from dataclasses import dataclass

from app.experiments.ports import Level


@dataclass(frozen=True, slots=True)
class Item:
    """One thing looked at."""

    id: str
    level: Level
    message: str


def blocks(item_id: str, message: str) -> Item:
    """It must be mended before anybody is mailed."""
    return Item(item_id, Level.BLOCKS, message)


def warns(item_id: str, message: str) -> Item:
    """It should be read before anybody is mailed."""
    return Item(item_id, Level.WARNS, message)


def ok(item_id: str, message: str) -> Item:
    """It is well."""
    return Item(item_id, Level.OK, message)
