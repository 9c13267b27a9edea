"""What keeps mails from being seen is said before they leave, and nothing else is."""

from dataclasses import asdict
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from app.audience.columns import Columns
from app.audience.members import Member
from app.audience.own import EMPTY
from app.delivery.mail import deliverability
from app.delivery.mail.compose import compose_arm
from app.delivery.mail.deliverability import MOST_HTML
from app.delivery.mail.mime import html_bytes
from app.delivery.renderable import LiquidRenderable
from app.demo import story
from app.experiments.design_schemas import Draft
from app.web.experiments.starters import STARTERS
from tests.delivery.mail.test_compose import HEAD, part, to
from tests.delivery.mail.test_lint import problems
from tests.delivery.scenes import ARM, KEYS, NOW, SETTINGS
from tests.experiments.scenes import check, given_audience, given_draft

HINTS = {
    "placeholder_elsewhere", "subject_capitals", "exclamation_marks", "money_signs", "image_only",
    "little_text", "link_says_other", "postal_address_absent", "mail_long", "blanks",
}  # fmt: skip
WORDS = "we counted what you threw away last week, and wrote it down for you to look at"
PLACES = ("subject", "preheader", "body", "answer")
ELSEWHERE = [
    ("*|FNAME|*", "*FNAME* | x"),
    ("%recipient.name%", "20 % of recipient.name 5 %"),
    ("[[name]]", "[[1]](https://x.example)"),
    ("<%= name %>", "a < b %> c"),
    ("${name}", "$ {% if name %}x{% endif %}"),
    ("%%name%%", "100 %% and 5 %%"),
]
SHAPES = [
    ("exclamation_marks", "Look!!!", "Look! Here!"),
    ("money_signs", "$$$ for you", "$ 5 or € 5 for you"),
    ("blanks", "for {name}", "for {{ name }}"),
]


def hints(**arm: str) -> set[str]:
    """What is hinted at of a mail that is sound but for this."""
    whole = {"body": f"{WORDS} [Show me](https://shop.example)", "answer": "Here."} | arm
    return set(problems(arm=whole)) & HINTS


def of_body(body: str) -> set[str]:
    return hints(body=body)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("hit", "miss"), ELSEWHERE)
def test_a_column_as_another_tool_writes_it_is_told_wherever_it_stands(
    place: str, hit: str, miss: str
):
    assert hints(**{place: f"{WORDS} {hit}, "}) == {"placeholder_elsewhere"}
    assert hints(**{place: f"{WORDS} {miss}, "}) == set()


@pytest.mark.parametrize("place", PLACES[:3])
@pytest.mark.parametrize(("hint", "hit", "miss"), SHAPES)
def test_a_shape_that_filters_count_is_told_wherever_it_stands(
    place: str, hint: str, hit: str, miss: str
):
    assert hints(**{place: f"{WORDS} {hit}"}) == {hint}
    assert hints(**{place: f"{WORDS} {miss}"}) == set()


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("YOUR WASTE IN EUROS", {"subject_capitals"}),
        ("{{ name }}: ÄNDERUNGEN JETZT", {"subject_capitals"}),
        ("Your WASTE IN EUROS", set()),
        ("SEPA 2027", set()),
        ("{{ name }} {{ euros }}", set()),
        ("Wow! So! Much!", {"exclamation_marks"}),
    ],
)
def test_a_subject_that_shouts_is_told(subject: str, expected: set[str]):
    assert hints(subject=subject) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("![a list](https://x.example/a.png)", {"image_only"}),
        (f"![{WORDS}](https://x.example/a.png)", {"image_only"}),
        (f"{WORDS} {WORDS} ![a list](https://x.example/a.png)", set()),
        ("[go](https://x.example)", {"little_text"}),
        ("Hello {{ name }} – [look](https://x.example)", {"little_text"}),
        ("Hello {{ name }}, [look here](https://x.example)", set()),
    ],
)
def test_hardly_any_text_is_told(body: str, expected: set[str]):
    assert of_body(body) == expected


SAID = ("https://shop.example", "www.shop.example/a", "shop.com", "HTTP://SHOP.EXAMPLE:80/?a=b")
LEADS = (
    "https://evil.example/shop.example",
    "mailto:ann@evil.example",
    "tel:+4930",
    "https://evil.example/?{{ name }}",
)


@pytest.mark.parametrize(("words", "leads"), list(product(SAID, LEADS)))
def test_a_link_that_says_another_address_is_told(words: str, leads: str):
    assert of_body(f"{WORDS} [{words}]({leads})") == {"link_says_other"}


