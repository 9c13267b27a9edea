"""What the checklist says about a mail before anybody gets it."""

from typing import Any

import pytest

from app.delivery.mail.lint import ContentLint
from app.experiments.design_schemas import Draft
from app.platform.config import Settings
from tests.delivery import scenes
from tests.delivery.scenes import ARM, SETTINGS

READY = {"audience_id": "a", "metric": {"kind": "click_rate"}}


def problems(settings: Settings = SETTINGS, arm: dict[str, Any] | None = None, **changes: Any):
    document = scenes.design(arms=[ARM | (arm or {})], **(READY | changes))
    found = ContentLint(settings).problems(Draft.model_validate(document))
    return {problem.id: problem for problem in found}


def test_a_sound_mail_has_nothing_to_mend():
    assert problems() == {}


@pytest.mark.parametrize(
    ("arm", "expected"),
    [
        ({"subject": " "}, "subject_missing"),
        ({"body": ""}, "body_missing"),
        ({"body": "Hello {{ name }"}, "liquid_broken"),
        ({"subject": "{% if %}"}, "liquid_broken"),
        ({"answer": "{{ x | nonsense }}"}, "liquid_broken"),
        ({"body": "no link here"}, "no_link"),
        ({"body": "[a](https://{{ host }}/x)"}, "host_from_data"),
        ({"body": "[a]({{ url }})"}, "host_from_data"),
        ({"body": "[a](javascript:alert)"}, "link_scheme"),
        ({"body": "[a](/relative)"}, "link_scheme"),
        ({"body": "[a](https://x.example/{% if b %}1{% endif %})"}, "link_logic"),
        ({"body": "[a](https://x.example) ![i](http://x.example/i.png)"}, "image_address"),
    ],
)
def test_a_launch_is_blocked_by(arm: dict[str, Any], expected: str):
    assert problems(arm=arm)[expected].level == "blocks"


def test_broken_liquid_is_told_with_its_line():
    found = problems(arm={"body": "[a](https://x.example)\n\n{% if name %}\nHello"})

    assert "Line 4" in found["liquid_broken"].message


def test_a_metric_that_names_a_link_which_is_not_there_is_told_what_is():
    found = problems(metric={"kind": "click_rate", "link": "buy"})

    assert found["link_label_unknown"].level == "blocks"
    assert "“show”" in found["link_label_unknown"].message


@pytest.mark.parametrize("times", [1, 2, 3])
def test_the_link_that_is_counted_has_a_name_of_its_own(times: int):
    links = " ".join(f'[Show](https://x.example/{at} "show")' for at in range(times))
    found = problems(arm={"body": links}, metric={"kind": "click_rate", "link": "show"})
    others = problems(arm={"body": links}, metric={"kind": "click_rate"})

    assert ("link_label_twice" in found) == (times > 1)
    assert "link_label_twice" not in others


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"mail_from": ""}, "mail_from_default"),
        ({"postal_address": ""}, "postal_address_default"),
        ({"public_url": "http://x.example", "mail": "smtp://mx.example"}, "plain_http_link"),
    ],
)
def test_it_warns_while_a_default_stands(settings: dict[str, str], expected: str):
    found = problems(SETTINGS.model_copy(update=settings))

    assert found[expected].level == "warns"


@pytest.mark.parametrize(
    ("arm", "expected"),
    [
        ({"body": "[a](http://x.example)"}, "link_without_tls"),
        ({"body": "[a](answer:)"}, "answer_empty"),
        ({"subject": "x" * 151}, "subject_long"),
    ],
)
def test_it_warns_of(arm: dict[str, Any], expected: str):
    assert problems(arm=arm)[expected].level == "warns"


def test_a_blank_of_a_starter_that_nobody_filled_in_is_named():
    body = "About {the problem}, {{ name }}{% if name %}!{% endif %} [a](https://x.example)"

    assert "{the problem}" in problems(arm={"body": body})["blanks"].message
