"""What is a person's own is declared in one place: one line more there is a column everywhere."""

import ast
from collections.abc import Iterator
from pathlib import Path

from app.audience.own import EMPTY, OWN, REQUIRED, Kept
from tests.one_more_line import told_with

ROOT = Path(__file__).parents[3]
APP = ROOT / "app"
STORY = "tests/web/audiences/with_one_more_column.py"
DECLARED = "audience/own.py"
MANY = 3  # of its names in one place are a list of them


def test_a_column_that_is_declared_is_in_every_place():
    told = told_with("tests.web.audiences.one_more_column", STORY)

    assert told.returncode == 0, told.stdout[-3000:]


def test_nothing_else_spells_the_list():
    found = {
        f"{path.relative_to(APP).as_posix()}:{line}": names
        for path in sorted(APP.rglob("*.py"))
        for line, names in spelled(ast.parse(path.read_text(encoding="utf-8")))
        if path.relative_to(APP).as_posix() != DECLARED
    }

    assert found == {}


def spelled(tree: ast.Module) -> Iterator[tuple[int, list[str]]]:
    """Lists, calls, tables and classes that name several of a person's own columns."""
    for node in ast.walk(tree):
        names = sorted({name for name in named(node) if name in OWN})
        if len(names) >= MANY:
            yield getattr(node, "lineno", 0), names


def named(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            yield from (one for part in parts for one in of_argument(part))
        case ast.Dict(keys=keys):
            yield from filter(None, map(word, keys))
        case ast.Call(args=parts, keywords=keywords):
            yield from (one for part in parts for one in of_argument(part))
            yield from (one.arg for one in keywords if one.arg)
        case ast.ClassDef(body=body):
            yield from (
                one.target.id
                for one in body
                if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
            )


def of_argument(part: ast.expr) -> Iterator[str]:
    """`col(Person.name)` and `Person.name`, too."""
    yield from filter(None, [word(part)])
    if isinstance(part, ast.Call):
        yield from filter(None, map(word, part.args))


def word(part: ast.expr | None) -> str | None:
    if isinstance(part, ast.Constant) and isinstance(part.value, str):
        return part.value
    return part.attr if isinstance(part, ast.Attribute) else None


def test_only_the_address_has_to_be_there_and_is_kept_as_it_is_written():
    assert REQUIRED == ("email",)
    assert [name for name, one in OWN.items() if one.kept is Kept.ADDRESS] == ["email"]
    assert EMPTY.keys() == OWN.keys() - set(REQUIRED)


def test_no_header_means_two_columns():
    headers = [header for one in OWN.values() for header in one.headers]

    assert len(headers) == len(set(headers))


def test_every_consent_says_what_it_allows():
    assert [
        name for name, one in OWN.items() if bool(one.asked) != (one.kept is Kept.CONSENT)
    ] == []
