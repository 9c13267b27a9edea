"""A chart of a person's own columns: how it is written, what it says, how it is drawn."""

import time
from xml.etree import ElementTree as ET

import pytest

from app.delivery.mail import chart_drawing, charting, liquid
from app.delivery.mail.broken import BrokenLiquid, MissingColumn
from app.delivery.mail.cells import LANGUAGE
from app.delivery.mail.charting import Chart
from app.languages.words import TRANSLATED
from app.links.keyring import Kind
from app.links.token import read
from app.platform.pictures import raster
from tests.delivery.mail.test_compose import arm, mail, part, to
from tests.delivery.scenes import KEYS, NOW

WEEK = 'bar "Your week" minutes_mon minutes_tue: "Tuesday", minutes_wed'
BODY = f"Hello\n\n{{% chart {WEEK} %}}\n\n[Show me](https://shop.example)"
ROW: dict[str, object] = {"minutes_mon": "1234.5", "minutes_tue": -20, "minutes_wed": None}


def chart(source: str = WEEK) -> Chart:
    return charting.read(source)


def said(row: dict[str, object], source: str = WEEK, language: str = "en") -> str:
    template = liquid.text_template(f"{{% chart {source} %}}")
    return liquid.render(template, row | {LANGUAGE: language}).removesuffix("\n\n")


def test_it_is_a_title_and_columns_with_their_labels():
    assert chart() == Chart(
        charting.Look.BAR, "Your week", ("minutes_mon", "minutes_tue", "minutes_wed"),
        ("Mon", "Tuesday", "Wed"),
    )  # fmt: skip
    assert chart("share 'Time' a_b a_b_c").labels == ("A b", "C")


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("", "A chart is not written so"),
        ('pie "x" a', "There is no chart “pie”"),
        ("bar x", "A chart is not written so"),
        ('bar "x" a: b', "“b” has no place"),
        ('bar "x" a:', "A label is missing"),
        ('bar "x" , a', "“,” has no place"),
        ('bar "x" | upcase', "“| upcase” has no place"),
        (f'bar "{"x" * 81}" a', "80 characters at most"),
        ('share "x" ' + " ".join(f"a{n}" for n in range(9)), "has 9 columns; 8 are the most"),
        ('line "x" ' + " ".join(f"a{n}" for n in range(32)), "has 32 columns; 31 are the most"),
    ],
)
def test_what_is_none_is_told_with_its_line_and_how_to_write_it(source: str, why: str):
    with pytest.raises(BrokenLiquid, match="Line 2: ") as refused:
        liquid.html_template(f"a\n{{% chart {source} %}}")

    assert why in str(refused.value)


def test_its_columns_are_asked_for_like_any_other():
    assert liquid.columns_in(liquid.html_template(BODY)) == {
        "minutes_mon", "minutes_tue", "minutes_wed",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Your week: Mon 1,234.5; Tuesday -20; Wed no number"),
        ("de", "Your week: Mon 1.234,5; Tuesday -20; Wed keine Zahl"),
        ("fr", "Your week: Mon 1\u202f234,5; Tuesday -20; Wed pas de nombre"),
        ("es", "Your week: Mon 1.234,5; Tuesday -20; Wed sin número"),
        ("nb", "Your week: Mon 1\xa0234,5; Tuesday -20; Wed ikke noe tall"),
    ],
)
def test_the_words_beside_it_are_in_the_mails_language(language: str, words: str):
    assert said(ROW, language=language) == words


def test_a_number_that_is_rounded_to_nought_has_no_sign():
    assert said({"a": "-0.001"}, 'bar "Time" a') == "Time: A 0"


def test_shares_say_how_much_of_the_whole_they_are():
    assert said({"a": 3, "b": 1}, 'share "Time" a, b') == "Time: A 3 (75\xa0%); B 1 (25\xa0%)"


