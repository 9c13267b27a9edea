"""An experiment is written in four steps: each saves what it shows, and nothing typed is lost."""

import re
from itertools import pairwise
from typing import Any

import pytest
from sqlmodel import select

from app.experiments import store
from app.experiments.models import Experiment
from app.platform.db import Database
from app.web.experiments.form_steps import STEPS
from app.web.experiments.starters import STARTERS
from tests.web.conftest import Browser
from tests.web.test_journey import CARD, id_in

BELIEF = "Bakers act on waste when it is told in euros, because a share means nothing to them."


@pytest.fixture
def draft(eve: Browser) -> str:
    return id_in(eve.post("/experiments", name="Waste in euros"), "experiments")


def design_of(database: Database, experiment_id: str) -> dict[str, Any]:
    with database.read() as session:
        return dict(store.experiment_of(session, experiment_id).design)


def fields_of(page: str) -> dict[str, str]:
    """What a browser would send of a page as it stands, ticks and buttons aside."""
    form = page.partition("data-keep")[2]
    boxes = [box for box in re.findall(r"<input [^>]*>", form) if 'type="checkbox"' not in box]
    named = [re.search(r'name="(\w+)".*?value="([^"]*)"', box, re.DOTALL) for box in boxes]
    fields = {box[1]: _unescaped(box[2]) for box in named if box}
    areas = re.findall(r'<textarea [^>]*name="(\w+)"[^>]*>\n?(.*?)</textarea>', form, re.DOTALL)
    fields |= {name: _unescaped(text) for name, text in areas}
    for name, options in re.findall(
        r'<select [^>]*name="(\w+)".*?>(.*?)</select>', form, re.DOTALL
    ):
        chosen = re.search(r'value="([^"]*)" selected', options) or re.search(
            r'value="([^"]*)"', options
        )
        fields[name] = chosen[1] if chosen else ""
    return {name: text for name, text in fields.items() if name != "csrf"}


def _unescaped(text: str) -> str:
    for sign, written in (("&#34;", '"'), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">")):
        text = text.replace(sign, written)
    return text.replace("&amp;", "&")


def test_a_draft_is_there_from_its_name_on(eve: Browser, database: Database):
    answer = eve.post("/experiments", name="Waste in euros", on="people")
    made = id_in(answer, "experiments")

    assert answer.headers["location"] == f"/experiments/{made}/edit/people"
    assert design_of(database, made)["audience_id"] is None
    assert "Waste in euros" in eve.get("/experiments").text


def test_a_belief_alone_names_it(eve: Browser, database: Database):
    made = id_in(eve.post("/experiments", name="", believe=BELIEF), "experiments")
    design = design_of(database, made)

    assert design["hypothesis"]["believe"] == BELIEF
    assert design["name"] == "Bakers act on waste when it is told in euros, because a …"


@pytest.mark.parametrize("believe", ["", STARTERS[0].document["hypothesis"]["believe"]])
def test_without_a_word_of_ones_own_there_is_no_draft(
    eve: Browser, database: Database, believe: str
):
    answer = eve.post("/experiments", name=" ", believe=believe, measure="Who calls.", forecast="x")

    assert answer.status_code == 422
    assert "Give it a name, or say in your own words what you believe" in answer.text
    assert "Who calls." in answer.text
    assert re.search(r'name="forecast"[^>]*value="x"', answer.text)
    with database.read() as session:
        assert session.exec(select(Experiment)).all() == []


def test_a_name_that_is_taken_away_comes_from_the_belief(eve: Browser, database: Database):
    made = id_in(eve.post("/experiments", name="Waste", believe="Bakers act."), "experiments")
    eve.send(f"/experiments/{made}/edit/believe", on="save", name="", believe="Bakers do act.")

    assert design_of(database, made)["name"] == "Bakers do act"


def test_all_of_it_is_written_in_four_steps(eve: Browser, bakeries: str, database: Database):
    sent = CARD | {"audience_id": bakeries}
    address = "/experiments"
    for step, after in pairwise([*[step.key for step in STEPS], "launch"]):
        page = eve.get("/experiments/new" if step == "believe" else address).text
        shown = fields_of(page)
        answer = eve.post(
            address, **shown | {name: sent[name] for name in sent if name in shown}, on=after
        )
        assert answer.status_code == 303, answer.text
        address = answer.headers["location"]
    design = design_of(database, id_in(answer, "experiments"))

    assert address.endswith("/launch")
    assert design["audience_id"] == bakeries
    assert design["arms"][0]["subject"] == CARD["subject"]
    assert design["rule"]["threshold"] == 0.3


