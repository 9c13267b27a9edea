"""One thing that a checklist looked at, in a sentence."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from pydantic import ConfigDict

from app.platform.shapes import answered

ITEM: dict[str, Any] = {
    "id": "hypothesis",
    "level": "ok",
    "message": "The test card is full.",
}


class Level(StrEnum):
    """How much an item of the checklist matters."""

    BLOCKS = "blocks"
    WARNS = "warns"
    OK = "ok"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that was looked at."""

    __pydantic_config__: ClassVar[ConfigDict] = answered(ITEM)

    id: str
    level: Level
    message: str


def blocks(item_id: str, message: str) -> Item:
    """It must be mended before anybody is mailed."""
    return _begun(item_id, Level.BLOCKS, message)


def warns(item_id: str, message: str) -> Item:
    """It should be read before anybody is mailed."""
    return _begun(item_id, Level.WARNS, message)


def ok(item_id: str, message: str) -> Item:
    """It is well."""
    return _begun(item_id, Level.OK, message)


def _begun(item_id: str, level: Level, message: str) -> Item:
    """A sentence begins with a capital, whatever stands first in it: “the mail” is one such."""
    return Item(item_id, level, f"{message[:1].upper()}{message[1:]}")
