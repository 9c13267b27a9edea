"""What a user wrote is worked on before anything is changed, and fails as a sentence."""

from typing import Any

import pytest

from tests.apart import refusing_to_wait, with_little_patience
from tests.api.conftest import Api
from tests.cast import DESIGN

WORDS = "{% if euros > 40 %}{{ name | upcase }}{% endif %} [Show](https://x.example/{{ name }})"
ARM = DESIGN["arms"][0]
SLOW = "{% for i in (1..9999) %}{{ (1..9000) | sum }}{% endfor %} [Show](https://x.example)"
YAML = {
    "aliases": "thinslice_playbook: 1\na: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
    "brackets": "thinslice_playbook: 1\ncycle: " + "[" * 5_000,
    "brackets that close": "thinslice_playbook: 1\ncycle: " + "[" * 5_000 + "]" * 5_000,
    "maps": "".join(" " * depth + "a:\n" for depth in range(300)),
    "flow maps": "{a: " * 3_000,
    "a day that is none": "thinslice_playbook: 1\ncycle: 2026-13-45\n",
    "a name twice": "thinslice_playbook: 1\nobjectives: []\nobjectives: [{title: x}]\n",
    "a number in sixties": "thinslice_playbook: 1\na: 1" + ":59" * 100_000 + ".5\n",
    "a tag": "!!python/object/apply:os.system ['true']",
}


def written(api: Api, audience_id: str, body: str) -> str:
    design = DESIGN | {"audience_id": audience_id, "arms": [ARM | {"body": body}]}
    return f"/experiments/{api.made('/experiments', design)['id']}"


def test_nobody_waits_while_templates_are_filled(
    api: Api, audience_id: str, ann: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(api, audience_id, WORDS)
    with refusing_to_wait(monkeypatch) as asked:
        api.read(f"{path}/checklist")
        api.read(f"{path}/plan")
        api.made(f"{path}/test-send", {"to": ann})
        api.made(f"{path}/launch")

    assert {"fill_all", "columns_of", "_examined"} <= set(asked)


def test_a_template_that_never_ends_is_a_line_of_the_checklist(
    api: Api, audience_id: str, ann: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(api, audience_id, SLOW)
    with with_little_patience(monkeypatch):
        items: list[dict[str, Any]] = api.read(f"{path}/checklist")["items"]
        sent, launched = api.post(f"{path}/test-send", {"to": ann}), api.post(f"{path}/launch")

    said = [one["message"] for one in items if one["id"].startswith("unwritable")]
    assert "longer than 0.3 seconds" in said[0]
    assert (sent.status_code, launched.status_code) == (422, 409)


@pytest.mark.parametrize("text", YAML.values(), ids=YAML)
def test_a_playbook_that_is_none_is_refused_while_nobody_waits(
    api: Api, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    with refusing_to_wait(monkeypatch) as asked:
        answer = api.post("/playbooks", {"yaml": text, "name": "Q1", "starts": "2027-01-01"})

    assert (answer.status_code, asked) == (422, ["read"])
    assert api.made("/cycles", {"name": "Q1", "starts": "2027-01-01", "ends": "2027-03-31"})
