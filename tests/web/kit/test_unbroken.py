"""No line of a page breaks inside a percentage or an amount of money."""

import re
from html import unescape

import pytest

from app.web.kit.unbroken import NO_BREAK, unbroken
from tests.web.conftest import Browser
from tests.web.test_journey import draft, key_result, started  # noqa: F401 - fixtures

TORN = re.compile(r"\d %|[€$£] \d")


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("<p>95 % of 12 %</p>", "<p>95~% of 12~%</p>"),
        ("<p>€ 200, $ 3 and £ 4</p>", "<p>€~200, $~3 and £~4</p>"),
        ("<p>Where % stands, and 5 € too</p>", "<p>Where % stands, and 5 € too</p>"),
        (
            '<input value="95 %"><b title="8 %">8 %</b>',
            '<input value="95 %"><b title="8 %">8~%</b>',
        ),
        ("<textarea>8 %</textarea> 8 %", "<textarea>8 %</textarea> 8~%"),
        ("<pre><b>8 %</b></pre><code>8 %</code>8 %", "<pre><b>8 %</b></pre><code>8 %</code>8~%"),
        ("8 % <", "8~% <"),
    ],
)
def test_only_what_is_read_is_kept_together(html: str, shown: str):
    assert unbroken(html) == shown.replace("~", NO_BREAK)


def test_a_page_of_any_size_is_done_at_once():
    for start in ("<textarea>" * 20_000, "<" * 200_000, "<pre" * 50_000):
        page = start + "8 %" * 50_000
        assert len(unbroken(page)) == len(page)


def test_no_page_tears_what_belongs_to_a_number(eve: Browser, started: str):  # noqa: F811 - the fixture
    for path in (
        "/", "/experiments", "/objectives", "/learnings", "/help/statistics", "/help/mail",
        f"/experiments/{started}", f"/experiments/{started}/readout", "/features/board",
    ):  # fmt: skip
        raw = eve.get(path).content.decode()
        seen = re.sub(r"<(textarea|pre|code|script|style)\b.*?</\1>", " ", raw, flags=re.DOTALL)
        assert TORN.findall(unescape(re.sub(r"<[^>]+>", " ", seen))) == [], path
