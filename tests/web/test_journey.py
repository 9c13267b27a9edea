"""From an empty house to a launched experiment and a decision, by forms alone."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI

from app.delivery import planning
from app.delivery.outflow import Outflow
from app.delivery.renderable import LiquidRenderable
from app.experiments import enrolment
from app.platform import clock
from app.platform.config import Settings
from app.platform.db import Database
from app.tracking import folders
from app.tracking.folders import Folder
from tests.web.conftest import Browser

CARD = {
    "name": "Waste in euros",
    "believe": "Bakers act on waste when it is told in euros.",
    "verify": "We mail each of them last week's waste.",
    "measure": "People who follow the link within 72 hours.",
    "right_if": "We can say that more than 8 % do.",
    "subject": "{{ name }}, {{ euros }} € a week",
    "body": "Hello {{ name }}, {{ euros }} € a week. [Show my list](answer:)",
    "answer": "# {{ euros }} €",
    "threshold": "30",
    "confidence": "80",
    "window_hours": "72",
    "unsubscribe_max": "1",
}


def id_in(answer, kind: str) -> str:
    """The id in the address that a redirect leads to."""
    found = re.match(rf"/{kind}/([a-z0-9]+)", answer.headers.get("location", ""))
    assert found, answer.text
    return found[1]


@pytest.fixture
def key_result(eve: Browser) -> str:
    eve.post("/cycles", cycle_name="2026 Q4", starts="2020-01-01", ends="2039-12-31")
    eve.post("/teams", team_name="Counter", function="product")
    page = eve.get("/objectives").text
    cycle = re.search(r'<option value="([a-z0-9]{20})"[^>]*>2026 Q4', page)
    team = re.search(r'name="team_ids" value="([a-z0-9]{20})"', page)
    assert cycle
    assert team
    eve.post("/objectives", objective_title="Plan", cycle_id=cycle[1], team_ids=team[1])
    objective = re.search(r'<option value="([a-z0-9]{20})"[^>]*>Plan', eve.get("/objectives").text)
    assert objective
    fields = {"kind": "increase", "unit": "number", "start": "1240", "target": "1800"}
    eve.post(
        "/key-results",
        objective_id=objective[1],
        title="Weekly active",
        weight="1",
        cadence="weekly",
        **fields,
    )
    found = re.search(r'href="/key-results/([a-z0-9]{20})"', eve.get("/objectives").text)
    assert found
    return found[1]


@pytest.fixture
def draft(eve: Browser, bakeries: str, key_result: str) -> str:
    feature = id_in(eve.post("/features", title="Insights", key_result_id=key_result), "features")
    cut = id_in(eve.post(f"/features/{feature}/slices", title="By mail"), "slices")
    answer = eve.post(
        "/experiments", **CARD, audience_id=bakeries, slice_id=cut, key_result_id=key_result
    )
    return id_in(answer, "experiments")


@pytest.fixture
def started(
    eve: Browser, draft: str, database: Database, settings: Settings, application: FastAPI
) -> str:
    assert eve.post(f"/experiments/{draft}/launch").status_code == 303
    now = clock.now() + timedelta(seconds=1)
    renderable = LiquidRenderable(settings, application.state.keyring)
    enrolment.settle(
        database, draft, renderable=renderable, paces=Outflow(settings), settings=settings, now=now
    )
    planning.plan(database, draft, now=now)
    return draft


@pytest.mark.calendar
def test_a_value_moves_the_week(eve: Browser, key_result: str):
    today = clock.now().date().isoformat()
    page = eve.send(f"/key-results/{key_result}/values", on="value", date=today, value="1515")

    assert "1,515" in page.text
    assert "1,240 → 1,800" in page.text


@pytest.mark.calendar
def test_a_value_dated_tomorrow_is_refused_beside_its_field(eve: Browser, key_result: str):
    answer = eve.post(f"/key-results/{key_result}/values", date="2039-01-01", value="1600")

    assert answer.status_code == 422
    assert "lies in the future" in answer.text
    assert 'value="1600"' in answer.text


def test_every_page_of_an_experiment_shows_its_parents(eve: Browser, draft: str):
    steps = ("/edit/believe", "/edit/people", "/edit/mail", "/edit/count")
    for page in ("", *steps, "/preview", "/checklist", "/launch"):
        answer = eve.get(f"/experiments/{draft}{page}")

        assert answer.status_code == 200, page
        assert "Waste in euros" in answer.text


def test_the_launch_page_says_who_remains_and_why_and_shows_real_mails(eve: Browser, draft: str):
    page = eve.get(f"/experiments/{draft}/launch").text

    assert "Send to 2 people" in page
    assert re.search(r'name="undo_seconds"[^>]*value="30"', page)
    assert "“euros” is missing" in page
    assert "Ann, 61 € a week" in page


WHO_FALLS_AWAY = [
    pytest.param("suppressed", "ann@", id="on the do-not-mail list"),
    pytest.param("filter", "ann@", id="not what the filter asks for"),
]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("why", "who"), WHO_FALLS_AWAY)
def test_real_mails_are_of_people_who_get_one(eve: Browser, draft: str, why: str, who: str):
    before = addressed(eve, draft)
    named = next(one for one in before if one.startswith(who))
    if why == "suppressed":
        eve.post("/suppressions", email=named)
    else:
        only = {"where_0_column": "email", "where_0_op": "ne", "where_0_value": named}
        eve.post(f"/experiments/{draft}/edit/people", **only, name="Ours", on="people")

    assert addressed(eve, draft) == [one for one in before if one != named]


def addressed(eve: Browser, draft: str) -> list[str]:
    """To whom the mails on the launch page go."""
    page = eve.get(f"/experiments/{draft}/launch").text
    return re.findall(r'<iframe [^>]*title="Mail to ([^,]+),', page)


def test_a_preview_is_a_real_persons_mail_in_a_frame_that_runs_nothing(eve: Browser, draft: str):
    page = eve.get(f"/experiments/{draft}/preview").text
    person = re.search(r'<option value="([a-z0-9]{20})"[^>]*>Ann', page)
    assert person
    mail = eve.get(f"/experiments/{draft}/preview/mail?person={person[1]}")

    assert "61 €" in mail.text
    assert mail.headers["content-security-policy"].startswith("sandbox")


def test_somebody_with_a_missing_column_gets_a_sentence_instead_of_a_mail(eve: Browser, draft: str):
    page = eve.get(f"/experiments/{draft}/preview").text
    person = re.search(r'<option value="([a-z0-9]{20})"[^>]*>Cem', page)
    assert person

    answer = eve.get(f"/experiments/{draft}/preview?person={person[1]}")

    assert "This person would get no mail" in answer.text


def test_a_refused_draft_loses_nothing_that_was_typed(eve: Browser, bakeries: str):
    fields = CARD | {"threshold": "many"}
    made = id_in(eve.post("/experiments", **fields, audience_id=bakeries), "experiments")
    count = eve.get(f"/experiments/{made}/edit/count").text

    assert "Write a number here." in count
    assert re.search(r'name="threshold"[^>]*value="many"[^>]*aria-invalid="true"', count)
    assert "Bakers act on waste" in eve.get(f"/experiments/{made}/edit/believe").text


@pytest.mark.calendar
def test_the_plan_answers_while_one_types(eve: Browser, bakeries: str):
    answer = eve.keep("/experiments", **CARD, audience_id=bakeries)

    assert answer.status_code == 200
    assert "With 3 people" in answer.text or "Too few people" in answer.text


def test_a_test_mail_goes_to_people_with_a_log_in_only(eve: Browser, draft: str):
    refused = eve.post(f"/experiments/{draft}/test-send", to="somebody@else.example")
    sent = eve.post(f"/experiments/{draft}/test-send", to="eve@halvern.example")

    assert refused.status_code == 422
    assert "with a log-in only" in refused.text
    assert sent.status_code == 303


@pytest.mark.calendar
def test_a_launched_experiment_shows_its_mails_and_can_be_paused(eve: Browser, started: str):
    overview = eve.get(f"/experiments/{started}").text
    paused = eve.send(f"/experiments/{started}/pause", on="pause").text

    assert "0 of 2 sent, 2 waiting" in overview
    assert "Paused" in paused
    assert "Resume" in paused


@pytest.mark.parametrize(
    "page", ["", "/progress", "/readout", "/readout/live", "/sends", "/hits", "/decide"]
)
def test_every_page_of_a_running_experiment_opens(eve: Browser, started: str, page: str):
    assert eve.get(f"/experiments/{started}{page}").status_code == 200


def test_hits_that_could_not_be_kept_are_warned_of(eve: Browser, started: str, database: Database):
    folder, now = Folder("one", Path("/srv/one")), clock.now()
    with database.write() as session:
        folders.report(session, folder, until=now, lost=0, drained=False, now=now)
    assert "could not be kept" not in eve.get(f"/experiments/{started}/readout").text
    with database.write() as session:
        later = now + timedelta(minutes=1)
        folders.report(session, folder, until=later, lost=1, drained=False, now=later)

    assert (
        "1 click or open was answered and could not"
        in eve.get(f"/experiments/{started}/readout").text
    )


def test_a_launched_design_cannot_be_edited(eve: Browser, started: str):
    answer = eve.post(f"/experiments/{started}/edit/believe", **(CARD | {"believe": "Other."}))

    assert answer.status_code == 422
    assert "locked" in answer.text
    assert "Other." in answer.text


def test_a_decision_without_a_learning_is_refused_and_with_one_it_is_found_again(
    eve: Browser, started: str
):
    refused = eve.post(f"/experiments/{started}/decide", decision="iterate", learning="")
    eve.send(
        f"/experiments/{started}/decide", on="decide", decision="iterate", learning="Euros work."
    )

    assert refused.status_code == 422
    assert "<mark>Euros</mark> work." in eve.get("/learnings?q=euros").text
    assert "Decided" in eve.get("/").text


def test_a_post_in_a_finished_state_is_a_clear_answer(eve: Browser, started: str):
    eve.post(f"/experiments/{started}/cancel")
    answer = eve.post(f"/experiments/{started}/pause")

    assert answer.status_code == 409
    assert "cancelled" in answer.text


def test_an_import_accounts_for_every_line(eve: Browser, bakeries: str, application: FastAPI):
    page = eve.get(f"/audiences/{bakeries}").text
    number = re.search(r'href="/imports/([a-z0-9]{20})"', page)
    assert number
    shown = eve.get(f"/imports/{number[1]}").text
    file = eve.get(f"/imports/{number[1]}/refused")

    assert "4 lines read" in shown
    assert "nobody" in file.text
    assert file.headers["content-type"].startswith("application/x-ndjson")


def test_an_upload_without_a_file_says_so(eve: Browser, bakeries: str, said: Callable[[str], str]):
    answer = eve.post(f"/audiences/{bakeries}/imports")

    assert answer.status_code == 422
    assert "Choose a file first." in said(answer.text)


def test_nobody_on_the_list_is_mailed(eve: Browser, draft: str):
    eve.send("/suppressions", on="suppress", email="ann@b.example", reason="Asked by phone")

    assert "On the do-not-mail list" in eve.get(f"/experiments/{draft}/launch").text
    assert "Asked by phone" in eve.get("/suppressions").text


@pytest.mark.parametrize(
    "path",
    [
        "/", "/objectives", "/features", "/features/new", "/audiences", "/suppressions",
        "/experiments", "/experiments/new", "/experiments/new?from=call", "/outbox", "/learnings",
        "/people", "/tokens", "/help/how-it-works", "/help/statistics", "/help/machines",
        "/help/writing", "/help/mail", "/help/backup", "/login",
    ],
)  # fmt: skip
def test_every_page_of_an_empty_house_opens_and_says_what_to_do(ann: Browser, path: str):
    answer = ann.get(path)

    assert answer.status_code == (303 if path == "/login" else 200)
