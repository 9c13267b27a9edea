"""YAML that somebody brings, as plain values."""

from typing import Any

import yaml

from app.platform import figures
from app.platform.errors import Invalid

_SHOWN = 60  # characters of a name in a sentence
_DEEPEST = 40  # lists in lists; the deepest filter of a template needs half of it
_Fast: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # C reads 1 MB within a second


class _Loader(_Fast):  # type: ignore[misc]  # nobody says what it is
    """Takes a name once: of two values nobody can say which one is meant."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - yaml's
        """A mapping. Raises Invalid."""
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    line = figures.count(key.start_mark.line + 1)
                    raise Invalid(f"“{key.value[:_SHOWN]}” stands twice, again in line {line}.")
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def read(text: str) -> Any:
    """What the YAML says: plain values, nested as deep as a playbook is, written out once each.

    A child process reads it, within limits.
    """
    try:
        depth = 0
        for event in yaml.parse(text, Loader=_Loader):
            if isinstance(event, yaml.AliasEvent):  # a small file, a huge one
                raise Invalid("A playbook has no YAML aliases (*name): write the value out.")
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                raise Invalid("It is nested deeper than any part of a playbook.")
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - the safe one, written in C or not
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # as a date that is none
        place = getattr(error, "problem_mark", None)
        where = f" in line {place.line + 1}" if place else ""
        raise Invalid(f"This is not YAML: something is wrong{where}.") from error
