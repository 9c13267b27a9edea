"""Draws what needs no page around it: macros that use figures alone."""

from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.platform import figures, paths


def drawn(macro: str, *given: object) -> str:
    """What a macro of kit/interval.html draws."""
    return str(getattr(_environment().get_template("kit/interval.html").module, macro)(*given))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(paths.TEMPLATES), undefined=StrictUndefined, autoescape=True
    )
    environment.filters |= {
        "ticks": figures.ticks, "axis": figures.axis, "limit": figures.limit,
    }  # fmt: skip
    return environment