@pytest.mark.parametrize(
    ("words", "leads"),
    [
        ("https://shop.example", "https://shop.example/a?b=c"),
        ("www.shop.example", "https://shop.example"),
        ("shop.com", "https://www.shop.com/{{ name }}"),
        ("shop.com", "https://mine.shop.com"),
        ("https://bäcker.example", "https://xn--bcker-gra.example/a"),
        ("Node.js", "https://x.example"),
        ("read on at 10.30", "https://x.example"),
        ("**look**", "https://x.example"),
        ("ann@x.example", "mailto:Ann@x.example?subject=Hi"),
    ],
)
def test_a_link_that_says_where_it_leads_is_not(words: str, leads: str):
    assert of_body(f"{WORDS} [{words}]({leads})") == set()


def test_a_link_that_says_another_mailbox_is_told():
    assert of_body(f"{WORDS} [ann@x.example](mailto:bob@x.example)") == {"link_says_other"}


@pytest.mark.parametrize(
    ("way_out", "expected"),
    [
        ("", set()),
        ("[out]({{ unsubscribe_url }})", {"postal_address_absent"}),
        ("{{ unsubscribe_url }}", {"postal_address_absent"}),
        ("{{ unsubscribe_url }} Halvern  \nMain Street 1  \nOslo", set()),
        ("{% comment %}unsubscribe_url{% endcomment %}", set()),
    ],
)
def test_a_body_with_its_own_way_out_says_where_we_are(way_out: str, expected: set[str]):
    body = f"{WORDS} [Show me](https://shop.example)\n\n{way_out}"

    text = compose_arm(ARM | {"body": body}, head=HEAD).text.fill({"unsubscribe_url": "x"})

    assert of_body(body) == expected
    assert ("Main Street 1" in text) is (not expected)


@pytest.mark.parametrize("hint", sorted(HINTS - {"mail_long"}))
def test_every_hint_leaves_the_launch_to_its_author(hint: str):
    found = problems(
        arm={
            "subject": "LOOK AT THIS!!! $$$",
            "preheader": "${name} {who}",
            "body": "[x.com](https://y.com) {{ unsubscribe_url }}"
            + ("![a](https://x.example/a.png)" if hint == "image_only" else ""),
        }
    )

    assert found[hint].level == "warns"


@settings(max_examples=25)
@given(cell=st.text(min_size=1, max_size=400), plain=st.booleans())
def test_the_html_of_a_mail_is_measured_to_the_byte(cell: str, plain: bool):
    body = "x {{ name }} y" if plain else "x {{ name | upcase }} y"
    made = compose_arm(ARM | {"subject": "s", "body": body}, head=HEAD, set_id=1).fill(
        to({"name": f"a{cell}"}), keyring=KEYS, now=NOW
    )
    html = part(made, "html").replace("\r\n", "\n").encode()

    assert abs(html_bytes(made.raw) - len(html) - html.count(b"\n")) <= 3 + html.count(b"\r")


def test_the_longest_of_all_mails_is_what_counts():
    draft = Draft.model_validate(
        {
            "name": "x",
            "audience_id": None,
            "metric": {"kind": "click_rate"},
            "rule": {"kind": "threshold", "threshold": 0.08},
            "arms": [ARM | {"body": "{{ name }}"}],
        }
    )
    writer = LiquidRenderable(SETTINGS, KEYS).writer("x1", draft, Columns(), now=NOW)
    member = Member("p1", "", {**EMPTY, "email": "ann@b.example", "name": "Ann"})

    def longest(letters: int) -> int:
        writer.faults([(member, {"name": "x" * letters, "euros": 1})])
        return writer.longest

    assert longest(10) == 0
    assert longest(MOST_HTML) > MOST_HTML
    assert longest(2 * MOST_HTML) > 2 * MOST_HTML
    assert longest(10) > 2 * MOST_HTML
    assert list(deliverability.of_size(MOST_HTML)) == []
    assert "102 KB" in next(deliverability.of_size(MOST_HTML + 1)).message


@pytest.mark.parametrize("letters", [10, MOST_HTML])
def test_the_checklist_tells_of_a_mail_that_is_cut(session: Session, letters: int):
    audience_id = given_audience(session, 3, data={"note": "x" * letters})
    arm = {"key": "a", "subject": "Hi", "body": f"{WORDS} {{{{ note }}}} [x](https://x.example)"}
    experiment = given_draft(session, arms=[arm], audience_id=audience_id)
    found = check(session, experiment)

    assert ("mail_long" in {item.id for item in found.items}) is (letters > 10)


def own_mails() -> list[tuple[str, dict[str, Any]]]:
    starters = [(one.key, arm) for one in STARTERS for arm in one.document["arms"]]
    told = [(one.name, asdict(one)) for one in story.STORY]
    return [*starters, *told]


@pytest.mark.parametrize(("_name", "arm"), own_mails())
def test_what_we_wrote_ourselves_has_none(_name: str, arm: dict[str, Any]):
    said = {place: arm[place] for place in PLACES if arm.get(place)}

    assert set(problems(arm=said)) & HINTS <= {"blanks"}
