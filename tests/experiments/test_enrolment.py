from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import Session

from app.audience import declined_store, suppression_store
from app.audience import store as audience
from app.audience.models import Membership
from app.delivery.outflow import Outflow
from app.delivery.renderable import LiquidRenderable
from app.experiments import eligibility, enrolment, enrolment_store, lifecycle, rehearsal
from app.experiments import store as experiments
from app.experiments.enrolment import Overtaken
from app.experiments.lottery import ticket_of
from app.experiments.models import Experiment
from app.platform.config import Privacy, Settings
from app.platform.db import Database
from app.tracking import verdicts
from tests.experiments.scenes import (
    ARM,
    KEYS,
    NOW,
    RENDERABLE,
    SETTINGS,
    enrolled,
    given_audience,
    given_draft,
    given_person,
    launch,
    left_out,
    scheduled,
    settle,
)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten people a transaction, so that fifty people need several."""
    monkeypatch.setattr(enrolment, "CHUNK", 10)
    monkeypatch.setattr(eligibility, "CHUNK", 10)


class KilledError(Exception):
    """The process ends here."""


class Happens(LiquidRenderable):
    """Content that can be written; something happens before each person's."""

    def __init__(self, before: Callable[[], None], settings: Settings = SETTINGS) -> None:
        super().__init__(settings, KEYS)
        self.before = before

    def writer(self, *args: Any, **more: Any) -> Any:
        writer = super().writer(*args, **more)
        faults = writer.faults

        def after_it(people: Any) -> Any:
            for _ in people:
                self.before()
            return faults(people)

        writer.faults = after_it  # type: ignore[method-assign]  # of this one
        return writer


def dies_after(people: int) -> Happens:
    """The process is killed after some people."""
    left = iter(range(people))

    def next_one() -> None:
        if next(left, None) is None:
            raise KilledError

    return Happens(next_one)


def interrupt(database: Database, experiment_id: str, *, after: int) -> None:
    with pytest.raises(KilledError):
        enrolment.settle(
            database,
            experiment_id,
            renderable=dies_after(after),
            paces=Outflow(SETTINGS),
            settings=SETTINGS,
            now=NOW,
        )


def test_everybody_eligible_is_enrolled_and_it_runs(database: Database):
    experiment = settle(database, scheduled(database, people=100))

    assert (experiment.status, experiment.enrolled) == ("running", 100)
    assert experiment.pass_count == 14  # P(X >= 14 | 100, 8 %) is 3.1 %, P(X >= 13) 5.6 %
    assert (experiment.started_at, experiment.rule_version) == (NOW, verdicts.VERSION)


def test_the_columns_that_the_mail_uses_are_frozen_and_no_others(database: Database):
    with database.write() as session:
        audience_id = given_audience(session, 60)
        given_person(session, audience_id, "z@x.example", data={"euros": 9, "shoe": 43})
    settled = settle(database, scheduled(database, audience_id=audience_id))

    assert enrolled(database, settled.id)[-1].frozen == {"name": "Ada", "euros": 9}


def test_a_later_import_changes_neither_who_is_in_nor_what_they_read(database: Database):
    experiment_id = settle(database, scheduled(database, people=60)).id
    before = enrolled(database, experiment_id)
    with database.write() as session:
        audience_id = session.get_one(Experiment, experiment_id).audience_id or ""
        given_person(session, audience_id, "new@x.example")
        session.execute(update(Membership).values(data={"euros": 1}))
    settle(database, experiment_id)

    assert [one.model_dump() for one in enrolled(database, experiment_id)] == [
        one.model_dump() for one in before
    ]


def test_whoever_lacks_a_column_is_listed_and_not_enrolled(database: Database):
    with database.write() as session:
        audience_id = given_audience(session, 60)
        given_person(session, audience_id, "bo@x.example", data={"euros": ""})
    experiment = settle(database, scheduled(database, audience_id=audience_id))

    assert experiment.enrolled == 60
    assert left_out(database, experiment.id) == {"bo@x.example": "missing_column euros"}


@pytest.mark.usefixtures("small_chunks")
def test_a_start_that_was_killed_between_chunks_goes_on_where_it_was(database: Database):
    experiment_id = scheduled(database, people=60)
    interrupt(database, experiment_id, after=35)
    half = {one.person_id: one.id for one in enrolled(database, experiment_id)}
    experiment = settle(database, experiment_id)
    whole = {one.person_id: one.id for one in enrolled(database, experiment_id)}

    assert len(half) == 30
    assert half.items() <= whole.items()
    assert (experiment.status, experiment.enrolled, len(set(whole.values()))) == ("running", 60, 60)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("killed_after", [None, 35])
