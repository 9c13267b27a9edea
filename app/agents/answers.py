"""What leaves: JSON of at most 20 KB, and where it goes on."""

import json
from collections.abc import Callable
from typing import Any

from app.agents import private
from app.platform.errors import Invalid

MOST_BYTES = 20_000
_QUOTES = 2_000  # bytes that saying what is quoted adds
_LONGEST = 400  # characters of a text in a list


def written(answer: Any, begin: str | None) -> str:
    """The answer without what is personal; of a long one the part that begins at `begin`.

    A part is `{"part": text, "next": where the next begins or null}`; the parts together are the
    JSON of the answer.
    """
    whole = json.dumps(private.told(answer), ensure_ascii=False)
    if begin is None and len(whole.encode()) <= MOST_BYTES:
        return whole
    return _part(whole, _place(begin, len(whole)))


def fitting(find: Callable[[int], dict[str, Any]], most: int) -> dict[str, Any]:
    """A page of a list, of at most so many items: fewer, until it fits into one answer."""
    found: dict[str, Any] = shortened(find(most))
    while most > 1 and len(json.dumps(found, ensure_ascii=False).encode()) > MOST_BYTES - _QUOTES:
        most //= 2
        found = shortened(find(most))
    return found


def shortened(answer: Any) -> Any:
    """The same with long texts cut: a list is to choose from."""
    if isinstance(answer, dict):
        return {name: one if name == "next" else shortened(one) for name, one in answer.items()}
    if isinstance(answer, list):
        return [shortened(one) for one in answer]
    if isinstance(answer, str) and len(answer) > _LONGEST:
        return answer[: _LONGEST - 1] + "…"
    return answer


def _place(begin: str | None, length: int) -> int:
    if begin is None:
        return 0
    if not (begin.isascii() and begin.isdigit() and len(begin) < 10 and int(begin) < length):
        raise Invalid.at("next", "Take `next` from the answer before.")
    return int(begin)


def _part(whole: str, begin: int) -> str:
    """Quotation marks and letters beyond ASCII take more bytes: fewer characters, until it fits."""
    characters = MOST_BYTES
    while True:
        end = begin + characters
        following = str(end) if end < len(whole) else None
        part = json.dumps({"part": whole[begin:end], "next": following}, ensure_ascii=False)
        if len(part.encode()) <= MOST_BYTES:
            return part
        characters = characters * 3 // 4
