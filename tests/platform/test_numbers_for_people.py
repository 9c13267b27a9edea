"""Numbers are written for people in one module: whoever formats one elsewhere is found here."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.platform import figures, paths

APP = Path(figures.__file__).parents[1]
HOME = APP / "platform" / "figures.py"
NUMBER = re.compile(r"^(?!0\d+d?$)[^%]*(?:,|\.\d|[defgn%]$|\.\{)")  # `:04` is part of a name
UNIT = re.compile(r"^ ?%|^ points?\b(?! the other way)")
# Who may, and why.
ALLOWED = {
    "audience/columns.py": "a cell's number as text, to be read again",
    "platform/written_numbers.py": "the same",
    "web/kit/form_state.py": "what stands in a form's field, to be sent again",
    "stats": "the floor imports nothing; its errors' numbers are compared with ours below",
    "delivery/mail/liquid.py": "two constants of ours in messages to authors",
    "platform/pictures/standing.py": "places in a drawing",
    "delivery/mail/chart_drawing.py": "the same",
    "okr/amounts.py": "units around figures that are ours",
}
LOGGED = re.compile(r"(?<!%)%(?!d\.%|m)[.\d]*(?:d(?![/.]|$)|[fg])\b")
DATED = re.compile(r"%[YmHM]\b")  # a day among months and hours is none of ours


def found_in(source: str) -> Iterator[tuple[int, str]]:
    """(line, what) of each number that is formatted, and each unit put behind something."""
    tree = ast.parse(source)
    logged = {id(one) for node in ast.walk(tree) if _is_log(node) for one in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in logged:
            continue
        if isinstance(node, ast.FormattedValue) and node.format_spec is not None:
            spec = _spec(node.format_spec)
            if NUMBER.search(spec):
                yield node.lineno, f"{ast.unparse(node.value)}:{spec}"
        if isinstance(node, ast.JoinedStr):
            yield from _with_unit(node)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"format", "locale.format"}:
            yield node.lineno, ast.unparse(node)
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and LOGGED.search(node.value)
            and not DATED.search(node.value)
        ):
            yield node.lineno, node.value


def _is_log(node: ast.AST) -> bool:
    """Operators read logs, and machines."""
    return isinstance(node, ast.Call) and ast.unparse(node.func).startswith("log.")


def _spec(spec: ast.expr) -> str:
    assert isinstance(spec, ast.JoinedStr)
    return "".join(str(one.value) if isinstance(one, ast.Constant) else "{" for one in spec.values)


def _with_unit(node: ast.JoinedStr) -> Iterator[tuple[int, str]]:
    for one, after in zip(node.values, node.values[1:], strict=False):
        unit = str(after.value) if isinstance(after, ast.Constant) else ""
        if isinstance(one, ast.FormattedValue) and UNIT.match(unit):
            yield node.lineno, ast.unparse(one.value) + unit[:8]


def is_allowed(path: Path) -> bool:
    place = path.relative_to(APP).as_posix()
    return path == HOME or any(place == one or place.startswith(f"{one}/") for one in ALLOWED)


@pytest.mark.parametrize(
    "source",
    ['f"{people:,} people"', 'f"{rate:.1%}"', 'f"{rate:.{digits}f}"', 'f"{x:g}"', 'f"{x} %"',
     'f"{x} points"', 'format(x, ",")', '"%d people" % x', '"%.2f" % x', 'f"{x:+.1f}"'],
)  # fmt: skip
def test_a_formatted_number_is_noticed(source: str):
    assert list(found_in(source))


@pytest.mark.parametrize(
    "source", ['f"{year:04}-{week:02}"', 'f"{now:%H:%M}"', 'f"{x}"', '"%Y-%m-%d %H:%M"']
)
def test_names_and_times_are_none(source: str):
    assert not list(found_in(source))


def test_nobody_else_formats_a_number_for_people():
    wrong = [
        f"{path.relative_to(APP)}:{line}: {what}"
        for path in sorted(APP.rglob("*.py"))
        if not is_allowed(path)
        for line, what in found_in(path.read_text())
    ]

    assert wrong == []


DRAWN = re.compile(r"<(?:rect|line|circle|polyline|polygon|path|text|svg)\b[^>]*>")
COORDINATES = re.compile(
    r"\{% macro _(?:path|stretched)\(.*?endmacro %\}|\{% (?:set|macro) .*?%\}"
    r"|\{% raw %\}.*?\{% endraw %\}",
    re.DOTALL,
)
IN_TEMPLATES = {
    "rounded": re.compile(r"\{\{[^}]*\|\s*(?:round|int|float|format)\b[^}]*\}\}"),
    "worked out": re.compile(r"\{\{[^}]*(?:100 ?\*|\* ?100)[^}]*\}\}"),
    "a percent sign of its own": re.compile(r"\}\} ?%(?!\})"),
}


def test_no_template_formats_a_number():
    wrong = []
    for path in sorted(paths.TEMPLATES.rglob("*.*")):
        text = DRAWN.sub("", COORDINATES.sub("", path.read_text()))
        wrong += [
            f"{path.relative_to(paths.TEMPLATES)}: {name}: {hit}"
            for name, rule in IN_TEMPLATES.items()
            for hit in rule.findall(text)
        ]

    assert wrong == []


def test_what_statistics_write_by_themselves_reads_as_ours():
    shares = [n / 1000 for n in range(1, 1000)] + [0.0025, 0.00125]

    assert [f"{100 * one:.6g} %" for one in shares] == [figures.limit(one) for one in shares]
    assert [f"{n:,}" for n in range(0, 10**7, 7919)] == [
        figures.count(n) for n in range(0, 10**7, 7919)
    ]
