"""A page says “Saved.” of what somebody typed, and what happened of anything else."""

import ast
from collections.abc import Iterator
from pathlib import Path

from app import web
from app.web.kit.formatting import SAID

HERE = Path(web.__file__).parent


def said() -> Iterator[tuple[str, set[str], str]]:
    """Each handler of a page with what it takes, and what it says has happened."""
    for path in HERE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                taken = {one.arg for one in (*node.args.args, *node.args.kwonlyargs)}
                for call in ast.walk(node):
                    if isinstance(call, ast.keyword) and call.arg == "said":
                        for one in ast.walk(call.value):
                            if isinstance(one, ast.Constant) and isinstance(one.value, str):
                                yield f"{path.stem}.{node.name}", taken, one.value


def test_only_what_was_typed_is_saved():
    found = list(said())

    assert len(found) > 40
    assert [name for name, taken, word in found if word == "saved" and "form" not in taken] == []
    assert {word for _, _, word in found if word} <= set(SAID)
