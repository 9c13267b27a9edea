"""What was composed before a launch is composed once; who falls away until the start is told."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import Session, col, select

from app.audience import column_rows, suppression_store
from app.audience.models import Import, Membership, Suppression
from app.delivery import progress
from app.delivery.outflow import Outflow
from app.experiments import drafts, enrolment, fallen_away, lifecycle, planned, rehearsal
from app.experiments.design_schemas import Changes, LaunchDraft
from app.experiments.eligibility import Eligibility
from app.experiments.models import Experiment, Rehearsal, Unwritable
from app.platform import events
from app.platform.config import Settings
from app.platform.db import Database
from tests.duties import run
from tests.experiments.scenes import (
    ARM,
    NOW,
    SETTINGS,
    check,
    given_audience,
    given_draft,
    given_person,
    item,
    left_out,
)
from tests.experiments.test_enrolment import Happens
from tests.routes import counting

LATER = NOW + timedelta(days=2)


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every audience is too large for a page, and a step takes ten people."""
    monkeypatch.setattr(rehearsal, "MOST_LOOKED_AT", 5)
    monkeypatch.setattr(rehearsal, "MOST_COMPOSED", 5)
    monkeypatch.setattr(rehearsal, "_AT_A_TIME", 10)
    monkeypatch.setattr(rehearsal, "_STEP_SECONDS", 0)


class Composed:
    """Counts for how many people mails are composed."""

    def __init__(self) -> None:
        self.people = 0

    def one(self) -> None:
        self.people += 1

    def taken(self) -> int:
        found, self.people = self.people, 0
        return found


@pytest.fixture
def composed() -> Composed:
    return Composed()


def rehearse(
    database: Database, composed: Composed, *, steps: int = 99, now: datetime = NOW, **own: Any
) -> int:
    """Steps of the duty, until nothing is left; for how many people mails were composed."""
    settings = SETTINGS.model_copy(update=own)
    duty = rehearsal.duty(database, renderable=Happens(composed.one, settings), settings=settings)
    for _ in range(steps):
        if not run(database, duty, now):
            break
    return composed.taken()


def start(database: Database, one: str, composed: Composed, *, now: datetime = NOW) -> Experiment:
    enrolment.settle(
        database,
        one,
        renderable=Happens(composed.one),
        paces=Outflow(SETTINGS),
        settings=SETTINGS,
        now=now,
    )
    with database.read() as session:
        return session.get_one(Experiment, one)


def drafted(database: Database, *, bakers: str = "Bakers", **changes: Any) -> str:
    """For thirty people, and one who has no euros."""
    with database.write() as session:
        audience_id = given_audience(session, 30, name=bakers)
        zoe = "zoe@x.example" if bakers == "Bakers" else f"zoe@{bakers.lower()}.example"
        given_person(session, audience_id, zoe, data={"rye": "1"})
        return given_draft(session, audience_id=audience_id, **changes).id


def launch(database: Database, one: str, *, at: datetime | None = None) -> None:
    with database.write() as session:
        row = session.get_one(Experiment, one)
        promised = fallen_away.promised(check(session, row).eligibility)
        draft = LaunchDraft.model_validate({"at": at})
        at_once = NOW + timedelta(minutes=1)
        lifecycle.launch(session, row, draft, by="Ann", now=at_once, promised=promised)


def change(database: Database, one: str, what: Callable[[Session, str], object]) -> None:
    with database.write() as session:
        what(session, str(session.get_one(Experiment, one).audience_id))


def lose_euros(session: Session, audience_id: str) -> None:
    """Two people have an empty cell now, as a file would leave it."""
    had = [
        one.person_id
        for one in session.exec(select(Membership).where(Membership.audience_id == audience_id))
        if "euros" in one.data
    ][:2]
    theirs = update(Membership).where(col(Membership.person_id).in_(had))
    session.execute(theirs.values(data={"rye": "1"}))
    column_rows.touch(session, audience_id, had)


def test_a_launch_composes_nothing_that_was_composed_already(
    database: Database, composed: Composed
) -> None:
    one = drafted(database)
    assert rehearse(database, composed) == 31

    launch(database, one)
    started = start(database, one, composed)

    assert composed.taken() == 0
    assert (started.status, started.enrolled, started.fell_away) == ("running", 30, [])
    assert left_out(database, one) == {"zoe@x.example": "missing_column euros"}


