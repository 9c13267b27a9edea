"""Whoever would try it again finds what came of it."""

from typing import Any

from sqlmodel import Session, select

from app.experiments.models import Experiment, Feature
from app.platform import migrate
from app.platform.db import Database
from app.review import learnings, search
from app.review.learnings import Wanted
from tests.anew import back_to
from tests.review.scenes import decided, given_slice, measured

EUROS, WEATHER = "Waste in euros by email", "Wetterplan für Bäcker"


def two_decided(session: Session) -> tuple[Experiment, Experiment]:
    euros = measured(session, slice_id=given_slice(session).id)
    decided(session, euros, next_slice="A weekly list")
    weather = measured(session, clickers=31, first=1001)
    weather.name = WEATHER
    decided(session, weather, "stop", learning="Nobody plans by weather.")
    return euros, weather


def names(session: Session, text: str = "", **more: Any) -> list[str]:
    return [row.name for row in learnings.search(session, Wanted(text, **more)).learnings]


def test_the_latest_learning_comes_first_with_its_test_card(session: Session):
    euros, weather = two_decided(session)
    found = learnings.search(session, Wanted()).learnings

    assert [row.experiment_id for row in found] == [weather.id, euros.id]
    assert found[1].believe == "Bakers act on waste in euros."
    assert (found[1].call, found[1].decision, found[1].decided_by) == ("validated", "build", "Ann")
    assert found[0].sentence.startswith("Refuted: 31 of 600")


WORDS = {
    "BÄCKER": {WEATHER},
    "backer": {WEATHER},
    "bäck": {WEATHER},
    "weekly list": {EUROS},
    "waste insights": {EUROS},
    "refuted": {WEATHER},
    "euros weather": {WEATHER},
    "bicycle": set(),
    "%": set(),
    "eur*": {WEATHER, EUROS},
    "acker": set(),
}
ODD = (
    "'", '"', '"euros', 'euros"', "(", ")", "euros AND", "NOT", "a OR b", "NEAR(a b)",
    "title:x", "*", "-", "^x", "euros & !", "<->", ":*", "\\", "; drop table", "\u0130", "日本",
    "x" * 5000, " ".join("abcdefghijklmnopqrstuvwxyz"), "'' ''", "%_%", "e\u0301",
)  # fmt: skip


def test_every_word_must_begin_one_of_theirs(session: Session):
    two_decided(session)

    assert {asked: set(names(session, asked)) for asked in WORDS} == WORDS


def test_odd_questions_are_only_words(session: Session):
    two_decided(session)

    for asked in ODD:
        assert set(names(session, asked)) <= {EUROS, WEATHER}, asked


def test_a_name_weighs_more_than_a_text(session: Session):
    euros, weather = two_decided(session)
    euros.name = "Weather in euros"
    learnings.keep_words(session, euros.id)
    weather.name = "Wetterplan"
    learnings.keep_words(session, weather.id)

    assert names(session, "weather") == ["Weather in euros", "Wetterplan"]


def test_another_name_is_found_and_the_old_one_is_not(session: Session):
    two_decided(session)
    feature = session.exec(select(Feature)).one()
    feature.title = "Bread bin"
    session.flush()
    learnings.keep_words_of(session, feature.id)

    assert names(session, "bread bin") == [EUROS]
    assert names(session, "waste insights") == []


def test_the_list_is_narrowed_and_paged(session: Session):
    two_decided(session)
    feature = session.exec(select(Feature)).one()
    first = learnings.search(session, Wanted(), limit=1)
    second = learnings.search(session, Wanted(), cursor=first.learnings.next, limit=1)

    assert names(session, decision="stop") == [WEATHER]
    assert names(session, call="validated") == [EUROS]
    assert names(session, feature_id=feature.id) == [EUROS]
    assert names(session, "euros", decision="stop") == [WEATHER]
    assert names(session, key_result_id="none") == []
    assert [one.name for one in (*first.learnings, *second.learnings)] == [WEATHER, EUROS]
    assert (first.total, second.learnings.next) == (2, None)


def test_what_was_found_is_marked_in_the_words_as_they_were_written():
    assert search.marked("Für Bäcker, backers & Co", "BACK") == (
        ("Für ", False),
        ("Bäcker", True),
        (", ", False),
        ("backers", True),
        (" & Co", False),
    )
    assert search.marked("<b>", "b") == (("<", False), ("b", True), (">", False))
    assert search.marked("nothing", "") == (("nothing", False),)


def test_decisions_from_before_the_search_are_found(database: Database):
    with database.write() as session:
        two_decided(session)
    back_to(database, "0006")
    migrate.to_head(database)
    with database.read() as session:
        assert names(session, "bäcker") == [WEATHER]
        assert names(session, "weekly list") == [EUROS]


def test_weeks_avoided_are_those_of_stopped_features(session: Session):
    decided(session, measured(session, slice_id=given_slice(session, weeks=8).id), "stop")
    decided(session, measured(session, first=1001, slice_id=given_slice(session).id), "build")

    assert learnings.weeks_avoided(session) == 8


def test_a_feature_that_goes_on_after_all_avoids_nothing(session: Session):
    piece = given_slice(session)
    decided(session, measured(session, slice_id=piece.id), "stop")
    decided(session, measured(session, first=1001, slice_id=piece.id), "iterate")

    assert learnings.weeks_avoided(session) == 0
