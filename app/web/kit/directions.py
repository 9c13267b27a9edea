"""Text that turns the direction of writing ends where it ends: what follows on a page is ours."""

import re

# Unicode's UAX #9: what opens an embedding, an override or an isolate, and what closes it.
_EMBEDDED, _ISOLATED = "\u202c", "\u2069"
_CLOSES = dict.fromkeys("\u202a\u202b\u202d\u202e", _EMBEDDED)
_CLOSES |= dict.fromkeys("\u2066\u2067\u2068", _ISOLATED)
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")


def closed(value: object) -> object:
    """The same text, with whatever it opens closed; anything else as it is."""
    if not isinstance(value, str) or value.isascii():
        return value
    return value + _missing(value)


def _missing(text: str) -> str:
    awaited: list[str] = []
    for sign in _TURNING.findall(text):
        if sign in _CLOSES:
            awaited.append(_CLOSES[sign])
        elif sign == _ISOLATED and sign in awaited:  # it closes what was opened inside it, too
            del awaited[len(awaited) - 1 - awaited[::-1].index(sign) :]
        elif awaited and awaited[-1] == sign:
            awaited.pop()
    return "".join(reversed(awaited))