def test_a_launch_goes_on_where_a_rehearsal_is(database: Database, composed: Composed) -> None:
    one = drafted(database)
    assert rehearse(database, composed, steps=2) == 20

    launch(database, one)
    started = start(database, one, composed)

    assert composed.taken() == 11
    assert started.enrolled == 30


@pytest.mark.parametrize(
    ("changes", "people"),
    [
        ({"name": "Another"}, 0),
        ({"rule": {"kind": "threshold", "threshold": 0.3}}, 0),
        ({"arms": [ARM | {"subject": "Hello {{ name }}"}]}, 31),
        ({"sender": {"from_name": "Ann", "reply_to": None}}, 31),
    ],
)
def test_only_what_the_mails_depend_on_has_them_composed_anew(
    database: Database, composed: Composed, changes: dict[str, Any], people: int
) -> None:
    one = drafted(database)
    rehearse(database, composed)

    with database.write() as session:
        row = session.get_one(Experiment, one)
        drafts.change(
            session, row, Changes.model_validate(changes), by="Ann", now=NOW + timedelta(minutes=1)
        )

    assert rehearse(database, composed) == people


def test_the_do_not_mail_list_is_asked_at_the_start(database: Database, composed: Composed) -> None:
    one = drafted(database)
    with database.write() as session:
        suppression_store.suppress(session, "p001@bakers.example", "asked", by="Ann", now=NOW)
    rehearse(database, composed)

    launch(database, one)
    with database.write() as session:
        session.delete(session.exec(select(Suppression)).one())
        suppression_store.suppress(session, "p002@bakers.example", "asked", by="Ann", now=NOW)
    start(database, one, composed)

    assert composed.taken() == 0
    assert left_out(database, one).keys() == {"zoe@x.example", "p002@bakers.example"}


def test_a_launch_for_later_is_looked_through_again_and_says_who_fell_away(
    database: Database, composed: Composed
) -> None:
    one = drafted(database)
    rehearse(database, composed)
    launch(database, one, at=LATER)
    assert rehearse(database, composed) == 0  # it is all known

    change(database, one, lose_euros)
    assert rehearse(database, composed) == 31
    with database.read() as session:
        told = progress.progress_of(session, session.get_one(Experiment, one))
    assert told.fell_away == 2
    assert told.fell_away_because == ["“euros” is missing for 2 people."]

    started = start(database, one, composed, now=LATER)

    assert composed.taken() == 0
    assert (started.status, started.enrolled) == ("running", 28)
    with database.read() as session:
        found = fallen_away.fallen_away_of(session, session.get_one(Experiment, one))
        [event] = events.of_kind(session, "experiment.fell_away", subject=one)
        assert progress.progress_of(session, started).fell_away == 2
    assert found is not None
    assert found.sentence == (
        "When it started, 2 people were left out whom the launch did not name."
        " “euros” is missing for 2 people."
    )
    assert event.facts["people"] == 2


def test_what_changes_at_the_very_last_is_left_out_and_told_too(
    database: Database, composed: Composed
) -> None:
    one = drafted(database)
    rehearse(database, composed)
    launch(database, one)

    change(database, one, lose_euros)
    started = start(database, one, composed)

    assert composed.taken() == 31  # nothing is known any more
    assert started.enrolled == 28
    assert started.fell_away == [{"reason": "missing_column", "detail": "euros", "people": 2}]


def test_a_mail_about_the_day_is_composed_again_for_the_day_of_the_start(
    database: Database, composed: Composed
) -> None:
    on_the_day = "{% assign d = 'now' | date: '%F' %}{% if d == '2026-11-26' %}{{ rye }}{% endif %}"
    one = drafted(database, arms=[ARM | {"body": f"{on_the_day} [x](https://halvern.example/)"}])
    rehearse(database, composed)

    launch(database, one, at=LATER)
    rehearse(database, composed)
    with database.read() as session:
        told = progress.progress_of(session, session.get_one(Experiment, one))

    assert told.fell_away_because == ["“rye” is missing for 30 people."]


def test_another_day_composes_a_mail_about_the_day_anew_and_no_other(
    database: Database, composed: Composed
) -> None:
    body = "{{ today }} [x](https://halvern.example/)"
    drafted(database, arms=[ARM | {"body": body}])
    drafted(database, bakers="Others")
    assert rehearse(database, composed) == 62

    assert rehearse(database, composed, now=NOW + timedelta(days=1)) == 31
    assert rehearse(database, composed, now=NOW + timedelta(days=1)) == 0


