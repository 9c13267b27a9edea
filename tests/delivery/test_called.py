"""An only version is “the mail”: its name is one that nobody chose, so no sentence says it."""

import ast
import inspect
from itertools import chain
from types import ModuleType
from typing import Any

import pytest
from sqlmodel import Session

from app.delivery import images, linting
from app.delivery.mail import content, deliverability, link_book, links, lint, mjml_body
from app.delivery.mail.deliverability import MOST_HTML
from app.experiments import checklist
from app.experiments.design_schemas import Draft
from app.platform.bounded import OverLimit
from app.platform.pictures import raster
from tests.delivery.scenes import ARM, SETTINGS
from tests.delivery.scenes import design as sending

KEY = "zebra"
TOO_LONG = "It goes on and on."
BESIDE = ARM | {"key": "okapi", "body": 'We counted it all. [Show](https://shop.example/a "show")'}
METRIC = {"kind": "click_rate", "link": "show"}
OF_ALL: dict[str, dict[str, Any]] = {
    "from_name_invalid": {"sender": {"from_name": "\u202eHalvern"}},
    "reply_to_invalid": {"sender": {"reply_to": "jürgen@x.example"}},
    "no_answers": {"metric": {"kind": "reply_rate"}},
    "mail_from_default": {"settings": {"mail_from": ""}},
    "postal_address_default": {"settings": {"postal_address": ""}},
    "plain_http_link": {
        "settings": {"public_url": "http://x.example", "mail": "smtp://mx.example"}
    },
    "blanks": {"subject": "For {name}"},
    "chart_without_font": {"body": '{% chart bars "Waste" euros %} [a](https://x.example)'},
    "mail_long": {},
}  # what is said once for a whole experiment, or of settings
OF_ONE: dict[str, dict[str, Any]] = {
    "subject_missing": {"subject": " "},
    "body_missing": {"body": ""},
    "liquid_broken": {"answer": "{{ x | nonsense }}"},
    "subject_sign": {"subject": "\u202eHello"},
    "subject_line_break": {"subject": "Hello\nyou"},
    "subject_long": {"subject": "x" * 151},
    "markdown_broken": {"body": TOO_LONG},
    "no_link": {"body": "Hello"},
    "link_label_unknown": {"body": "[Buy](https://x.example)", "metric": METRIC},
    "link_label_twice": {"body": f"{BESIDE['body']} {BESIDE['body']}", "metric": METRIC},
    "too_many_links": {"body": "[a](https://x.example) " * 251},
    "link_without_tls": {"body": "[a](http://x.example)"},
    "answer_empty": {"body": "[a](answer:)", "answer": ""},
    "image_gone": {"body": "![a](image:nobody) [a](https://x.example)"},
    "image_without_words": {"body": "![](https://x.example/a.png)"},
    "placeholder_elsewhere": {"preheader": "For *|FNAME|*"},
    "subject_capitals": {"subject": "YOUR WASTE IN EUROS"},
    "exclamation_marks": {"subject": "Look!!!"},
    "money_signs": {"subject": "$$$"},
    "image_only": {"body": "![a](https://x.example/a.png)"},
    "little_text": {"body": "[a](https://x.example)"},
    "link_says_other": {"body": "[shop.com](https://evil.example)"},
    "postal_address_absent": {"body": "Hello [out]({{ unsubscribe_url }})"},
    "link_scheme": {"answer": "[a](javascript:alert)"},
    "link_logic": {"body": "[a](https://x.example/{% if b %}1{% endif %})"},
    "host_from_data": {"body": "[a]({{ url }})"},
    "link_host": {"body": "[a](https://bä..example/{{ x }})"},
    "image_address": {"body": "![a](http://x.example/a.png)"},
    "mjml_broken": {"body": "<mjml><mj-body>words</mj-body></mjml>", "format": "mjml"},
    "subject_blank": {"subject": "For {Name}"},
    "preheader_blank": {"preheader": "For {Name}"},
    "body_blank": {"body": "For {Name}"},
}
ONE: dict[str, Any] = {"arms": [ARM | {"key": KEY}]}
COMPARED = {"kind": "comparison", "baseline": KEY, "mde": 0.05, "base_rate": 0.1}
DESIGNS: dict[str, dict[str, Any]] = {
    "one": ONE,
    "one, and some get nothing": ONE | {"holdout": 0.2, "rule": COMPARED},
    "several": {
        "arms": [ARM | {"key": KEY}, BESIDE],
        "rule": COMPARED,
    },
}


def ids_in(*modules: ModuleType) -> set[str]:
    """The id of every sentence that these can say."""
    makers = {"blocks", "warns", "BadBody", "BadLink"}
    found = set()
    for module in modules:
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in makers:
                found.add(ast.unparse(node.args[0]).strip("'"))
    return found


def said(id_: str, how: str) -> list[str]:
    """The sentences with this id, where the first of so many versions gives a reason for it."""
    scene = (OF_ALL | OF_ONE)[id_]
    of_all = {name: scene[name] for name in ("sender", "metric") if name in scene}
    of_one = {name: scene[name] for name in scene if name not in {"settings", *of_all}}
    whole = Draft.model_validate(sending(audience_id="a", **(DESIGNS[how] | of_all)))
    # Not validated: what an older edition let in is told, too.
    arms = [whole.arms[0].model_copy(update=of_one), *whole.arms[1:]]
    draft = whole.model_copy(update={"arms": arms})
    of_mails = linting.MailLint(SETTINGS.model_copy(update=scene.get("settings", {})))
    found = [
        *of_mails.problems(draft),
        *of_mails.gone(Session(), draft),
        *of_mails.of_length(MOST_HTML + 1),
        *checklist._blanks(draft),
    ]
    return [item.message for item in found if item.id == id_]


@pytest.fixture(autouse=True)
def _broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """No font is here, no image is, and one body takes too long to read."""
    monkeypatch.setattr(images, "missing", lambda _, arms: {*chain(*map(images.named_by, arms))})
    monkeypatch.setattr(raster, "has_letters", lambda: False)
    examine = content.examine

    def examined(source: str, *, form: str = "markdown") -> object:
        if source == TOO_LONG:
            raise OverLimit("It takes too long.")
        return examine(source, form=form)

    monkeypatch.setattr(content, "examine", examined)


def test_every_sentence_about_a_mail_is_looked_at_here():
    modules = (linting, lint, deliverability, content, link_book, links, mjml_body)
    known = {"f'{name}_missing", "error.id", "id_", "BROKEN"}

    assert ids_in(*modules) - known | {"body_missing", "subject_missing", "mjml_broken"} | {
        "subject_blank", "preheader_blank", "body_blank", "from_name_invalid", "reply_to_invalid",
    } == {*OF_ALL, *OF_ONE}  # fmt: skip


@pytest.mark.parametrize("how", DESIGNS)
@pytest.mark.parametrize("id_", [*OF_ALL, *OF_ONE])
def test_a_version_is_named_where_there_are_several_and_only_there(id_: str, how: str):
    sentences = said(id_, how)

    assert sentences
    for sentence in sentences:
        assert (f"“{KEY}”" in sentence) is (how == "several" and id_ in OF_ONE), sentence
        assert sentence[0] == "“" or sentence[0].isupper(), sentence
