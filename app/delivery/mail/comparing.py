"""Conditions of a template that compare cells by what they say, not by how they were typed."""

from collections.abc import Iterator, Mapping

from liquid import BoundTemplate, RenderContext
from liquid.ast import Node
from liquid.builtin.expressions import BooleanExpression
from liquid.builtin.expressions import logical as parsed
from liquid.builtin.tags.case_tag import MultiExpressionBlockNode
from liquid.expression import Expression

from app.delivery.mail import cells

_SIGNS: Mapping[type[Expression], str] = {
    parsed.EqExpression: "==",
    parsed.NeExpression: "!=",
    parsed.LtExpression: "<",
    parsed.GtExpression: ">",
    parsed.LeExpression: "<=",
    parsed.GeExpression: ">=",
}


class _Compared(Expression):
    """A comparison: of cells by value, of anything else as Liquid has it."""

    __slots__ = ("plain", "sign")

    def __init__(self, plain: Expression, sign: str) -> None:
        super().__init__(plain.token)
        self.plain, self.sign = plain, sign

    def __str__(self) -> str:
        return str(self.plain)

    def evaluate(self, context: RenderContext) -> object:
        left, right = (side.evaluate(context) for side in self.plain.children())
        found = cells.compared(self.sign, left, right)
        return self.plain.evaluate(context) if found is None else found

    def children(self) -> list[Expression]:
        return list(self.plain.children())


class Truth(Expression):
    """A cell asked for alone: one that says no is false."""

    __slots__ = ("plain",)

    def __init__(self, plain: Expression) -> None:
        super().__init__(plain.token)
        self.plain = plain

    def __str__(self) -> str:
        return str(self.plain)

    def evaluate(self, context: RenderContext) -> object:
        return cells.truth(self.plain.evaluate(context))

    def children(self) -> list[Expression]:
        return [self.plain]


class _Alternatives(Expression):
    """What a `when` offers: each is compared as in `if`."""

    __slots__ = ("offered", "plain")

    def __init__(self, plain: Expression, left: Expression) -> None:
        super().__init__(plain.token)
        self.plain = plain
        self.offered = [
            _Compared(parsed.EqExpression(plain.token, left, right), "==")
            for right in plain.children()
        ]

    def __str__(self) -> str:
        return str(self.plain)

    def evaluate(self, context: RenderContext) -> list[bool]:
        return [bool(compared.evaluate(context)) for compared in self.offered]

    def children(self) -> list[Expression]:
        return list(self.plain.children())


def by_value(template: BoundTemplate) -> BoundTemplate:
    """Let every condition of a template ask for values; the same template."""
    for node in nodes_of(template):
        for condition in (
            found for expression in node.expressions() for found in _conditions(expression)
        ):
            condition.expression = _typed(condition.expression)
        if isinstance(node, MultiExpressionBlockNode):
            offered = _Alternatives(node.expression, node.expression.left)
            node.expression = offered  # type: ignore[assignment]  # it answers the same
    return template


def nodes_of(template: BoundTemplate) -> Iterator[Node]:
    """Every part of a template, in its order."""
    context = RenderContext(template)
    for top in template.nodes:
        yield from _nodes(top, context)


def _nodes(node: Node, context: RenderContext) -> Iterator[Node]:
    yield node
    for child in node.children(context, include_partials=False):
        yield from _nodes(child, context)


def _conditions(expression: Expression) -> Iterator[BooleanExpression]:
    if isinstance(expression, BooleanExpression):
        yield expression
        return
    for child in expression.children():
        yield from _conditions(child)


def _typed(expression: Expression) -> Expression:
    if isinstance(expression, (parsed.LogicalAndExpression, parsed.LogicalOrExpression)):
        expression.left, expression.right = _typed(expression.left), _typed(expression.right)
        return expression
    if isinstance(expression, parsed.LogicalNotExpression):
        expression.right = _typed(expression.right)
        return expression
    sign = _SIGNS.get(type(expression))
    return _Compared(expression, sign) if sign else Truth(expression)
