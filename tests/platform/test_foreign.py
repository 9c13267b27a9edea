"""JSON of others is read in one place, and whatever is wrong with it ends in one exception."""

import ast
from pathlib import Path

import pytest

import app
from app.okr import pointer
from app.outreach.connectors import ports
from app.platform import foreign
from app.platform.errors import Invalid
from app.platform.outbound import Answer
from app.tracking import range_lists
from app.web.experiments import form_versions
from app.web.kit import form_state
from tests.moments import NOW

HOSTILE = {
    "nothing": b"",
    "no JSON": b"<html>",
    "cut off": b'{"a": [1',
    "deep": b"[" * 100_000,
    "deep and whole": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "a long number": b'{"a": ' + b"1" * 5_000 + b"}",
    "a long number below zero": b"[-" + b"1" * 5_000 + b"]",
    "no text": b'{"a": "\xff"}',
}
OUR_OWN = {  # modules that read what nobody but we wrote
    "analysis/readout_json.py", "analysis/segments.py", "delivery/attempts.py",
    "platform/foreign.py", "platform/meter_files.py", "platform/paging.py", "platform/vault.py",
    "tracking/hit_line.py", "tracking/hit_rows.py", "tracking/ranges.py", "tracking/snapshots.py",
}  # fmt: skip


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_whatever_is_wrong_is_one_refusal_everywhere(content: bytes):
    with pytest.raises(foreign.NotJson):
        foreign.read_json(content)
    with pytest.raises(Invalid):
        pointer.number_at(content, "")
    with pytest.raises(Invalid):
        range_lists.read(content, assumed=None)
    assert ports.body_of(Answer(200, {}, content)) == {}
    if content.isascii() and content:
        with pytest.raises(Invalid):
            form_versions.rest(form_state.Typed.of(rest=content.decode("latin-1")))


@pytest.mark.parametrize(
    "said",
    [
        "Mon, 01 Jan 2026 00:00:00 +99999999999999",
        "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
        "Mon, 01 Jan 9999 00:00:00 -2359",
        "Mon, 99 Jan 2026 00:00:00 GMT",
        "-1",
        "soon",
    ],
)
def test_a_pause_that_nobody_can_mean_is_none_or_a_day(said: str):
    assert ports.retry_after(Answer(429, {"retry-after": said}, b""), now=NOW) in {0.0, 86_400.0}


def test_json_of_others_is_read_nowhere_else():
    root = Path(app.__file__).parent
    readers = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in {"loads", "load"}
        and isinstance(node.value, ast.Name)
        and node.value.id == "json"
    }

    assert readers == OUR_OWN
