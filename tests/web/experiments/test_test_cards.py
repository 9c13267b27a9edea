"""The test card says what was agreed, whatever the rule."""

from typing import Any

from sqlmodel import Session

from app.analysis import movements
from app.review import store
from app.web.experiments import test_cards
from tests.experiments.scenes import ARM, given_draft

_TWO = [ARM | {"key": "plain"}, ARM | {"key": "loss", "subject": "You lose {{ euros }} €"}]
_PAID: dict[str, Any] = {"kind": "value_per_person", "event": "paid", "cap": 500, "covariate": "c"}


def card(session: Session, **changes: Any) -> dict[str, str]:
    about = store.about(session, given_draft(session, people=1, **changes).id)
    return dict(test_cards.card_of(about, movements.linked(session, about.experiment)).lines)


def test_a_threshold_reads_as_it_was_set(session: Session):
    said = card(session)

    assert said["Your line"] == "More than 8 %, sure to 95 %"
    assert said["Counts"] == "A person who clicks the first link within 72 hours"
    assert "Versions" not in said


def test_a_comparison_names_its_versions_and_what_is_worth_having(session: Session):
    rule = {"kind": "comparison", "baseline": "plain", "mde": 0.015}
    said = card(session, arms=_TWO, rule=rule)

    assert said["Compared with"] == "plain, sure to 95 %; worth having: 1.5 points or more"
    assert said["Versions"].endswith("loss: You lose {{ euros }} €")
    assert "Your line" not in said


def test_a_usual_rate_is_told_of_its_baseline(session: Session):
    rule = {"kind": "comparison", "baseline": "plain", "mde": 0.015, "base_rate": 0.125}

    assert card(session, arms=_TWO, rule=rule)["Usual rate without it"] == "12.5 % of “plain”"


def test_values_against_a_holdout_read_in_their_unit(session: Session):
    rule = {"kind": "comparison", "baseline": "holdout", "mde": 12.5}
    said = card(session, metric=_PAID, holdout=0.2, rule=rule, segments=["country", "size"])

    assert said["Compared with"] == "holdout, sure to 95 %; worth having: 12.50 per person or more"
    assert said["Counts"] == "What “paid” brings per person within 168 hours"
    assert said["Get nothing"] == "20 % of the people, drawn at random"
    assert (said["Values count up to"], said["Kinds of people"]) == ("500", "country, size")


def test_waves_and_looks_are_told(session: Session):
    waves = [{"people": 100, "after_hours": 0}, {"share": 0.5, "after_hours": 24}]
    rule = {"kind": "threshold", "threshold": 0.08, "method": "sequential", "looks": 2}
    said = card(session, waves=waves, rule=rule)

    assert said["Waves"] == "100 people at once · 50 % after 24 hours"
    assert said["Read"] == "On 2 planned days"


def test_a_forecast_stands_on_the_card(session: Session):
    assert card(session, forecast=0.6)["Our forecast"] == "60 % likely to be validated"


def test_without_a_forecast_the_card_says_nothing_of_it(session: Session):
    assert "Our forecast" not in card(session)
