"""The do-not-mail list in bulk: page, API and command say and do the same; who took it is noted."""

import pytest
from sqlmodel import select

from app.audience import declined_store
from app.audience.models import Suppression
from app.identity.models import AuditRow
from app.platform import clock
from app.platform.db import Database
from tests.web.conftest import Browser

LIST = "email,kind,reason\nann@b.example,,asked\nnobody,,\nbo@b.example,offers,\n"
PATH = "/suppressions/file"


def sent(browser: Browser, text: str):
    files = {"file": ("list.csv", text.encode(), "text/csv")}
    return browser._ask("POST", f"{PATH}?csrf={browser.token()}", files=files)


def test_a_file_goes_on_the_list_and_says_what_it_could_not_take(eve: Browser, database: Database):
    page = sent(eve, LIST)
    again = sent(eve, LIST)
    with database.read() as session:
        rows = session.exec(select(Suppression)).all()
        noted = session.exec(select(AuditRow).where(AuditRow.action.contains(PATH))).all()  # type: ignore[attr-defined]  # a column

    assert page.status_code == 200
    assert "2 entries added. 1 line could not be taken." in page.text
    assert "This address cannot be used" in page.text
    assert "0 entries added. 2 were on the list already." in again.text
    assert [(row.email_key, row.reason, row.created_by) for row in rows] == [
        ("ann@b.example", "asked", "Eve")
    ]
    assert [row.details["added"] for row in noted] == [2, 0]


def test_the_list_is_downloaded_whole_and_noted(eve: Browser, database: Database):
    sent(eve, LIST)
    answer = eve.get(PATH)
    with database.read() as session:
        noted = session.exec(select(AuditRow)).all()

    assert answer.headers["content-type"].startswith("text/csv")
    lines = answer.text.removeprefix("\ufeff").splitlines()
    assert lines[0] == "email,kind,reason,since"
    assert [line.rpartition(",")[0] for line in lines[1:]] == [
        "ann@b.example,,asked", "bo@b.example,offers,unsubscribed",
    ]  # fmt: skip
    assert [row for row in noted if "GET" in row.action and PATH in row.action]


@pytest.mark.parametrize("path", ["/suppressions", PATH, "/suppressions/kinds"])
def test_viewers_neither_see_nor_take_the_list(bo: Browser, path: str):
    assert bo.get(path).status_code == 403
    assert sent(bo, LIST).status_code == 403


def test_a_file_that_is_none_loses_nothing(eve: Browser, database: Database):
    page = sent(eve, "name\nAnn\n")
    with database.read() as session:
        rows = session.exec(select(Suppression)).all()

    assert page.status_code == 422
    assert "No column is called “email”." in page.text
    assert rows == []


def test_an_editor_turns_a_kind_on_again(eve: Browser, database: Database):
    with database.write() as session:
        [row_id] = declined_store.decline(
            session, "ann@b.example", ["offers"], by="recipient", now=clock.now()
        )
    listed = eve.get("/suppressions/kinds").text
    eve.post(f"/suppressions/kinds/{row_id}/lift")
    after = eve.get("/suppressions/kinds").text

    assert "ann@b.example" in listed
    assert "An offer or a price" in listed
    assert "Nobody has turned off a kind of mail." in after
