from datetime import date

from app.okr.models import Cycle, KeyResult, Objective
from app.outreach import store
from app.outreach.models import Push, State
from app.platform.db import Database
from tests.web.conftest import NOW, Browser


def stopped(database: Database) -> None:
    quarter = Cycle(id="c", name="Q4", starts=date(2026, 10, 1), ends=date(2026, 12, 31))
    objective = Objective(id="o", title="Less waste", cycle_id="c", created_at=NOW)
    row = KeyResult(
        id="kr",
        objective_id="o",
        title="Bakers",
        kind="increase",
        unit="number",
        start=0,
        target=9,
        created_at=NOW,
    )
    push = Push(
        event_id="e",
        connector_id="gone",
        lane="gone:kr",
        kind="key_result.valued",
        subject="kr",
        happened_at=NOW,
        facts={"value": 5},
        state=State.STOPPED,
        last_error="ClickUp answered 400.",
        due_at=NOW,
        created_at=NOW,
    )
    for one in (quarter, objective, row, push):
        with database.write() as session:
            session.add(one)


def test_the_last_push_stands_with_its_error(bo: Browser, database: Database):
    stopped(database)

    page = bo.get("/key-results/kr/pushes")

    assert "ClickUp answered 400." in page.text
    assert "Replay</button>" not in page.text


def test_an_editor_is_told_why_a_push_of_a_removed_connector_stays(
    eve: Browser, database: Database
):
    stopped(database)

    assert eve.post("/key-results/kr/pushes/1/replay").status_code == 404


def connected(ann: Browser, database: Database) -> str:
    stopped(database)
    ann.send("/connections", on="add", kind="clickup", title="Our tool", **{"clickup.token": "t"})
    with database.read() as session:
        return store.connectors(session)[0].id


def test_an_editor_links_a_key_result_and_unlinks_it(
    ann: Browser, eve: Browser, database: Database
):
    made = connected(ann, database)
    name = f"{made}.key_result_id"
    shown = eve.get("/key-results/kr/pushes").text
    linked = eve.send(f"/key-results/kr/pushes/links/{made}", on="link", **{name: "4711"}).text
    told = eve.get("/key-results/kr").text
    unlinked = eve.send(f"/key-results/kr/pushes/links/{made}/remove", on="unlink").text

    assert "Push to Our tool" in shown
    assert "4711" in linked
    assert "Our tool (4711): nothing was pushed yet." in told
    assert "4711" not in unlinked


def test_a_link_without_its_name_over_there_says_what_is_missing(
    ann: Browser, eve: Browser, database: Database
):
    made = connected(ann, database)
    shown = eve.post(f"/key-results/kr/pushes/links/{made}")

    assert shown.status_code == 422
    assert "is needed." in shown.text