@pytest.mark.parametrize(
    ("row", "source", "error"),
    [
        ({}, WEEK, MissingColumn),
        ({"minutes_mon": "lots"}, WEEK, BrokenLiquid),
        ({"minutes_mon": 1e16}, WEEK, BrokenLiquid),
        *(
            ({"minutes_mon": one}, WEEK, BrokenLiquid)
            for one in (
                10**400,
                -(10**400),
                float("nan"),
                float("-inf"),
                "nan",
                "snan",
                "inf",
                "1e400",
                "1e999999999",
            )
        ),
        ({"a": -1, "b": 2}, 'share "x" a b', BrokenLiquid),
        ({"a": 0, "b": 0}, 'share "x" a b', BrokenLiquid),
    ],
)
def test_who_has_nothing_to_be_drawn_gets_no_mail(
    row: dict[str, object], source: str, error: type[Exception]
):
    with pytest.raises(error):
        said(row, source)


@pytest.mark.parametrize("look", charting.Look)
@pytest.mark.parametrize(
    "values",
    [
        (0.0, None, 1e15), (-1e15, 1e-9, 3.0), (0.0, 0.0, 0.0), (None, None, 5.0), (5.0, 5.0, 5.0),
    ],
)  # fmt: skip
def test_whatever_the_numbers_are_the_drawing_stays_within_its_paper(
    look: charting.Look, values: tuple[float | None, ...]
):
    if look is charting.Look.SHARE:
        values = tuple(abs(value) if value else value for value in (*values[:2], values[2] or 1))
    drawn = chart_drawing.drawn(
        Chart(look, 'A & <b> "title" \x01', ("a", "b", "c"), ("<A>", "B" * 90, "C")), values, "de"
    )
    root = ET.fromstring(drawn)
    wide, high = map(float, root.attrib["viewBox"].split()[2:])

    for one in list(root.iter())[1:]:
        for name, most in (("x", wide), ("cx", wide), ("y", high), ("cy", high)):
            assert 0 <= float(one.attrib.get(name, 0)) <= most, drawn
        if "width" in one.attrib:
            assert 0 < float(one.attrib["width"]) <= wide
    assert "nan" not in drawn


def test_a_mail_shows_it_by_an_address_of_its_send_that_is_neither_open_nor_click():
    html, text = (part(mail(BODY, ROW, subject="Hello"), kind) for kind in ("html", "plain"))
    [token] = [one.rpartition("/")[2] for one in html.split('"') if "/d/" in one]
    named = read(token.removesuffix(".png"), Kind.CHART, KEYS)

    assert (named.set_id, named.id, named.link, named.fills) == (7, 5, 1, b"")
    assert 'alt="Your week: Mon 1,234.5; Tuesday -20; Wed no number"' in html
    words = "\n\nYour week: Mon 1,234.5; Tuesday -20; Wed no number\n\nShow me <"
    assert words in text.replace("\r\n", "\n")
    assert "/d/" not in text
    assert html.count("/c/") == 1
    assert html.count("/o/") == 1


def test_charts_are_numbered_by_their_place_in_the_body_whatever_is_shown():
    body = '{% if a %}{% chart bar "x" a %}{% endif %}{% chart line "y" b %}'
    made = arm(body, subject="Hello").render(to({"b": 2}), keyring=KEYS, now=NOW)
    [token] = [one.rpartition("/")[2] for one in made.html.split('"') if "/d/" in one]

    assert read(token.removesuffix(".png"), Kind.CHART, KEYS).link == 2
    assert [one.title for one in charting.charts_in(body)] == ["x", "y"]


def test_it_is_sharp_and_cheap():
    """What is measured is said in deploy/SCALE.md; here it is held within ten times that."""
    begun = time.process_time()
    made = raster.png(chart_drawing.drawn(chart(), (3.0, -2.0, None), "en"))

    assert int.from_bytes(made[16:20]) == 2 * charting.WIDE
    assert len(made) < 60_000
    assert time.process_time() - begun < 0.5


def test_all_languages_of_ours_say_what_is_missing():
    words = {said({"minutes_mon": 1}, language=one).split("Wed ")[1] for one in (*TRANSLATED, "en")}

    assert len(words) == 1 + len(TRANSLATED)