def test_another_letterhead_composes_everything_anew(
    database: Database, composed: Composed
) -> None:
    drafted(database)
    rehearse(database, composed)

    assert rehearse(database, composed, postal_address="Elsewhere 1") == 31
    assert rehearse(database, composed, postal_address="Elsewhere 1") == 0


def test_what_earlier_runs_noted_of_people_goes(database: Database, composed: Composed) -> None:
    one = drafted(database)
    rehearse(database, composed)
    change(database, one, lose_euros)
    rehearse(database, composed)

    with database.read() as session:
        latest = session.get_one(Rehearsal, one).run
        noted = session.exec(select(Unwritable)).all()
    assert [each.run for each in noted] == [latest] * 3


def test_nothing_is_composed_while_a_file_of_its_people_is_read(
    database: Database, composed: Composed
) -> None:
    one = drafted(database)

    def reading(session: Session, audience_id: str) -> None:
        session.add(Import(audience_id=audience_id, format="csv", folder="x", created_at=NOW))

    change(database, one, reading)

    assert rehearse(database, composed) == 0


def test_a_request_composes_few_mails_and_none_that_the_background_composed(
    database: Database, composed: Composed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsal, "MOST_LOOKED_AT", 100)
    one = drafted(database)

    first = asked(database, one, composed)
    assert (first.looked_at, first.total, first.estimated) == (10, 30, True)
    assert composed.taken() == 10
    assert rehearse(database, composed, steps=3) == 30
    assert asked(database, one, composed).estimated is False
    assert composed.taken() == 1
    assert rehearse(database, composed) == 1
    with database.write() as session:
        suppression_store.suppress(session, "p001@bakers.example", "asked", by="Ann", now=NOW)

    last = asked(database, one, composed)
    assert (last.looked_at, last.eligible, last.estimated) == (31, 29, False)
    assert last.reasons == {"suppressed": 1, "missing_column": 1}
    assert composed.taken() == 0


@pytest.mark.parametrize("steps", [0, 1, 99])
def test_a_look_at_many_people_asks_no_more_than_at_a_few(
    database: Database, composed: Composed, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    monkeypatch.setattr(rehearsal, "MOST_LOOKED_AT", 29)
    monkeypatch.setattr(rehearsal, "MOST_COMPOSED", 29)
    others = drafted(database, bakers="Others")
    one = drafted(database, exclude={"cooling_off_days": 7, "experiment_ids": [others]})
    rehearse(database, composed, steps=steps)

    questions = []
    for batch in (1, 29):
        monkeypatch.setattr(rehearsal, "_AT_A_TIME", batch)
        with counting(database.engine) as counted:
            asked(database, one, composed)
        questions.append(len(counted))

    assert questions[0] == questions[1] <= 8


def test_that_nobody_can_be_mailed_is_said_once_everybody_was_looked_at(
    database: Database, composed: Composed
) -> None:
    one = drafted(database)
    with database.write() as session:
        for number in range(10):
            suppression_store.suppress(
                session, f"p{number:03}@bakers.example", "asked", by="Ann", now=NOW
            )

    with database.read() as session:
        found = check(session, session.get_one(Experiment, one))
    assert (found.eligibility.looked_at, found.eligibility.eligible) == (5, 0)
    assert found.ready
    assert item(found, "audience").message == "Nobody of the first 5 of 30 people can be mailed."


def test_a_plan_composes_no_more_than_a_checklist(database: Database, composed: Composed) -> None:
    one = drafted(database)
    rehearse(database, composed)

    with database.read() as session:
        row = session.get_one(Experiment, one)
        judge = enrolment.judge_of(session, row, Happens(composed.one), SETTINGS, now=NOW)
        plan = planned.plan_of(
            session, row, judge, paces=Outflow(Settings()), zone=Settings().zone, now=NOW
        )

    assert (plan.people, composed.taken()) == (30, 0)


def asked(database: Database, one: str, composed: Composed) -> Eligibility:
    with database.read() as session:
        row = session.get_one(Experiment, one)
        judge = enrolment.judge_of(session, row, Happens(composed.one), SETTINGS, now=NOW)
        return rehearsal.eligible(session, judge)
