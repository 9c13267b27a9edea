"""One registry: what depends on a metric's kind stands in its row, and nowhere else."""

import ast
from collections.abc import Iterator
from pathlib import Path

import app
from app.experiments.metrics import METRICS, READINGS
from app.experiments.vocabulary import MetricKind, RuleKind

_ROOMS = Path(app.__file__).parent
_KINDS = {kind.value for kind in MetricKind} | {kind.name for kind in MetricKind}
_REGISTRY = {"experiments/metrics.py", "experiments/terms.py"}


def _compared(tree: ast.AST) -> Iterator[ast.AST]:
    """What is compared, looked up in a mapping that is written out, or matched."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            yield from (node.left, *node.comparators)
        elif isinstance(node, ast.Dict):
            yield from (key for key in node.keys if key is not None)
        elif isinstance(node, ast.match_case):
            yield node.pattern


def _names_a_kind(node: ast.AST) -> bool:
    return any(
        (isinstance(one, ast.Constant) and one.value in _KINDS)
        or (isinstance(one, ast.Attribute) and one.attr in _KINDS)
        for one in ast.walk(node)
        if not (isinstance(one, ast.Constant) and not isinstance(one.value, str))
    )


def test_nothing_else_compares_kinds_of_metrics():
    found = [
        f"{path.relative_to(_ROOMS)}:{node.lineno}"  # type: ignore[attr-defined]  # every expression has one
        for path in sorted(_ROOMS.rglob("*.py"))
        if path.relative_to(_ROOMS).as_posix() not in _REGISTRY
        for node in _compared(ast.parse(path.read_text(encoding="utf-8")))
        if _names_a_kind(node)
    ]

    assert [one for one in found if not one.startswith("experiments/unbuilt.py")] == []


def test_every_method_of_a_metric_fits_the_rule_it_stands_under():
    for row in METRICS.values():
        for rule, methods in row.methods.items():
            assert methods
            assert all(rule in READINGS[method].kinds for method in methods)


def test_every_built_kind_has_a_row_and_every_method_a_reading():
    assert set(METRICS) == set(MetricKind) - {MetricKind.REPORTED_RATE}
    assert {rule for row in READINGS.values() for rule in row.kinds} == set(RuleKind)
