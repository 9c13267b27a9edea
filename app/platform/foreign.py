"""JSON that others wrote: whatever is wrong with it, there is one exception, with words."""

import json
from collections.abc import Callable
from typing import Any

Pairs = list[tuple[str, Any]]


class NotJson(ValueError):
    """What came cannot be read; the text says why, the number says where."""

    def __init__(self, why: str, line: int = 1) -> None:
        super().__init__(why)
        self.line = line


def read_json(
    content: str | bytes,
    *,
    constant: Callable[[str], Any] | None = None,
    pairs: Callable[[Pairs], Any] | None = None,
    number: Callable[[str], Any] | None = None,
) -> Any:
    """What it says. `constant` sees NaN and its like, `pairs` each object, as it is written.

    `number` sees each number, as it is written.

    Raises NotJson, or what these two raise of its kind.
    """
    try:
        return json.loads(
            content,
            parse_constant=constant,
            object_pairs_hook=pairs,
            parse_float=number,
            parse_int=number,
        )
    except NotJson:
        raise
    except json.JSONDecodeError as error:
        raise NotJson(error.msg, error.lineno) from error
    except UnicodeDecodeError as error:
        raise NotJson("it is not text (UTF-8)") from error
    except ValueError as error:
        raise NotJson("a number has thousands of digits") from error
    except RecursionError as error:
        raise NotJson("it is nested too deep") from error
