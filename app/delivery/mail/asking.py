"""What conditions ask for alone, `{% if vip %}`, wherever it was put before by assign or for."""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from liquid import BoundTemplate
from liquid.ast import Node
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.tags.assign_tag import AssignNode
from liquid.builtin.tags.for_tag import ForNode
from liquid.expression import Expression

from app.delivery.mail.comparing import Truth, nodes_of

# What these filters give may be false or missing; whatever any other one gives is always so.
_MAY_BE_FALSE = frozenset({"first", "last", "find", "has", "where", "map", "find_index", "compact"})
_KEEPS = "default"  # gives the cell itself, where there is one


class Source(NamedTuple):
    """Where a value comes from: a name, as it is or as a filter made it anew."""

    name: str
    is_made: bool


class Asked(NamedTuple):
    """The names of which a condition asks nothing but whether they are so."""

    alone: frozenset[str]
    made: frozenset[str]  # after a filter, which gives something whatever the cell says


def asked(template: BoundTemplate) -> Asked:
    """Of every name that a template expects from outside."""
    local = _assigned(template)
    sources = {
        source
        for node in nodes_of(template)
        for expression in node.expressions()
        for truth in _truths(expression)
        for source in _followed(_named(truth), local)
    }
    return Asked(
        frozenset(one.name for one in sources if not one.is_made),
        frozenset(one.name for one in sources if one.is_made),
    )


def _assigned(template: BoundTemplate) -> dict[str, set[Source]]:
    """What each name of the template's own may hold."""
    found: defaultdict[str, set[Source]] = defaultdict(set)
    for node in nodes_of(template):
        for name, source in _put(node):
            found[name].add(source)
    return found


def _put(node: Node) -> Iterator[tuple[str, Source]]:
    if isinstance(node, AssignNode):
        for source in _sources(node.expression):
            yield str(node.name), source
    elif isinstance(node, ForNode):
        loop = node.expression
        for source in _sources(loop.iterable):
            yield str(loop.identifier), source


def _sources(expression: Expression) -> Iterator[Source]:
    filters: list[str] = []
    if isinstance(expression, FilteredExpression):
        filters = [one.name for one in expression.filters or ()]
        expression = expression.left
    if not _MAY_BE_FALSE.intersection(filters):
        is_made = any(name != _KEEPS for name in filters)
        yield from (Source(name, is_made) for name in _named(expression))


def _followed(names: list[str], local: dict[str, set[Source]]) -> set[Source]:
    """What names stand for in the end; a name may be set from itself."""
    sources: set[Source] = set()
    waiting = [Source(name, is_made=False) for name in names]
    while waiting:
        source = waiting.pop()
        if source in sources:
            continue
        sources.add(source)
        waiting += [
            Source(name, source.is_made or made) for name, made in local.get(source.name, ())
        ]
    return sources


def _named(expression: Expression) -> list[str]:
    plain = expression.plain if isinstance(expression, Truth) else expression
    return [str(plain)] if isinstance(plain, Path) and len(plain.path) == 1 else []


def _truths(expression: Expression) -> Iterator[Truth]:
    if isinstance(expression, Truth):
        yield expression
        return
    for child in expression.children():
        yield from _truths(child)
