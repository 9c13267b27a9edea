"""Whoever would try it again finds what came of it."""

import pytest
from sqlmodel import Session

from app.experiments.models import Experiment
from app.review import learnings
from tests.review.scenes import decided, given_slice, measured


def two_decided(session: Session) -> tuple[Experiment, Experiment]:
    euros = measured(session, slice_id=given_slice(session).id)
    decided(session, euros, next_slice="A weekly list")
    weather = measured(session, clickers=31, first=1001)
    weather.name = "Wetterplan für Bäcker"
    decided(session, weather, "stop", learning="Nobody plans by weather.")
    return euros, weather


def test_the_latest_learning_comes_first_with_its_test_card(session: Session):
    euros, weather = two_decided(session)
    found = learnings.search(session)

    assert [row.experiment_id for row in found] == [weather.id, euros.id]
    assert found[1].believe == "Bakers act on waste in euros."
    assert (found[1].call, found[1].decision, found[1].decided_by) == ("validated", "build", "Ann")
    assert found[0].sentence.startswith("Refuted: 31 of 600")


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("BÄCKER", ["Wetterplan für Bäcker"]),
        ("weekly list", ["Waste in euros by email"]),
        ("waste insights", ["Waste in euros by email"]),
        ("refuted", ["Wetterplan für Bäcker"]),
        ("euros weather", ["Wetterplan für Bäcker"]),
        ("bicycle", []),
        ("%", ["Wetterplan für Bäcker", "Waste in euros by email"]),
    ],
)
def test_every_word_must_occur_somewhere(session: Session, asked: str, names: list[str]):
    two_decided(session)

    assert [row.name for row in learnings.search(session, asked)] == names


def test_weeks_avoided_are_those_of_stopped_features(session: Session):
    decided(session, measured(session, slice_id=given_slice(session, weeks=8).id), "stop")
    decided(session, measured(session, first=1001, slice_id=given_slice(session).id), "build")

    assert learnings.weeks_avoided(session) == 8


def test_a_feature_that_goes_on_after_all_avoids_nothing(session: Session):
    piece = given_slice(session)
    decided(session, measured(session, slice_id=piece.id), "stop")
    decided(session, measured(session, first=1001, slice_id=piece.id), "iterate")

    assert learnings.weeks_avoided(session) == 0
