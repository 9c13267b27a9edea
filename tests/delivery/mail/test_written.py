"""Days and numbers in a mail, as its reader writes them."""

from datetime import UTC, datetime

import pytest

from app.audience.columns import Columns
from app.delivery.mail import cells, filling
from app.delivery.mail.broken import BrokenLiquid, MissingColumn

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
TEXT = '{{ day | date: "long" }}; {{ day | date: "%A %-d %B, 100%%" }}; {{ waste | number: 1 }}; '
TEXT += '{{ waste | money: "EUR" }}; {{ waste | number }}'


def filled(source: str, language: str = "en", /, **row: object) -> str:
    filler = filling.text(source)
    held = {"day": "2026-11-22", "waste": 1240.5, **row}
    seen = cells.cells_for(held, filler.columns, Columns(), now=NOW, language=language)
    return filler.fill(seen).replace("\u202f", " ").replace("\xa0", " ")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "22 November 2026; Sunday 22 November, 100%; 1,240.5; €1,240.50; 1,240.5"),
        ("de", "22. November 2026; Sonntag 22 November, 100%; 1.240,5; 1.240,50 €; 1.240,5"),
        ("fr", "22 novembre 2026; dimanche 22 novembre, 100%; 1 240,5; 1 240,50 €; 1 240,5"),
        ("nb", "22. november 2026; søndag 22 november, 100%; 1 240,5; 1 240,50 €; 1 240,5"),
        ("ar", "22 نوفمبر 2026; الأحد 22 نوفمبر, 100%; 1,240.5; \u200f1,240.50 €; 1,240.5"),
    ],
)
def test_a_mail_writes_days_and_numbers_in_its_language(language: str, said: str):
    assert filled(TEXT, language) == said


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({}, "1.240,5"), ({"locale": "en"}, "1,240.5"), ({"locale": "de-CH"}, "1’240.5"),
        ({"language": "fr"}, "1 240,5"), ({"locale": "xx", "language": "en_US"}, "1,240.5"),
        ({"locale": "COBOL"}, "1.240,5"), ({"locale": 7}, "1.240,5"), ({"locale": ""}, "1.240,5"),
        ({"locale": "e" * 5000}, "1.240,5"),
    ],
)  # fmt: skip
def test_a_person_who_says_how_they_write_is_written_to_so(row: dict[str, object], said: str):
    assert filled("{{ waste | number }}", "de", **row) == said


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ('{{ waste | money: "Euro" }}', "is no currency"),
        ("{{ waste | number: 9 }}", "0 to 6 decimals"),
        ("{{ waste | number: 1.5 }}", "a whole number"),
        ('{{ "lots" | number }}', "is no number"),
        ('{{ "lots" | date: "long" }}', "is no date"),
    ],
)
def test_what_cannot_be_written_says_why(source: str, says: str):
    with pytest.raises(BrokenLiquid, match=says):
        filled(source)


def test_what_a_person_lacks_is_missing():
    with pytest.raises(MissingColumn):
        filled("{{ nothing | number }}")
