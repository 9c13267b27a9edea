"""What the help page tells is what the code uses."""

import inspect
from importlib import import_module
from pkgutil import iter_modules

import app.stats
from app.stats import special
from app.stats.catalogue import methods

_MODULES = [import_module(f"app.stats.{one.name}") for one in iter_modules(app.stats.__path__)]


def test_every_method_has_a_key_and_a_name_of_its_own():
    found = methods()

    assert len({one.key for one in found}) == len({one.name for one in found}) == len(found)


def test_every_method_says_five_sentences_and_where_it_is_from():
    for one in methods():
        assert len(one.plainly) == 5, one.key
        assert all(sentence.strip().endswith((".", "?")) for sentence in one.plainly), one.key
        assert one.assumes, one.key
        assert one.formula, one.key
        assert one.source, one.key


def test_every_function_with_a_source_is_told_of_exactly_once():
    for module in _MODULES:
        told = [name for one in getattr(module, "METHODS", ()) for name in one.functions]
        sourced = {
            name
            for name, function in inspect.getmembers(module, inspect.isfunction)
            if function.__module__ == module.__name__
            and not name.startswith("_")
            and "Source:" in (function.__doc__ or "")
        }

        assert set(told) >= sourced, module.__name__
        assert all(callable(getattr(module, name, None)) for name in told), module.__name__


def test_a_method_that_a_library_calculates_names_a_function_that_its_module_calls():
    for module in _MODULES:
        source = inspect.getsource(module)
        for one in getattr(module, "METHODS", ()):
            if one.library:
                _, _, function = one.library.partition(", ")
                assert f"special.{function}(" in source, one.key
                assert function in vars(special)["_FROM"], one.key
