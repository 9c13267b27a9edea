"""What is defined in the product and named nowhere in it: `python -m tests.unused`, exit 1 if any.

Vulture looks; tests are no users, templates are. It goes by names, so it misses a function whose
name something else has: those that stand at the top of a module are followed from module to module
in `tests/test_reached.py`.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import jinja2
from jinja2 import nodes
from vulture import Vulture

ROOT = Path(__file__).parent.parent
# Handed to FastAPI, Typer, pydantic and SQLAlchemy by what stands above them.
HANDED_ON = [
    *(f"@*.{verb}" for verb in ("get", "post", "put", "patch", "delete", "command", "callback")),
    "@field_validator", "@model_validator", "@*.listens_for",
]  # fmt: skip
ALLOWED = {
    # Methods that a library calls by their names.
    "render_to_output": "Liquid renders a node by it",
    "main_loop": "uvicorn's server runs it",
    "__getattr__": "Python asks a module by it for a name that it does not hold",
    "eof_received": "asyncio's protocol",
    "on_message_begin": "httptools", "on_url": "httptools", "on_header": "httptools",
    "on_message_complete": "httptools",
    "process_bind_param": "SQLAlchemy's types", "process_result_value": "SQLAlchemy's types",
    "smtp_LHLO": "aiosmtpd", "handle_RCPT": "aiosmtpd", "handle_DATA": "aiosmtpd",
    "handle_exception": "aiosmtpd",
    "handle_starttag": "html.parser", "handle_endtag": "html.parser", "handle_data": "html.parser",
    "handle_startendtag": "html.parser", "handle_entityref": "html.parser",
    "handle_charref": "html.parser", "handle_decl": "html.parser", "unknown_decl": "html.parser",
    "raise_for_status": "Authlib's client asks an answer by it",
    # Attributes that a library reads.
    "validateLink": "markdown-it asks it",
    "tempdir": "the standard library's folder for uploads", "read_only": "psycopg's connection",
    "mtime": "tarfile writes it",
    "autocommit": "the driver's connection", "isolation_level": "the driver's connection",
    "handlers": "logging's root",
    # Declared for a check of ours.
    "ROOMS": "imports the rooms, so that their tables are known",
    "OURS": "tests/privacy/test_registry.py holds every column of text to it",
    "rule_schemas": "annotations name it as text, for it imports this module",
}  # fmt: skip


def named_in_templates() -> set[str]:
    """Every name that a template asks for: of a page, of a value, of a filter."""
    templates = jinja2.Environment(autoescape=True)
    found: set[str] = set()
    for path in (ROOT / "templates").rglob("*"):
        if path.is_file() and path.suffix in {".html", ".txt"}:
            parsed = templates.parse(path.read_text(encoding="utf-8"))
            found |= {one.attr for one in parsed.find_all(nodes.Getattr)}
            found |= {one.name for one in parsed.find_all(nodes.Name)}
            found |= {one.name for one in parsed.find_all(nodes.Filter)}
            found |= {one.name for one in parsed.find_all(nodes.Test)}
    return found


def written_whole() -> set[str]:
    """Fields of rows, answers, readouts and sets of words: they leave together, by no name.

    Those of pages are left out: only a template can want them.
    """
    found: set[str] = set()
    for path in (ROOT / "app").rglob("*.py"):
        if "web" not in path.relative_to(ROOT).parts:
            for one in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(one, ast.ClassDef):
                    found |= set(_fields_of(one))
    return found


def _fields_of(owner: ast.ClassDef) -> Iterator[str]:
    if any(key.arg == "table" for key in owner.keywords):
        yield owner.name  # in the database, and read there by statements
    for one in owner.body:
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
            yield one.target.id
        elif isinstance(one, ast.Assign):
            yield from (target.id for target in one.targets if isinstance(target, ast.Name))


def unused() -> list[str]:
    """Where, what and of which kind; and what is allowed that nothing is left of."""
    looked = Vulture(ignore_decorators=HANDED_ON)
    looked.scavenge([str(ROOT / "app")])
    others = sorted(named_in_templates() | written_whole())
    looked.scan("\n".join(f"_.{name}" for name in others if name.isidentifier()))
    found = looked.get_unused_code()
    idle = sorted(set(ALLOWED) - {one.name for one in found})
    return [
        f"{Path(one.filename).relative_to(ROOT)}:{one.first_lineno}: unused {one.typ} “{one.name}”"
        for one in found
        if one.name not in ALLOWED
    ] + [f"tests/unused.py: “{name}” is allowed, and nothing needs it" for name in idle]


def main() -> int:
    found = unused()
    sys.stdout.writelines(f"{one}\n" for one in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
