"""A viewer opens every page about people, and reads nobody's address on any."""

import pytest
from fastapi import FastAPI
from sqlmodel import select

from app.delivery import planning
from app.delivery.models import Send
from app.delivery.outflow import Outflow
from app.delivery.renderable import LiquidRenderable
from app.experiments import drafts, enrolment, lifecycle, store
from app.experiments.design_schemas import Draft, LaunchDraft
from app.platform.config import Settings
from app.platform.db import Database
from tests.cast import DESIGN
from tests.duties import read_imports
from tests.web.conftest import NOW, Browser

CSV = b"""email,name,euros,timezone
ann@b.example,Ann,61,Europe/Oslo
bo@b.example,Bo,44,ann@b.example
cem@b.example,Cem,,Europe/Oslo
dee@b.example@b.example,Dee,5,Europe/Oslo
fay@b.example,Fay,lots,Europe/Oslo
gus@b.example,Gus,7,Europe/Oslo
hal@b.example,Hal,8,Europe/Oslo
ida@b.example,Ida,9,Europe/Oslo
"""
OF_A_DRAFT = ("", "/preview", "/checklist", "/launch")
OF_A_RUN = ("", "/preview", "/sends", "/hits", "/readout")
BODY = "Hello {{ name }}, {{ euros | plus: 1 }}. [Show](https://halvern.example/list)"


@pytest.fixture
def bakers(eve: Browser, database: Database, application: FastAPI) -> tuple[str, str]:
    """The addresses of an audience and of the import of its people."""
    made = eve.post("/audiences", name="Bakers").headers["location"].partition("?")[0]
    done = eve.upload(f"{made}/imports", "bakers.csv", CSV).headers["location"].partition("?")[0]
    read_imports(database, application.state.house.imports, "here", NOW)
    return made, done


def _draft(database: Database, audience: str) -> str:
    arm = DESIGN["arms"][0] | {"body": BODY}
    design = DESIGN | {"audience_id": audience.rpartition("/")[2], "arms": [arm]}
    with database.write() as session:
        return drafts.add(session, Draft.model_validate(design), by="Eve", now=NOW).id


def _run(application: FastAPI, database: Database, settings: Settings, audience: str) -> str:
    """An experiment under way, of whose people the mail server named one."""
    made = _draft(database, audience)
    with database.write() as session:
        row = store.locked(session, made)
        lifecycle.launch(session, row, LaunchDraft(), by="Eve", now=NOW)
    renderable = LiquidRenderable(settings, application.state.keyring)
    enrolment.settle(
        database, made, renderable=renderable, paces=Outflow(settings), settings=settings, now=NOW
    )
    planning.plan(database, made, now=NOW)
    with database.write() as session:
        send = session.scalars(select(Send)).first()
        assert send
        send.last_reply = "550 5.1.1 <ann@b.example>: nobody of that name"
        session.add(send)
    return made


def test_an_import_and_its_audience(eve: Browser, bo: Browser, bakers: tuple[str, str]):
    audience, done = bakers

    assert "dee@b.example" in eve.get(done).text
    for page in (audience, done, f"{done}/progress"):
        assert bo.get(page).status_code == 200
        assert "@b.example" not in bo.get(page).text
    for page in (f"{done}/notes", f"{done}/refused"):
        assert "@b.example" in eve.get(page).text
        assert bo.get(page).status_code == 403


def test_a_draft(eve: Browser, bo: Browser, database: Database, bakers: tuple[str, str]):
    home = f"/experiments/{_draft(database, bakers[0])}"
    seen = {page: bo.get(f"{home}{page}") for page in OF_A_DRAFT}

    assert all("@b.example" in eve.get(f"{home}{page}").text for page in OF_A_DRAFT)
    assert [page for page, answer in seen.items() if answer.status_code != 200] == []
    assert [page for page, answer in seen.items() if "@b.example" in answer.text] == []
    assert "for 1 of 7 people. They will not be mailed." in seen["/checklist"].text


def test_a_run(
    *,
    eve: Browser,
    bo: Browser,
    application: FastAPI,
    database: Database,
    settings: Settings,
    bakers: tuple[str, str],
):
    home = f"/experiments/{_run(application, database, settings, bakers[0])}"
    seen = {page: bo.get(f"{home}{page}") for page in OF_A_RUN}

    assert "550 5.1.1" in eve.get(f"{home}/sends").text
    assert [page for page, answer in seen.items() if answer.status_code != 200] == []
    assert [page for page, answer in seen.items() if "@b.example" in answer.text] == []