@pytest.mark.parametrize("step", [step.key for step in STEPS])
def test_a_step_that_is_saved_as_it_stands_changes_nothing(
    eve: Browser, bakeries: str, database: Database, step: str
):
    made = id_in(eve.post("/experiments", **CARD, audience_id=bakeries), "experiments")
    with database.read() as session:
        before = store.experiment_of(session, made)
    path = f"/experiments/{made}/edit/{step}"
    eve.send(path, on="save", **fields_of(eve.get(path).text))
    with database.read() as session:
        after = store.experiment_of(session, made)

    assert (after.design, after.unread, after.updated_at) == (
        before.design, before.unread, before.updated_at,
    )  # fmt: skip


def test_what_cannot_be_used_is_kept_beside_what_can(eve: Browser, draft: str, database: Database):
    path = f"/experiments/{draft}/edit/count"
    sent = fields_of(eve.get(path).text) | {"threshold": "many", "window_hours": "48"}
    answer = eve.post(path, **sent, on="launch")
    page = eve.get(path).text
    design = design_of(database, draft)

    assert answer.headers["location"] == path  # not on: something is marked here
    assert (design["metric"]["window_hours"], design["rule"]["threshold"]) == (48, 0.08)
    assert re.search(r'name="threshold"[^>]*value="many"[^>]*aria-invalid="true"', page)
    assert "Write a number here." in page
    assert "(something is to be mended)" in eve.get(f"/experiments/{draft}/edit/people").text


def test_it_is_not_launched_over_what_somebody_typed(eve: Browser, bakeries: str):
    made = id_in(eve.post("/experiments", **CARD, audience_id=bakeries), "experiments")
    path = f"/experiments/{made}/edit/count"
    assert "Send to 2 people" in eve.get(f"/experiments/{made}/launch").text
    eve.post(path, **fields_of(eve.get(path).text) | {"threshold": "many"})
    refused = eve.post(f"/experiments/{made}/launch")
    eve.post(path, **fields_of(eve.get(path).text) | {"threshold": "20"})

    assert refused.status_code == 422
    assert "“More than (threshold)” says “many”, which cannot be used yet" in refused.text
    assert "Send to 2 people" in eve.get(f"/experiments/{made}/launch").text


def test_the_steps_own_buttons_lead_away_and_lose_nothing(eve: Browser, draft: str):
    path = f"/experiments/{draft}/edit/count"
    answer = eve.post(path, **fields_of(eve.get(path).text) | {"threshold": "many"}, to="mail")

    assert answer.headers["location"] == f"/experiments/{draft}/edit/mail"
    assert 'value="many"' in eve.get(path).text


def test_a_second_version_waits_until_it_is_compared(eve: Browser, draft: str, database: Database):
    mail, count = (f"/experiments/{draft}/edit/{step}" for step in ("mail", "count"))
    second = {"second_subject": "You lose", "second_body": "Bye. [Show](answer:)"}
    eve.post(mail, **fields_of(eve.get(mail).text) | second)
    waiting = eve.get(mail).text
    before = len(design_of(database, draft)["arms"])
    rule = {"rule_kind": "comparison", "baseline": "insight", "mde": "2", "threshold": ""}
    eve.post(count, **fields_of(eve.get(count).text) | rule)
    design = design_of(database, draft)

    assert before == 1
    assert "Bye. [Show](answer:)" in waiting
    assert "used as soon as “We are right if it is” goes with it" in waiting
    assert [arm["subject"] for arm in design["arms"]][1:] == ["You lose"]
    assert design["rule"]["kind"] == "comparison"
    assert "Not everything can be used" not in eve.get(mail).text


def test_an_answer_that_means_nothing_now_is_there_when_it_does(
    eve: Browser, draft: str, database: Database
):
    path = f"/experiments/{draft}/edit/count"
    eve.post(path, **fields_of(eve.get(path).text) | {"event": "planned"})
    kept = eve.get(path).text
    eve.post(path, **fields_of(kept) | {"metric_kind": "conversion_rate"})

    assert re.search(r'name="event"[^>]*value="planned"', kept)
    assert "Not everything can be used" not in kept
    assert design_of(database, draft)["metric"]["event"] == "planned"


def test_what_no_step_shows_stays_as_it_is(eve: Browser, draft: str, database: Database):
    many = [{"column": f"c{n}", "op": "eq", "value": "x"} for n in range(5)]
    with database.write() as session:
        row = store.experiment_of(session, draft)
        row.design = row.design | {"where": many}
        session.add(row)
    path = f"/experiments/{draft}/edit/people"
    eve.post(path, **fields_of(eve.get(path).text) | {"where_0_value": "y"})
    where = design_of(database, draft)["where"]

    assert [one["value"] for one in where] == ["y", "x", "x", "x", "x"]