def test_a_sample_is_exactly_the_smallest_tickets(database: Database, killed_after: int | None):
    experiment_id = scheduled(database, people=90, sample=40)
    if killed_after is not None:
        interrupt(database, experiment_id, after=killed_after)
    experiment = settle(database, experiment_id)
    inside = {ticket_of(experiment_id, one.person_id) for one in enrolled(database, experiment_id)}
    with database.read() as session:
        outside = enrolment_store.reasons(session, experiment_id)

    everybody = sorted(ticket_of(experiment_id, one) for one in people_of(database, experiment_id))
    assert (experiment.enrolled, outside) == (40, {"sample": 50})
    assert sorted(inside) == everybody[:40]


def people_of(database: Database, experiment_id: str) -> list[str]:
    with database.read() as session:
        audience_id = session.get_one(Experiment, experiment_id).audience_id or ""
        rows = audience.member_rows(session, audience_id, after=None, limit=1_000)
        return [row.id for row in rows]


def test_a_sample_that_is_larger_than_the_audience_takes_everybody(database: Database):
    assert settle(database, scheduled(database, people=50, sample=500)).enrolled == 50


def test_a_filter_keeps_who_meets_it(database: Database):
    with database.write() as session:
        audience_id = given_audience(session, 60)
        given_person(session, audience_id, "bo@x.example", data={"euros": 2})
    where = [{"column": "euros", "op": "gt", "value": 10}]
    experiment = settle(database, scheduled(database, audience_id=audience_id, where=where))

    assert (experiment.enrolled, left_out(database, experiment.id)) == (
        60,
        {"bo@x.example": "filter"},
    )


def test_nobody_suppressed_is_enrolled(database: Database):
    experiment_id = scheduled(database, people=60)
    with database.write() as session:
        suppression_store.suppress(session, "p000@bakers.example", "manual", by="Ann", now=NOW)
    settle(database, experiment_id)

    assert left_out(database, experiment_id) == {"p000@bakers.example": "suppressed"}


@pytest.mark.parametrize("kind", [None, "offers"])
def test_whoever_turned_off_its_kind_of_mail_is_not_enrolled(database: Database, kind: str | None):
    experiment_id = scheduled(database, people=60, **({"mail_kind": kind} if kind else {}))
    with database.write() as session:
        for number, off in enumerate(["other", "offers"]):
            key = f"p00{number}@bakers.example"
            declined_store.decline(session, key, [off], by="recipient", now=NOW)
    settle(database, experiment_id)
    out = "p001@bakers.example" if kind else "p000@bakers.example"

    assert left_out(database, experiment_id) == {out: f"declined {kind or 'other'}"}


@pytest.mark.parametrize(
    ("consent", "privacy", "eligible"),
    [
        ("no", "standard", False),
        ("unknown", "standard", True),
        ("unknown", "consent", False),
        ("yes", "consent", True),
    ],
)
def test_clicks_are_counted_only_where_the_person_allows_it(
    database: Database, consent: str, privacy: str, eligible: bool
):
    with database.write() as session:
        audience_id = given_audience(session, 60, consent_click="yes")
        given_person(session, audience_id, "bo@x.example", consent_click=consent)
    experiment = settle(
        database, scheduled(database, audience_id=audience_id), privacy=Privacy(privacy)
    )

    assert experiment.enrolled == 60 + eligible


def test_people_of_an_excluded_experiment_are_left_out(database: Database):
    with database.write() as session:
        audience_id = given_audience(session, 120)
    first = settle(database, scheduled(database, audience_id=audience_id, sample=50)).id
    exclude = {"experiment_ids": [first]}
    second = settle(database, scheduled(database, audience_id=audience_id, exclude=exclude))

    assert second.enrolled == 70
    assert set(left_out(database, second.id).values()) == {"excluded"}


def test_a_start_with_too_few_people_is_cancelled_with_the_reason(database: Database):
    experiment_id = scheduled(database, people=1)
    experiment = settle(database, experiment_id)

    assert experiment.status == "cancelled"
    assert (experiment.paused_reason or "").startswith(
        "When it was to start, 1 person was eligible. Too few people: "
    )


