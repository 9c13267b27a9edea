"""What customers read of ours is in five languages: each catalogue whole, each sentence in it."""

import re
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes

from app.languages import written
from app.languages.words import CATALOGUES, TRANSLATED, best_of, words_of
from tests.languages_said import ROOT, SPOKEN, sentences

SAME = {("de", "Name"), ("es", "No")}  # said alike in both
ARTICLE = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def catalogue(language: str) -> dict[str, str]:
    with (CATALOGUES / f"{language}.po").open("rb") as source:
        return {str(one.id): str(one.string) for one in read_po(source) if one.id}


def values(sentence: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(sentence) if name is not None)


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_says_every_sentence_and_no_other_with_the_same_values(language: str):
    held, every = catalogue(language), sentences()

    assert len(every) > 60
    assert set(held) == set(every)
    for sentence, said in held.items():
        assert values(said) == values(sentence), said
        assert said != sentence or (language, sentence) in SAME, sentence
        assert said.strip() == said != ""


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_addresses_its_reader_one_way(language: str):
    said = " ".join(catalogue(language).values())
    familiar = {
        "de": r"\b(du|dir|dich|dein\w*|euch|euer)\b",
        "fr": r"\b(tu|te|toi|ton|ta|tes)\b",
        "es": r"\b(tú|te|tu|tus|contigo|vosotros)\b",
        "nb": r"\b(De|Dem|Deres)\b(?! )",
    }[language]

    assert not re.findall(familiar, said, re.IGNORECASE if language != "nb" else 0)
    if language == "fr":  # what is not to be torn from its word
        assert not re.search(r"(?<=\w) [?!:;»]|« ", said)


def texts_in(source: str) -> list[str]:
    """Words of a template that stand outside of any tag, and not in a catalogue."""
    tree = Environment().parse(source)
    bare = [
        one.data
        for output in tree.find_all(nodes.Output)
        for one in output.nodes
        if isinstance(one, nodes.TemplateData)
    ]
    shown = re.sub(r"<style>.*?</style>|\bbare__\S+", " ", "".join(bare), flags=re.DOTALL)
    return re.findall(r"[A-Za-z]{3,}", re.sub(r"<[^>]*>", " ", re.sub(r"&\w+;", " ", shown)))


@pytest.mark.parametrize("path", SPOKEN, ids=lambda path: path.name)
def test_no_template_that_customers_see_says_anything_past_the_catalogues(path: Path):
    source = path.read_text(encoding="utf-8")
    written_out = re.findall(r'(?<!say\()"[A-Z][a-z]+ [^"<>{}]*[a-z]"', source)

    assert texts_in(source) == []
    assert written_out == []


def test_an_error_page_of_a_mails_link_says_nothing_past_the_catalogues():
    raised = "".join(
        path.read_text(encoding="utf-8")
        for path in (
            *(ROOT / "app/web/public").glob("*.py"),
            ROOT / "app/web/kit/public_links.py",
            ROOT / "app/delivery/answers_page.py",
            ROOT / "app/delivery/charts.py",
        )
    )

    assert set(re.findall(r"NotFound\(([^)]*)\)", raised)) <= {"NOT_VALID", "NOT_HERE"}


@pytest.mark.parametrize(
    ("accepted", "spoken"),
    [
        (None, "en"), ("", "en"), ("de", "de"), ("de-CH,en;q=0.5", "de"), ("en-US", "en"),
        ("nl,fr;q=0.8,en;q=0.9", "en"), ("fr;q=0.8,es;q=0.9", "es"), ("no", "nb"), ("nn", "nb"),
        ("nl, sv", "en"), ("de;q=0,es", "es"), ("de;q=x,es", "es"), ("*", "en"), (";;,,=", "en"),
        ("DE_at", "de"), ("q" * 5000 + ",de", "en"), ("\x00,es", "es"), ("de;q=1e9,es", "es"),
    ],
)  # fmt: skip
def test_a_page_is_in_the_first_language_that_both_speak(accepted: str | None, spoken: str):
    assert best_of(accepted).language == spoken


@pytest.mark.parametrize(
    ("language", "direction", "spoken"),
    [("ar", "rtl", "en"), ("he", "rtl", "en"), ("de", "ltr", "de"), ("sv", "ltr", "en")],
)
def test_a_language_that_we_do_not_speak_keeps_its_direction(
    language: str, direction: str, spoken: str
):
    words = words_of(language)

    assert (words.language, words.direction, words.spoken) == (language, direction, spoken)
    assert words.spoken_direction == "ltr"
    assert (words.say("Unsubscribe") == "Unsubscribe") is (spoken == "en")


@pytest.mark.parametrize("language", ["", "xx", "e", "../de", "de" * 50, None])
def test_what_is_no_language_is_english(language: str | None):
    assert words_of(language).language == "en"


def test_days_and_numbers_are_written_as_the_language_writes_them():
    assert written.day(ARTICLE, "de") == "22. November 2026"
    assert written.day(ARTICLE, "en") == "22 November 2026"
    assert written.number(1240.5, "de") == "1.240,5"
    assert written.percent(0.125, "de", 1) == "12,5\xa0%"
    assert written.percent(0.4, "en") == "40\xa0%"
    assert written.money(61.3, "de", "EUR") == "61,30\xa0€"
    assert written.money(61.3, "en", "eur") == "€61.30"


def test_what_a_person_calls_themselves_is_no_pattern():
    assert words_of("de").say("Thank you, {name}.", name="{x} {0}") == "Vielen Dank, {x} {0}."