def test_two_who_write_at_once_do_not_overwrite_each_other(
    eve: Browser, ann: Browser, draft: str, database: Database
):
    path = f"/experiments/{draft}/edit/believe"
    hers, his = fields_of(ann.get(path).text), fields_of(eve.get(path).text)
    ann.post(path, **hers | {"believe": "Ann believes.", "verify": "Ann verifies."})
    answer = eve.post(path, **his | {"believe": "Eve believes.", "measure": "Eve measures."})
    card = design_of(database, draft)["hypothesis"]
    eve.post(path, **fields_of(answer.text))

    assert answer.status_code == 422
    assert "Somebody else changed this meanwhile; it says “Ann believes.” now." in answer.text
    assert (card["believe"], card["verify"], card["measure"]) == (
        "Ann believes.", "Ann verifies.", "Eve measures.",
    )  # fmt: skip
    assert design_of(database, draft)["hypothesis"]["believe"] == "Eve believes."


def test_a_page_that_saves_itself_overwrites_nobody_either(
    eve: Browser, ann: Browser, draft: str, database: Database
):
    path = f"/experiments/{draft}/edit/believe"
    his = fields_of(eve.get(path).text)
    ann.post(path, believe="Ann believes.")
    for text in ("Eve", "Eve believes."):
        answer = eve.keep(path, **his | {"believe": text})
        seen = re.search(r'name="seen" value="([^"]*)"', answer.text)
        assert seen
        his["seen"] = _unescaped(seen[1])
        assert "Somebody else changed this" in answer.text

    assert design_of(database, draft)["hypothesis"]["believe"] == "Ann believes."


def test_the_first_word_makes_one_draft_and_says_where_it_is(eve: Browser, database: Database):
    first = eve.keep("/experiments", name="Wa")
    address = first.headers["content-location"]
    second = eve.keep(address, name="Waste")
    with database.read() as session:
        (row,) = session.exec(select(Experiment)).all()

    assert address == f"/experiments/{row.id}/edit/believe"
    assert row.name == "Waste"
    assert re.search(r"Saved \d\d:\d\d", second.text)


@pytest.mark.parametrize("first", ["insight", "framings"])
@pytest.mark.parametrize("second", ["holdout", "framings", "door"])
def test_another_template_wipes_nothing_that_was_typed(
    eve: Browser, database: Database, first: str, second: str
):
    typed = {"name": "Mine", "believe": BELIEF, "measure": "Who calls us."}
    made = id_in(eve.post("/experiments", **typed, begun=first), "experiments")
    mail = f"/experiments/{made}/edit/mail"
    eve.post(mail, **fields_of(eve.get(mail).text) | {"subject": "My own subject"})
    eve.post(f"/experiments/{made}/edit/believe", begin=second)
    design = design_of(database, made)
    (wanted,) = (one.document for one in STARTERS if one.key == second)

    assert (design["name"], design["hypothesis"]["believe"]) == ("Mine", BELIEF)
    assert design["hypothesis"]["measure"] == "Who calls us."
    assert design["hypothesis"]["verify"] == wanted["hypothesis"]["verify"]
    assert design["arms"][0]["subject"] == "My own subject"
    assert [arm["key"] for arm in design["arms"]] == [arm["key"] for arm in wanted["arms"]]
    assert design["rule"]["kind"] == wanted["rule"]["kind"]


def test_a_line_that_was_typed_outlives_another_template(
    eve: Browser, draft: str, database: Database
):
    path = f"/experiments/{draft}/edit/count"
    eve.post(path, **fields_of(eve.get(path).text) | {"threshold": "12"})
    eve.post(f"/experiments/{draft}/edit/believe", begin="framings")
    design = design_of(database, draft)

    assert (design["rule"]["kind"], design["rule"]["threshold"]) == ("threshold", 0.12)


def test_a_template_before_the_first_word_keeps_what_is_typed(eve: Browser):
    answer = eve.post("/experiments", begun="insight", begin="door", measure="Who calls us.")

    assert answer.status_code == 200
    assert "Fake door ✓" in answer.text
    assert "Who calls us." in answer.text
    assert "Those who see {entry} will try it." in answer.text


def test_a_step_that_is_none_is_said_to_be_none(eve: Browser, draft: str):
    answer = eve.get(f"/experiments/{draft}/edit/pay")

    assert answer.status_code == 404
    assert "An experiment is written in four." in answer.text


def test_the_plan_is_told_on_every_step(eve: Browser, bakeries: str):
    made = id_in(eve.post("/experiments", name="Waste", audience_id=bakeries), "experiments")

    for step in STEPS:
        page = eve.get(f"/experiments/{made}/edit/{step.key}").text
        assert "Too few people" in page or "must click" in page
