"""Every sentence of ours that goes through a catalogue: in templates, and in Python."""

import ast
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, nodes

from app.experiments.vocabulary import MailKind
from app.languages import error_words
from app.languages.words import words_of
from app.web.public import mail_kinds

ROOT = Path(__file__).parents[1]
TEMPLATES = ROOT / "templates"
# What customers and respondents see of ours.
SPOKEN = (
    *sorted(path for path in (TEMPLATES / "public").rglob("*.html")
            if path.name not in {"readout.html", "week.html"}),  # of the team, for the team
    *sorted((TEMPLATES / "mail" / "experiment").iterdir()),
)  # fmt: skip
SAYS = {"say", "counted"}


def sentences() -> list[str]:
    """All of them, each once, in order."""
    kinds = mail_kinds.lines(dict.fromkeys(MailKind, True), words_of(None))
    found = [*(said for one in kinds for said in (one.name, one.about)), *error_words.EVERY]
    for path in SPOKEN:
        found += in_template(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "app").rglob("*.py")):
        found += _in_python(path.read_text(encoding="utf-8"))
    return list(dict.fromkeys(found))


def in_template(source: str) -> Iterator[str]:
    tree = Environment().parse(source)
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Getattr) and call.node.attr in SAYS:
            for one in call.args:
                if isinstance(one, nodes.Const) and isinstance(one.value, str):
                    yield one.value


def _in_python(source: str) -> Iterator[str]:
    if ".say(" not in source:
        return
    tree = ast.parse(source)
    named = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name) and isinstance(node.value.value, str)
    }
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        if call.func.attr in SAYS and call.args:
            said = call.args[0]
            if isinstance(said, ast.Constant):
                yield str(said.value)
            elif isinstance(said, ast.Name) and said.id in named:
                yield str(named[said.id])
