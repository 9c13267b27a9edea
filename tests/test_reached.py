"""No definition stands in the product that nothing of the product reaches."""

import ast
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

from tests.reached import Module, Product, run_by_itself

ROOT = Path(__file__).parent.parent
_FROM_STATISTICS = ("app.analysis", "app.experiments", "app.okr")
_TOLD_BY_NAME = {
    ("app.api.problems", "of_app_error"): "`main` hands the module to the pages, which ask it",
    ("app.api.problems", "of_validation"): "as above",
    ("app.api.problems", "of_status"): "as above",
    ("app.privacy.registry", "ROOMS"): "imports the rooms, so that their tables are known",
    ("app.privacy.registry", "NAMES"): "tests/privacy/test_registry.py holds columns of text to it",
    ("app.privacy.registry", "OURS"): "as above",
    ("app.tracking.destinations", "__all__"): "for mypy: names that are handed on",
}


@cache
def product() -> Product:
    return Product(ROOT / "app")


def of_the_product(module: Module) -> Iterator[ast.AST]:
    """What runs by itself, and what is called by something that no name leads to."""
    if not module.name.startswith("app.stats."):  # a help page's entry is no use
        yield from run_by_itself(module)
    for where, name in _TOLD_BY_NAME:
        if where == module.name:
            yield from module.definitions[name]


def test_every_definition_is_reached():
    found = product()
    told = {
        (module.name, name)
        for module in found.modules.values()
        if module.name.startswith("app.stats.")
        for name, (statement, *_) in module.definitions.items()
        if name == "METHODS" or _is_method(statement)
    }

    assert found.definitions - found.reached(of_the_product) - told - set(_TOLD_BY_NAME) == set()


def test_nothing_is_excepted_that_a_name_leads_to():
    found = product()

    assert found.reached(run_by_itself) & set(_TOLD_BY_NAME) == set()
    assert set(_TOLD_BY_NAME) <= found.definitions


def test_the_methods_told_of_are_those_that_calculate_and_no_others():
    found = product()
    told = {
        (where, name)
        for where in found.modules
        if where.startswith("app.stats.")
        for method in getattr(import_module(where), "METHODS", ())
        for name in method.functions
    }

    def callers(module: Module) -> Iterator[ast.AST]:
        if module.name.startswith(_FROM_STATISTICS):
            yield module.tree

    called = found.reached(callers)
    calculating = {(where, name) for where, name in called if _calculates(found, where, name)}

    assert told == calculating


def _is_method(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Assign)
        and isinstance(statement.value, ast.Call)
        and ast.unparse(statement.value.func) == "Method"
    )


def _calculates(found: Product, where: str, name: str) -> bool:
    """A public function of the statistics whose docstring names its source."""
    (definition, *_) = found.modules[where].definitions[name]
    return (
        where.startswith("app.stats.")
        and isinstance(definition, ast.FunctionDef)
        and not name.startswith("_")
        and "Source:" in (ast.get_docstring(definition) or "")
    )
