"""The methods behind the numbers, for pages that explain them."""

from dataclasses import dataclass

from app.stats.catalogue import methods
from app.stats.methods import Method


@dataclass(frozen=True, slots=True)
class Chapter:
    """One question, and the methods that answer it."""

    title: str
    methods: tuple[Method, ...]


def chapters() -> tuple[Chapter, ...]:
    """Every method that the code uses, by the question that it answers."""
    found: dict[str, list[Method]] = {}
    for method in methods():
        found.setdefault(method.topic.value, []).append(method)
    return tuple(Chapter(title, tuple(some)) for title, some in found.items())


def key_of(name: str) -> str | None:
    """The anchor of a method by the name that stands beside a number."""
    return next((method.key for method in methods() if method.name == name), None)
