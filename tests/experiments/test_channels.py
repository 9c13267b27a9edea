"""Which parts of the contract are built stands once: nothing else asks for a channel's name."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import app
from app.analysis import guardrail_sentences, guardrails
from app.experiments import design_schemas
from app.experiments.rule_schemas import GUARDRAILS
from app.experiments.vocabulary import CHANNELS, Channel, GuardrailMetric
from app.platform.errors import NotBuiltYet
from tests.cast import DESIGN

_ROOMS = Path(app.__file__).parent
_DECIDES = "experiments/unbuilt.py"


def branches(tree: ast.AST) -> Iterator[ast.expr | ast.pattern]:
    """What is compared or matched."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            yield from (node.left, *node.comparators)
        elif isinstance(node, ast.Match):
            yield node.subject
        elif isinstance(node, ast.match_case):
            yield node.pattern


def is_about_channels(node: ast.AST) -> bool:
    return any(
        (isinstance(one, ast.Attribute) and one.attr == "channel")
        or (isinstance(one, ast.Name) and one.id in {"Channel", "channel"})
        or (isinstance(one, ast.Constant) and one.value == "channel")
        for one in ast.walk(node)
    )


def test_nothing_else_branches_on_a_channel():
    found = [
        f"{path.relative_to(_ROOMS).as_posix()}:{node.lineno}"
        for path in sorted(_ROOMS.rglob("*.py"))
        if path.relative_to(_ROOMS).as_posix() != _DECIDES
        for node in branches(ast.parse(path.read_text(encoding="utf-8")))
        if is_about_channels(node)
    ]

    assert found == []


@pytest.mark.parametrize("channel", Channel)
def test_a_channel_that_is_not_built_is_refused_by_name(channel: Channel):
    asked = {**DESIGN, "audience_id": None, "channel": channel}

    if channel in CHANNELS:
        assert design_schemas.Draft.model_validate(asked).channel == channel
    else:
        with pytest.raises(NotBuiltYet, match=f"channel “{channel}”"):
            design_schemas.Draft.model_validate(asked)


def test_what_a_new_draft_takes_is_built():
    assert design_schemas.Draft.model_fields["channel"].default in CHANNELS


def test_every_guardrail_is_asked_for_counted_and_told():
    for told in (GUARDRAILS, guardrails._COUNTED, guardrail_sentences.HARMS):
        assert set(told) == set(GuardrailMetric)
