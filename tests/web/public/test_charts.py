"""A chart in a mail: for whoever holds its address, of one send, noted nowhere, gone with them."""

import pytest
from fastapi import FastAPI
from sqlmodel import select

from app.audience.models import Membership, Person
from app.delivery.models import Send
from app.experiments.models import Experiment
from app.links.keyring import Kind
from app.links.token import NEVER_COUNTS, TrackedLink, pack_fills, sign
from app.platform.db import Database
from app.tracking.models import Hit
from tests.delivery import scenes
from tests.delivery.scenes import ARM
from tests.web.conftest import Browser

BODY = 'Hello\n\n{% chart bar "Euros a week" euros %}\n\n[Show me](https://shop.example)'


@pytest.fixture
def experiment_id(database: Database, people: None) -> str:
    return scenes.launched(database, people=2, arms=[ARM | {"body": BODY}])


@pytest.fixture
def sends(experiment_id: str, database: Database) -> list[Send]:
    with database.read() as session:
        return list(session.exec(select(Send).order_by(Send.id)))  # type: ignore[arg-type]  # a column


def address(application: FastAPI, send_id: int, number: int = 1, fills: bytes = b"") -> str:
    token = TrackedLink(1, send_id, number, fills)
    return f"/d/{sign(token, Kind.CHART, application.state.keyring)}.png"


def test_it_is_a_picture_for_its_reader_alone_and_counts_nowhere(
    stranger: Browser, application: FastAPI, sends: list[Send], database: Database
):
    first, other = (stranger.get(address(application, send.id)) for send in sends)
    again = stranger.get(
        address(application, sends[0].id), **{"if-none-match": first.headers["etag"]}
    )
    with database.read() as session:
        hits = session.exec(select(Hit)).all()

    assert first.content.startswith(b"\x89PNG")
    assert first.content != other.content
    assert first.headers["content-type"] == "image/png"
    assert first.headers["cache-control"] == "private, max-age=3600"
    assert first.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "set-cookie" not in first.headers
    assert again.status_code == 304
    assert hits == []


def test_nothing_else_can_be_asked_by_it(
    stranger: Browser, application: FastAPI, sends: list[Send]
):
    good = address(application, sends[0].id)
    changed = good.replace(good[5], "A" if good[5] != "A" else "B", 1)
    as_link = (
        f"/d/{sign(TrackedLink(1, sends[0].id, 1), Kind.CLICK, application.state.keyring)}.png"
    )
    missing = [address(application, *one) for one in ((sends[0].id, 2), (sends[0].id, 0), (7, 1))]
    strange = address(application, NEVER_COUNTS, 1, pack_fills(("no", "insight", "body")))

    for path in (changed, as_link, *missing, strange, "/d/x.png"):
        assert stranger.get(path).status_code == 404, path


def test_a_preview_draws_it_for_the_person_that_is_looked_at(
    stranger: Browser, application: FastAPI, sends: list[Send], experiment_id: str
):
    fills = pack_fills((experiment_id, "insight", sends[1].person_id))
    previewed = stranger.get(address(application, NEVER_COUNTS, 1, fills))

    assert previewed.content == stranger.get(address(application, sends[1].id)).content


@pytest.mark.parametrize("body", ["{% chart pie 'x' euros %}", "no chart"])
def test_a_draft_that_has_changed_since_its_preview_has_no_such_chart(
    stranger: Browser, application: FastAPI, sends: list[Send], database: Database, body: str
):
    experiment_id = sends[0].experiment_id
    with database.write() as session:
        row = session.get_one(Experiment, experiment_id)
        row.design = row.design | {"arms": [ARM | {"body": body}]}
    fills = (pack_fills((experiment_id, arm, sends[0].person_id)) for arm in ("insight", "gone"))

    for one in fills:
        answer = stranger.get(address(application, NEVER_COUNTS, 1, one))
        assert (answer.status_code, "version" in answer.text) == (404, False)


def test_it_is_gone_with_its_person_at_once(
    stranger: Browser, application: FastAPI, sends: list[Send], database: Database
):
    path = address(application, sends[0].id)
    before = stranger.get(path)
    with database.write() as session:
        session.delete(session.get_one(Person, sends[0].person_id))
        for one in session.exec(select(Membership)):
            session.delete(one)

    assert before.status_code == 200
    assert stranger.get(path).status_code == 404
