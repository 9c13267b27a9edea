"""Every statistic shows one example in its docstring, and what comes out is what stands there."""

from doctest import DocTest, DocTestFinder, DocTestRunner
from importlib import import_module
from inspect import unwrap
from pkgutil import iter_modules

import pytest

import app.stats


def examples() -> dict[str, DocTest]:
    """The docstring of every function that the help page tells of."""
    found = {}
    for module in map(
        import_module, (f"app.stats.{one.name}" for one in iter_modules(app.stats.__path__))
    ):
        for method in getattr(module, "METHODS", ()):
            for name in method.functions:
                (test,) = DocTestFinder(recurse=False, exclude_empty=False).find(
                    unwrap(getattr(module, name)), name, globs=dict(vars(module))
                )
                found[f"{module.__name__}.{name}"] = test
    return found


EXAMPLES = examples()


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_statistic_shows_an_example_that_is_true(name: str):
    said: list[str] = []

    done = DocTestRunner(verbose=False).run(EXAMPLES[name], out=said.append)

    assert done.attempted > 0, "no example"
    assert done.failed == 0, "".join(said)