def test_a_start_without_anybody_says_so_and_no_more(database: Database):
    experiment = settle(database, scheduled(database, people=0))

    assert experiment.status == "cancelled"
    assert experiment.paused_reason == "When it was to start, nobody could be mailed."


@pytest.mark.usefixtures("small_chunks")
def test_a_cancel_in_the_middle_of_the_start_ends_it(database: Database):
    experiment_id = scheduled(database, people=60)
    interrupt(database, experiment_id, after=25)
    with database.write() as session:
        lifecycle.cancel(session, experiments.locked(session, experiment_id), now=NOW)
    experiment = settle(database, experiment_id)

    assert (experiment.status, experiment.enrolled) == ("cancelled", None)


def set_first_by_another(database: Database, experiment_id: str) -> Happens:
    """Writing takes so long that another worker settles the same people first."""
    once = iter([True])

    def first() -> None:
        if next(once, False):
            interrupt(database, experiment_id, after=25)

    return Happens(first)


@pytest.mark.usefixtures("small_chunks")
def test_of_two_workers_one_enrols_and_the_other_steps_back(database: Database):
    experiment_id = scheduled(database, people=60)
    slow = set_first_by_another(database, experiment_id)
    with pytest.raises(Overtaken):
        enrolment.settle(
            database,
            experiment_id,
            renderable=slow,
            paces=Outflow(SETTINGS),
            settings=SETTINGS,
            now=NOW,
        )

    assert settle(database, experiment_id).enrolled == 60


def test_of_two_workers_that_put_back_the_same_people_each_goes_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    experiment_id = scheduled(database, people=90, sample=40)
    put_back = enrolment_store.put_back

    def after_another(session: Session, experiment_id: str, people: list[str]) -> None:
        put_back(session, experiment_id, people)
        put_back(session, experiment_id, people)

    monkeypatch.setattr(enrolment_store, "put_back", after_another)
    experiment = settle(database, experiment_id)
    with database.read() as session:
        reasons = enrolment_store.reasons(session, experiment_id)

    assert (experiment.enrolled, reasons) == (40, {"sample": 50})


def test_the_launch_page_counts_what_the_start_enrols(database: Database):
    with database.write() as session:
        audience_id = given_audience(session, 80)
        given_person(session, audience_id, "bo@x.example", data={"shoe": 43})
        suppression_store.suppress(session, "p001@bakers.example", "manual", by="Ann", now=NOW)
        experiment = given_draft(session, audience_id=audience_id, sample=60)
        counted = count(session, experiment)
        launch(session, experiment)
    settled = settle(database, experiment.id)
    with database.read() as session:
        reasons = enrolment_store.reasons(session, experiment.id)

    assert (counted.eligible, dict(counted.reasons)) == (settled.enrolled, reasons)
    assert (counted.total, counted.examples) == (
        81,
        {("missing_column", "euros"): ["bo@x.example"]},
    )


def count(session: Session, experiment: Experiment) -> eligibility.Eligibility:
    judge = enrolment.judge_of(session, experiment, RENDERABLE, SETTINGS, now=NOW)
    return rehearsal.eligible(session, judge)


@pytest.mark.parametrize(("limit", "people"), [("MOST_LOOKED_AT", 10), ("MOST_COMPOSED", 5)])
def test_a_page_looks_at_some_people_and_says_that_the_rest_is_an_estimate(
    session: Session, monkeypatch: pytest.MonkeyPatch, limit: str, people: int
):
    monkeypatch.setattr(rehearsal, "_AT_A_TIME", 10)
    monkeypatch.setattr(rehearsal, limit, people)
    experiment = given_draft(session, people=40)
    suppression_store.suppress(session, "p001@bakers.example", "manual", by="Ann", now=NOW)
    session.flush()
    found = count(session, experiment)

    assert (found.total, found.eligible, found.estimated) == (40, 36, True)
    assert found.reasons == {"suppressed": 4}


ARMS = [ARM | {"subject": "{{ name }}", "body": "[x](https://halvern.example) {{ gone }}"}]


def test_where_nobody_can_be_filled_nobody_is_mailed(database: Database):
    experiment = settle(database, scheduled(database, people=60, arms=ARMS))

    assert (experiment.status, experiment.enrolled) == ("cancelled", 0)
