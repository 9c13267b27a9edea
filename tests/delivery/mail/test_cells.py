"""A cell prints as it was typed, and counts as what it says."""

from typing import Any

import pytest

from app.audience.columns import UNTYPED, Column, Columns, Type
from app.delivery.mail import cells, filling
from app.delivery.mail.broken import BrokenLiquid
from app.delivery.mail.cells import MisfitCell
from tests.delivery.scenes import NOW

COLUMNS = Columns(
    {
        one.name: one
        for one in (
            Column("waste", Type.NUMBER, "decimal_comma", "€"),
            Column("euros", Type.NUMBER, "decimal_point"),
            Column("renewal", Type.DATE, "day_first"),
            Column("trial", Type.DATE, "month_first"),
            Column("until", Type.DATE, "excel_days"),
            Column("seen", Type.DATE, "unix_milliseconds"),
            Column("member", Type.BOOLEAN, "yes_no"),
            Column("zip"),
            Column("Insight"),
        )
    }
)
ROW: dict[str, object] = {
    "waste": "1.261,30 €",
    "euros": "61.5",
    "renewal": "01.05.2027",
    "trial": "01/05/2027",
    "until": "46508",
    "seen": "1809129600000",
    "member": "nein",
    "zip": "0187",
    "Insight": "Rye",
    "json": 7,
}


def said(template: str, row: dict[str, Any] | None = None, columns: Columns = COLUMNS) -> str:
    filler = filling.text(template)
    return filler.fill(cells.cells_for(ROW | (row or {}), filler.columns, columns, now=NOW))


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ waste }}", "1.261,30 €"),
        ("{{ waste | round }}", "1261"),
        ("{{ waste | times: 2 }}", "2522,6"),  # calculated in the column's own hand
        ("{{ waste | divided_by: 4 | round: 1 }}", "315,3"),
        ("{{ euros | plus: waste }}", "1322.8"),
        ("{{ euros | times: 2 }}", "123"),
        ("{{ waste | upcase }}", "1.261,30 €"),
        ("{% if waste > 50 %}much{% endif %}", "much"),
        ("{% if 50 < waste %}much{% endif %}", "much"),
        ("{% if waste > 50 and waste <= 1261.3 %}much{% endif %}", "much"),
        ("{% if waste > euros %}more{% endif %}", "more"),
        ("{% unless waste > 2000 %}little{% endunless %}", "little"),
        ("{% if waste == '1.261,30 €' %}as typed{% endif %}", "as typed"),
        ("{% if waste == 1261.3 %}as counted{% endif %}", "as counted"),
        ("{% if waste != 5 %}other{% endif %}", "other"),
        ("{% if euros < '70' %}less{% endif %}", "less"),
        ("{{ renewal }}", "01.05.2027"),
        ("{{ renewal | date: '%-d %B %Y' }}", "1 May 2027"),
        ("{{ trial | date: '%-d %B %Y' }}", "5 January 2027"),
        ("{{ until | date: '%Y-%m-%d' }}", "2027-05-01"),
        ("{{ seen | date: '%Y-%m-%d' }}", "2027-05-01"),
        ("{% if renewal > '2027-04-30' %}later{% endif %}", "later"),
        ("{% if renewal == until %}the same day{% endif %}", "the same day"),
        ("{% if trial < renewal %}before{% endif %}", "before"),
        ("{% if member %}in{% else %}out{% endif %}", "out"),
        ("{% if member == 'nein' %}as typed{% endif %}", "as typed"),
        ("{% if member == false %}false{% endif %}", "false"),
        ("{% if member == 'no' %}in another language{% endif %}", "in another language"),
        ("{% if waste > 50 or member %}either{% endif %}", "either"),
        ("{{ member }}", "nein"),
        ("{% if zip == '0187' %}{{ zip }}{% endif %}", "0187"),
        ("{% case waste %}{% when '1.261,30 €' %}one{% endcase %}", "one"),
        ("{% case waste %}{% when 1261.3 %}one{% else %}none{% endcase %}", "one"),
        ("{% case waste %}{% when 5, 1261.3 %}one{% endcase %}", "one"),
        ("{% case waste %}{% when 5 or 7 %}one{% else %}none{% endcase %}", "none"),
        ("{% case renewal %}{% when '2027-05-01' %}first of May{% endcase %}", "first of May"),
        ("{% case member %}{% when true %}in{% when false %}out{% endcase %}", "out"),
        ("{% case zip %}{% when '0187' %}text{% endcase %}", "text"),
        ("{% case nobody %}{% when 1 %}one{% else %}none{% endcase %}", "none"),
        ("{% if true %}{% case waste %}{% when 1261.3 %}in it{% endcase %}{% endif %}", "in it"),
        ("{{ insight }}", "Rye"),
        ("{{ json | plus: 1 }}", "8"),
    ],
)
def test_a_template_reads_cells_by_what_they_say(template: str, text: str):
    assert said(template) == text


@pytest.mark.parametrize(
    ("column", "cell"),
    [("waste", "lots"), ("waste", "7 $"), ("renewal", "31.02.2027"), ("renewal", "13.05."),
     ("member", "perhaps"), ("until", "soon")],
)  # fmt: skip
@pytest.mark.parametrize(
    "use", ["{{ %s }}", "{{ %s | default: 0 }}", "{%% if %s %%}x{%% endif %%}"]
)
def test_a_cell_that_does_not_fit_is_never_a_nought(column: str, cell: str, use: str):
    with pytest.raises(MisfitCell, match=cell.replace("$", r"\$")):
        said(use % column, {column: cell})


@pytest.mark.parametrize("word", ["NULL", "n/a", "None", "#N/A", "nan", "-", "", "k. A."])
def test_a_word_that_means_nothing_is_empty(word: str):
    row = dict.fromkeys(("waste", "renewal", "member", "Insight"), word)

    assert said("{{ waste | default: '?' }}{{ insight | default: '?' }}", row) == "??"
    assert said("{% if renewal %}x{% endif %}{% if member %}x{% endif %}", row) == ""


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{{ insight | round }}", "“Rye” is no number"),
        ("{{ insight | plus: 1 }}", "“Rye” is no number"),
        ("{{ euros | plus: insight }}", "“Rye” is no number"),
        ("{{ renewal | times: 2 }}", "is no number"),
        ("{{ insight | date: '%Y' }}", "“Rye” is no date"),
        ("{{ '01.05.2027' | date: '%Y' }}", "is no date"),
        ("{{ euros | date: '%Y' }}", "is no date"),
        ("{{ euros | divided_by: 0 }}", "divide"),
    ],
)
def test_what_cannot_be_calculated_is_said_and_never_guessed(template: str, reason: str):
    with pytest.raises(BrokenLiquid, match=reason):
        said(template)


def test_what_was_launched_before_columns_had_types_is_mailed_as_it_was():
    row: dict[str, object] = {"name": "None", "euros": "61.5"}

    assert said("{{ name }} {{ euros | round }}", row, UNTYPED) == "None 62"


@pytest.mark.parametrize("no", ["0", "no", "nein", 0, 0.0, False])
@pytest.mark.parametrize("yes", ["1", "yes", "ja", 1, 1.0, True])
def test_an_answer_asked_for_alone_is_what_it_says(no: object, yes: object):
    template = "{% if member %}a{% else %}b{% endif %}{% unless member %}c{% endunless %}"

    assert said(template, {"member": yes}) == "a"
    assert said(template, {"member": no}) == "bc"
