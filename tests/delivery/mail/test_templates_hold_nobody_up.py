"""Whatever an author writes costs others nothing, and ends in a sentence for its author."""

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from app.delivery.mail import content, filling, liquid
from app.delivery.mail.broken import BrokenLiquid
from app.delivery.mail.liquid import Kind
from app.delivery.models import State
from app.delivery.transports.outbox import Outbox
from app.platform.bounded import OverLimit
from app.platform.db import Database
from app.platform.errors import AppError
from tests.apart import refusing_to_wait, with_little_patience
from tests.delivery import scenes
from tests.delivery.scenes import ARM

TEN = "aaaaaaaaaa"
GROWING = {
    "a range as a list": "{{ (1..30000000) | join }}",
    "a range in a loop": "{% for i in (1..30000000) %}{{ i }}{% endfor %}",
    "replacing": '{% assign x = "a" %}' + f'{{% assign x = x | replace: "a", "{TEN}" %}}' * 12,
    "replacing nothing": '{% assign x = "a" %}' + '{% assign x = x | replace: "", x %}' * 9,
    "appending": '{% assign x = "a" %}' + "{% assign x = x | append: x %}" * 40,
    "prepending": '{% assign x = "a" %}' + "{% assign x = x | prepend: x %}" * 40,
    "joining": '{% assign x = "a" %}'
    + '{% assign x = x | append: "," | split: "" | join: x %}' * 9,
    "splitting": '{% assign x = "a" %}' + "{% assign x = x | append: x %}" * 18
    + '{{ x | split: "" }}',
    "lists": '{% assign x = "a,b" | split: "," %}' + "{% assign x = x | concat: x %}" * 30,
    "numbers": "{% assign x = 9 %}" + "{% assign x = x | times: x %}" * 40 + "{{ x }}",
    "escaping": '{% assign x = "%" %}' + "{% assign x = x | url_encode | append: x %}" * 30,
    "printing": "{% for i in (1..9999) %}" + TEN * 20 + "{% endfor %}",
    "a date's width": '{{ "2026-11-23" | date: "%1000000000Y" }}',
    "blocks in blocks": "{% if true %}" * 3000 + "{% endif %}" * 3000,
    "brackets in brackets": "{{ " + "a[" * 5000 + "0" + "]" * 5000 + " }}",
    "conditions": "{% if " + "a or " * 5000 + "a %}x{% endif %}",
}  # fmt: skip
NAMES = sorted(liquid._TEXT.filters)
VALUES: dict[str, object] = {
    "text": "x", "nan": float("nan"), "inf": float("inf"), "huge": 10**400, "deep": [[[]]],
    "people": [{"name": "Ann"}, None, 3], "pairs": {"a": 1}, "yes": True, "long": "é" * 90_000,
}  # fmt: skip


def said(source: str, **row: object) -> str:
    try:
        return filling.text(source).fill(row)
    except (BrokenLiquid, OverLimit) as error:
        return f"refused: {error}"


@pytest.mark.parametrize("source", GROWING.values(), ids=GROWING)
def test_what_grows_is_refused_before_it_has_grown(source: str):
    found = said(source)

    assert len(found) < 1_000_000
    assert found.startswith("refused: ") or "x" in found or found == ""


def test_twenty_thousand_openings_are_a_sentence(monkeypatch: pytest.MonkeyPatch):
    with with_little_patience(monkeypatch):
        assert said("{{" * 20_000).startswith("refused: ")


@pytest.mark.parametrize("name", NAMES)
def test_every_filter_takes_every_value_or_says_why_not(name: str):
    calls = ["", ": y", ": y, y", ": 'name', y", ": 1000000000", ": -1", ": '%', 'name'"]
    sources = [(Kind.TEXT, f"{{{{ x | {name}{call} }}}}") for call in calls]

    found = [
        answer
        for source in sources
        for one in VALUES.values()
        for other in VALUES.values()
        for answer in liquid.fill_all([source], [{"x": one, "y": other}])
    ]

    assert len(found) == len(sources) * len(VALUES) ** 2
    assert all(isinstance(one, AppError) or len(one[0]) <= 1_000_000 for one in found)


