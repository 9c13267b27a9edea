"""Every method of this room, as the help page tells it."""

from importlib import import_module
from pkgutil import iter_modules

import app.stats
from app.stats.methods import Method, Topic


def methods() -> tuple[Method, ...]:
    """What the code uses, in the order of the topics: those that decide first, then by name."""
    found = [
        method
        for module in iter_modules(app.stats.__path__)
        for method in getattr(import_module(f"app.stats.{module.name}"), "METHODS", ())
    ]
    order = list(Topic)
    return tuple(sorted(found, key=lambda one: (order.index(one.topic), not one.decides, one.name)))
