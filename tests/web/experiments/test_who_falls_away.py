"""Beside the choice of people: who is asked, and who falls away, why, with where to look at it."""

import re

from tests.web.conftest import Browser
from tests.web.experiments.test_steps import fields_of
from tests.web.test_journey import CARD, id_in


def told(page: str) -> dict[str, tuple[str, str]]:
    """By reason: how many, and where it leads."""
    part = page.partition('id="away"')[2].partition("</section>")[0]
    rows = re.findall(
        r'<th scope="row">([^<]*)<.*?data-label="[^"]*">([^<]*)</td><td><a href="([^"]*)"', part
    )
    return {words: (count, href) for words, count, href in rows}


def test_every_reason_is_counted_and_leads_to_where_it_is_said(eve: Browser, bakeries: str):
    eve.post("/suppressions", email="ann@b.example")
    made = id_in(eve.post("/experiments", **CARD, audience_id=bakeries), "experiments")
    step = f"/experiments/{made}/edit/people"
    page = eve.get(step).text
    found = told(page)

    assert "1 of 3 people is asked, as it was last saved. The plan below reckons with all 3" in page
    assert found["On the do-not-mail list"] == ("1", "/suppressions")
    assert found["“euros” is missing"] == ("1", f"/experiments/{made}/edit/mail")
    refused, report = found["Lines of the last file that were refused"]
    assert refused == "1"
    assert "Refused: 1 line" in eve.get(report).text

    narrow = {"where_0_column": "name", "where_0_op": "eq", "where_0_value": "Bo"}
    eve.post(step, **fields_of(page) | narrow)
    narrowed = told(eve.get(step).text)
    assert narrowed["Not what the filter asks for"] == ("2", f"{step}#who")
    assert [eve.get(href.partition("#")[0]).status_code for _, href in narrowed.values()] == [
        200
    ] * len(narrowed)


def test_without_an_audience_nobody_falls_away(eve: Browser):
    made = id_in(eve.post("/experiments", **CARD), "experiments")

    assert 'id="away"' not in eve.get(f"/experiments/{made}/edit/people").text


def test_a_plan_for_nobody_says_so_and_asks_for_no_audience_that_was_chosen(
    eve: Browser, bakeries: str
):
    for address in ("ann@b.example", "bo@b.example", "cem@b.example"):
        eve.post("/suppressions", email=address)
    made = id_in(eve.post("/experiments", **CARD, audience_id=bakeries), "experiments")
    without = id_in(eve.post("/experiments", **CARD), "experiments")

    assert "there is nothing to tell" in eve.get(f"/experiments/{made}/launch").text
    assert "Choose an audience and a threshold" not in eve.get(f"/experiments/{made}/launch").text
    assert "Choose an audience and a threshold" in eve.get(f"/experiments/{without}").text