def test_one_cell_that_a_template_cannot_take_keeps_one_person_out():
    rows = [{"hours": "7.4"}, {"hours": "NaN"}, {"hours": "2"}]

    first, second, third = filling.fill_all([filling.text("{{ hours | round }}")], rows)

    assert (first, third) == (["7"], ["2"])
    assert isinstance(second, BrokenLiquid)


def test_more_than_an_answer_holds_comes_in_several():
    filler = filling.text("{{ x | upcase }}")
    rows = [{"x": f"{number}{'x' * 90_000}"} for number in range(120)]

    found = filling.fill_all([filler], rows)

    assert [one[0][:4] for one in found if isinstance(one, list)] == [
        f"{number}XXXX"[:4] for number in range(120)
    ]


@pytest.mark.parametrize(
    "body", ["[" * 60_000, "> " * 60_000, "*a_ " * 40_000, "[a](" * 40_000, "- " * 60_000]
)
def test_markdown_is_read_or_refused_and_the_next_is_read(
    body: str, monkeypatch: pytest.MonkeyPatch
):
    with with_little_patience(monkeypatch):
        with suppress(OverLimit):
            content.examine(body)

        assert content.examine("*a*")[0].html == "<p><em>a</em></p>\n"


@pytest.mark.parametrize(
    "body",
    [
        "| a |\n|---|\n" + "{% if x %}\n" * 2000 + "| b |",
        "| a |\n|---|\n" + "{% if x %}\n| b |\n{% endif %}\n" * 1000,
        "{% if x %}\n- a\n" * 1000,
        "{% if x %}\n- a\n" * 500 + "{% endif %}\n- b\n" * 500,
        "https://x.example/" + ".)" * 10_000,
        "https://x.example/a " * 2000,
    ],
)
def test_long_tables_lists_and_addresses_are_read_in_time(body: str):
    assert content.examine(body)[0].html


def test_a_send_with_liquid_waits_for_no_template_in_a_transaction(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    body = "{% if euros > 40 %}{{ name | upcase }}{% endif %} [x](https://x.example)"
    with refusing_to_wait(monkeypatch) as asked:
        scenes.launched(database, people=60, arms=[ARM | {"body": body}])
        asyncio.run(scenes.run(scenes.sender(database, tmp_path, Outbox(database))))

    assert scenes.states(database) == [State.SENT] * 60
    assert asked.count("fill_all") == 2  # for fifty people, and for ten


def test_what_is_too_slow_fails_with_its_reason(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    slow = "{% for i in (1..9999) %}{{ (1..9000) | sum }}{% endfor %} [x](https://x.example)"
    scenes.launched(database, people=3, arms=[ARM | {"body": slow}])
    with with_little_patience(monkeypatch):
        asyncio.run(scenes.run(scenes.sender(database, tmp_path, Outbox(database))))

    assert scenes.states(database) == [State.FAILED] * 3
    assert {one.last_reply for one in scenes.sends(database)} == {
        "The mail could not be made: It takes longer than 0.3 seconds, so it was stopped."
    }


@pytest.mark.parametrize("sign", ["x", "<"])
@pytest.mark.parametrize("written", ["{{ x }}", "{{ x | append: '' }}"], ids=["joined", "Liquid"])
def test_one_cell_in_many_places_is_refused_before_it_has_grown(written: str, sign: str):
    row = {"x": sign * 100_000}

    html = filling.fill_all([filling.html(written * 12)], [row])[0]
    text = filling.fill_all([filling.text(written * 9)], [row])[0]

    assert isinstance(html, BrokenLiquid)
    assert isinstance(text, list)
    assert len(text[0]) == 900_000
