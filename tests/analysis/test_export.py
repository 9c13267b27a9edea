"""Exports: every send once, and no cell that a spreadsheet would run."""

import csv
import json

import pytest
from sqlmodel import Session

from app.analysis import export
from app.audience.models import Person
from app.delivery.models import Send, State
from tests.analysis.scenes import TUESDAY, click, given_experiment, mail


def given_sends(session: Session, *, email: str = "ann@bakery.example") -> str:
    experiment = given_experiment(session, enrolled=2)
    person = Person(email=email, email_key="ann", created_at=TUESDAY, updated_at=TUESDAY)
    session.add(person)
    for number, state in ((1, State.SENT), (2, State.QUEUED)):
        session.add(
            Send(
                id=number,
                experiment_id=experiment.id,
                arm="insight",
                person_id=person.id,
                state=state,
                due_at=TUESDAY,
            )
        )
    mail(session, experiment, 1)
    click(session, 1)
    session.flush()
    return experiment.id


def test_every_send_is_one_line_with_what_came_of_it(session: Session):
    experiment_id = given_sends(session)
    lines = "".join(export.ndjson_lines(session, experiment_id)).splitlines()
    first, second = (json.loads(line) for line in lines)

    assert (first["send_id"], first["state"]) == ("1", "sent")
    assert first["clicked_at"] == "2026-11-24T10:00:00Z"
    assert (second["state"], second["released_at"], second["clicks"]) == ("queued", None, None)


def test_the_csv_has_the_same_columns(session: Session):
    written = "".join(export.csv_lines(session, given_sends(session)))
    rows = list(csv.DictReader(written.splitlines()))

    assert [row["email"] for row in rows] == ["ann@bakery.example"] * 2
    assert rows[0]["released_at"] == "2026-11-24T09:00:00Z"


def test_chunks_do_not_lose_or_repeat_a_line(session: Session, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(export, "_CHUNK", 1)

    assert [len(chunk) for chunk in export.chunks(session, given_sends(session))] == [1, 1]


def test_a_formula_in_an_address_is_escaped(session: Session):
    sends = given_sends(session, email="=cmd()@x.example")
    rows = csv.DictReader("".join(export.csv_lines(session, sends)).splitlines())

    assert next(rows)["email"] == "'=cmd()@x.example"
