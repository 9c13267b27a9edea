"""A closed cycle never changes, whichever way somebody comes: every writing request is tried."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlmodel import Session

from app.okr import closing, ledger, runs, store
from app.okr.ledger import Entry
from app.okr.models import KeyResult
from app.okr.runs import Run
from app.okr.schemas import CloseDraft
from app.outreach import store as outreach
from app.outreach.models import Connector, ConnectorLink
from app.platform.db import Database
from app.platform.errors import Conflict
from tests.analysis.scenes import given_experiment
from tests.api.conftest import NOW, Api, as_
from tests.cast import DESIGN
from tests.okr.scenes import given_key_result, given_objective, put

_OF_OUTCOMES = (
    "cycle", "objective", "objective_team", "key_result", "check_in", "contribution", "undone_link",
    "value_source", "told_week", "connector_link", "comment",
)  # fmt: skip
_NAMES_ONE = {"cycle_id", "objective_id", "key_result_id", "key_result_ids", "key_results"}
_MAY = {  # what reaches a closed cycle and leaves it as it is, or is the way to open it
    "POST /cycles/{cycle_id}/reopen",
    "POST /cycles/{cycle_id}/copy",
    "DELETE /key-results/{key_result_id}/connectors/{connector_id}",
    "PUT /key-results/{key_result_id}/watch",  # of whoever watches, not of the cycle
    "DELETE /key-results/{key_result_id}/watch",
    "PUT /key-results/{key_result_id}/check-ins/{check_in_id}/seen",  # of whoever reads it
    "DELETE /key-results/{key_result_id}/check-ins/{check_in_id}/seen",
    "PUT /unusual-weeks/{week}",  # of coming weeks only, in which a closed cycle takes no value
    "DELETE /unusual-weeks/{week}",
}


@dataclass(frozen=True)
class Closed:
    """A cycle that was closed with everything in it that there is."""

    cycle_id: str
    objective_id: str
    key_result_id: str  # with a typed value, told to a connector
    added_id: str  # with a contribution
    measured_id: str  # with a run
    read_id: str  # with a source that is read
    experiment_id: str
    draft_id: str
    feature_id: str
    connector_id: str
    team_id: str
    audience_id: str

    @property
    def key_result_ids(self) -> tuple[str, ...]:
        """One of each kind."""
        return self.key_result_id, self.added_id, self.measured_id, self.read_id


@pytest.fixture
def closed(database: Database, api: Api) -> Closed:
    """Put together while it was open, then closed."""
    team, feature = api.made("/teams", {"name": "Growth"}), api.made("/features", {"title": "X"})
    audience = api.made("/audiences", {"name": "Bakers"})
    draft = api.made("/experiments", DESIGN | {"audience_id": audience["id"]})
    with database.write() as session:
        row = given_key_result(session, objective := given_objective(session, "Product"))
        put(session, row.id, NOW.date(), 1300, confidence=5)
        added = given_key_result(session, objective, title="Added", source="experiment")
        share = given_key_result(
            session, objective, title="Share", source="experiment", unit="percent"
        )
        experiment = given_experiment(session)
        _wrote(session, added, share, experiment.id)
        read = {"source": "http", "http": {"url": "https://numbers.example/"}}
        is_read = given_key_result(session, objective, title="Read", **read)
        connector = _told(session, row)
        cycle = store.cycle_of_key_result(session, row)
        closing.close(session, cycle, CloseDraft(), by="Ann", now=NOW)
        return Closed(
            cycle_id=cycle.id,
            objective_id=objective.id,
            key_result_id=row.id,
            added_id=added.id,
            measured_id=share.id,
            read_id=is_read.id,
            experiment_id=experiment.id,
            draft_id=draft["id"],
            feature_id=feature["id"],
            connector_id=connector.id,
            team_id=team["id"],
            audience_id=audience["id"],
        )


def _wrote(session: Session, added: KeyResult, share: KeyResult, experiment_id: str) -> None:
    entry = Entry(experiment_id, NOW.date(), 14, -3, 31, 1000, "ordered")
    ledger.post(session, added.id, entry, by="Ann", now=NOW)
    run = Run(experiment_id, NOW.date(), value=1300, low=1200, high=1400, observed=600)
    runs.write(session, share.id, run, now=NOW)


def _told(session: Session, row: KeyResult) -> Connector:
    made: dict[str, Any] = {"created_at": NOW, "created_by": "Ann"}
    connector = Connector(kind="okr-tracker", name="OKR tracker", secrets="", **made)
    session.add(connector)
    session.flush()
    session.add(ConnectorLink(key_result_id=row.id, connector_id=connector.id, **made))
    return connector


def bodies(closed: Closed) -> dict[str, Any]:
    """What is sent with each request that names something of a cycle; None sends nothing."""
    number = {"objective_id": closed.objective_id, "title": "X", "kind": "increase",
              "start": 0, "target": 1}  # fmt: skip
    link = [{"key_result_id": closed.key_result_id, "mode": "evidence"}]
    return {
        "POST /objectives": {"title": "More", "cycle_id": closed.cycle_id},
        "PATCH /objectives/{objective_id}": {"title": "Other", "team_ids": [closed.team_id]},
        "DELETE /objectives/{objective_id}": None,
        "POST /key-results": number,
        "PATCH /key-results/{key_result_id}": {"start": 1250, "target": 3000},
        "DELETE /key-results/{key_result_id}": None,
        "PUT /key-results/{key_result_id}/confidence": {"confidence": 9},
        "POST /key-results/{key_result_id}/read": None,
        "DELETE /key-results/{key_result_id}/links/{experiment_id}": None,
        "POST /key-results/{key_result_id}/comments": {"text": "Why?"},
        "PUT /key-results/{key_result_id}/values/{date}": {"value": 1301},
        "POST /key-results/{key_result_id}/past": {"text": "2026-11-16 1250"},
        "PUT /key-results/{key_result_id}/connector": {
            "connector_id": closed.connector_id,
            "external": {"key_result": "1"},
        },
        "PATCH /cycles/{cycle_id}": {"ends": "2027-06-30", "name": "Other"},
        "DELETE /cycles/{cycle_id}": None,
        "POST /goal-imports": {
            "csv": "Objective,Key Result,Start,Target\nMore,Y,0,1",
            "cycle_id": closed.cycle_id,
        },
        "POST /cycles/{cycle_id}/close": {},
        "POST /features": {"title": "Y", "key_result_id": closed.key_result_id},
        "PATCH /features/{feature_id}": {"key_result_id": closed.key_result_id},
        "POST /experiments": DESIGN | {"audience_id": closed.audience_id, "key_results": link},
        "PATCH /experiments/{experiment_id}": {"key_results": link},
        "POST /experiments/{experiment_id}/key-results": {"key_result_id": closed.key_result_id},
        "DELETE /experiments/{experiment_id}/key-results/{key_result_id}": None,
    }


def writing(application: FastAPI) -> Iterator[str]:
    """Every request that may write and names a cycle, objective or key result."""
    document = application.openapi()
    for path, methods in document["paths"].items():
        for method, about in methods.items():
            if method == "get":
                continue
            names = {one["name"] for one in about.get("parameters", ())}
            names |= set(_fields(document, about))
            if names & _NAMES_ONE:
                yield f"{method.upper()} {path.removeprefix('/api/v1')}"


def _fields(document: dict[str, Any], about: dict[str, Any]) -> Iterator[str]:
    content = about.get("requestBody", {}).get("content", {})
    for one in content.values():
        name = one.get("schema", {}).get("$ref", "").rpartition("/")[2]
        yield from document["components"]["schemas"].get(name, {}).get("properties", {})


def rows(database: Database) -> dict[str, list[Any]]:
    with database.read() as session:
        return {
            table: sorted(map(repr, session.execute(text(f"SELECT * FROM {table}"))))
            for table in _OF_OUTCOMES
        }


def test_each_writing_request_is_known_here(application: FastAPI, closed: Closed):
    assert set(writing(application)) == set(bodies(closed)) | _MAY


def test_no_request_changes_anything_in_a_closed_cycle(
    application: FastAPI, database: Database, closed: Closed
):
    admin, before = as_(application, "admin"), rows(database)
    names = closed.__dict__ | {"date": NOW.date().isoformat()}
    wrong = []
    for request, body in bodies(closed).items():
        method, path = request.split(" ")
        if path.startswith("/experiments/"):
            is_late = "/key-results" in path  # a link after the launch
            names |= {"experiment_id": closed.experiment_id if is_late else closed.draft_id}
        for key_result_id in closed.key_result_ids:
            place = path.format(**(names | {"key_result_id": key_result_id}))
            answer = admin.ask(method, place, **({"json": body} if body is not None else {}))
            if answer.status_code != 409:
                wrong.append(f"{request}: {answer.status_code} {answer.text[:200]}")
            if rows(database) != before:
                wrong.append(f"{request} changed something")
                before = rows(database)

    assert wrong == []


def test_the_refusal_says_what_to_do(api: Api, closed: Closed):
    answer = api.ask("PATCH", f"/key-results/{closed.key_result_id}", json={"target": 3000})

    assert answer.json()["detail"] == (
        "“2026 Q4” is closed and scored, so nothing in it changes. Open it again to change it, or"
        " go on in a cycle that is running."
    )


def test_what_is_copied_from_it_lands_outside(api: Api, database: Database, closed: Closed):
    before = rows(database)
    draft = {"name": "2027 Q1", "starts": "2027-01-01", "ends": None, "begin_at_current": True}
    made = api.post(f"/cycles/{closed.cycle_id}/copy", draft)
    after = rows(database)

    assert made.status_code == 201
    for table in _OF_OUTCOMES:
        assert set(before[table]) <= set(after[table])


def test_no_code_of_ours_gets_round_the_guard(database: Database, closed: Closed):
    """Whoever writes rows by the session, in whatever room, is stopped where they are written."""

    def write(change: Callable[[Session], object]) -> None:
        with database.write() as session:
            change(session)

    before = rows(database)
    for change in (
        lambda session: setattr(store.key_result_of(session, closed.key_result_id), "title", "X"),
        lambda session: setattr(store.key_result_of(session, closed.added_id), "score", 1.0),
        lambda session: setattr(store.key_result_of(session, closed.read_id), "objective_id", "y"),
        lambda session: session.delete(store.entries(session, closed.key_result_id)[0]),
        lambda session: session.delete(store.contributions(session, closed.added_id)[0]),
        lambda session: setattr(store.cycle_of(session, closed.cycle_id), "name", "Other"),
        lambda session: put(session, closed.key_result_id, NOW.date(), 1),
    ):
        with pytest.raises(Conflict, match="closed and scored"):
            write(change)

    assert rows(database) == before


def test_unlinking_a_connector_stays_possible(api: Api, database: Database, closed: Closed):
    """What is told to others is no number of the cycle, and whoever leaves a tool must get out."""
    admin = as_(api.application, "admin")
    place = f"/key-results/{closed.key_result_id}/connectors/{closed.connector_id}"

    assert admin.ask("DELETE", place).status_code == 204
    with database.read() as session:
        assert list(outreach.linked(session, closed.key_result_id)) == []
