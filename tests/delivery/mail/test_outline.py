"""What is read of a mail, block by block."""

import time
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.delivery.inbox.html_words import text_of_html
from app.delivery.mail.outline import Block, Piece, outline
from tests.delivery.mail.test_compose import mail, part
from tests.delivery.mail.test_mjml import made


def said(html: str) -> list[tuple[str, str]]:
    return [(block.kind, " ".join(block.words.split())) for block in outline(html)]


def test_a_letter_is_read_as_it_stands():
    body = (
        "# Hello\n\nYou *lose* {{ euros }} €.\n\n- [one](https://a.example)\n- two\n\n| a | b |\n"
    )
    body += "|-|-|\n| 1 | 2 |"
    html = part(mail(body, {"euros": 61}, subject="Hi", preheader="Unseen"), "html")

    assert said(html)[:6] == [
        ("title", "Hello"), ("text", "You lose 61 €."), ("item", "one"), ("item", "two"),
        ("row", "a b"), ("row", "1 2"),
    ]  # fmt: skip
    assert {kind for kind, _ in said(html)[6:]} == {"foot"}
    assert "Unseen" not in str(outline(html))


def test_a_layout_is_read_too():
    words = " ".join(words for _, words in said(part(made(), "html")))

    assert "Hello Ann" in words
    assert "Show my list" in words
    assert "lead { letter" not in words


def test_a_link_keeps_its_address_and_a_picture_its_size():
    found = outline(
        '<p>a <a href="https://x">b <b>c</b></a> d</p>'
        '<img src="/i/x" width="40" height="30" alt="e">'
    )

    assert found == [
        Block("text", (Piece("a "), Piece("b c", "https://x"), Piece(" d"))),
        Block("picture", (Piece("e"),), 40, 30),
    ]


def test_a_picture_that_no_frame_loads_is_its_words_and_a_pixel_is_nothing():
    assert said('<img src="https://x/a.png" alt="A loaf"><img src="/o/1" width="1">') == [
        ("text", "A loaf")
    ]


@given(st.text(alphabet="<>/ab\"'=!- pdiv[]&;?#x", max_size=300))
@example("a <![x> b")
def test_it_reads_whatever_it_is_given(html: str):
    assert all(block.words.strip() or block.kind == "picture" for block in outline(html))
    assert text_of_html(html) == text_of_html(html).strip()


@pytest.mark.parametrize(
    "piece",
    ["<div>", "<!--", "<a href='", '<a b="c\' ', "<a b=c d", "<a/", "</a ", "<!x", "<?", "<![",
     "<p>a", "&amp;", "<div style='display:none'>", "<a href='>", '<a b="c\'>', "<!-->", "<![x>"],
)  # fmt: skip
@pytest.mark.parametrize("read", [outline, text_of_html])
def test_it_takes_as_long_as_there_is_to_read(read: Callable[[str], object], piece: str):
    started = time.perf_counter()
    read(piece * (200_000 // len(piece)))

    assert time.perf_counter() - started < 10
