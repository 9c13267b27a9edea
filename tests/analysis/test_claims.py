"""What measured effects add up to once luck is taken back."""

from typing import Any

import pytest
from sqlmodel import Session

from app.analysis import claims, snapshots, store
from app.analysis.models import Kind
from app.stats.after import shrunk
from tests.analysis.scenes import CLOSED, click, given_experiment, mail
from tests.analysis.test_comparisons import RULE


def a_final(*counts: tuple[str, int, int], metric: str = "click_rate") -> dict[str, Any]:
    """A stored readout: (version, people, hits), the baseline first."""
    return {
        "rule": {"metric": metric},
        "comparisons": [{"arm": arm, "baseline": counts[0][0]} for arm, _, _ in counts[1:]],
        "estimates": [{"arm": arm, "people": n, "hits": k} for arm, n, k in counts],
    }


def test_effects_are_summed_and_taken_back_by_one_factor():
    told = claims.claim_of([a_final(("a", 1000, 50), ("b", 1000, hits)) for hits in (80, 60, 45)])
    errors = [
        (0.05 * 0.95 / 1000 + rate * (1 - rate) / 1000) ** 0.5 for rate in (0.08, 0.06, 0.045)
    ]

    assert told is not None
    assert told.effects == 3
    assert told.measured == pytest.approx(0.035)
    assert told.expected == pytest.approx(sum(shrunk([0.03, 0.01, -0.005], errors)))
    assert 0 < told.expected < told.measured


def test_the_first_version_stands_for_its_experiment_and_not_the_luckiest():
    told = claims.claim_of([a_final(("a", 1000, 50), ("b", 1000, 60), ("c", 1000, 200))] * 3)

    assert told is not None
    assert told.measured == pytest.approx(0.03)


@pytest.mark.parametrize(
    "body",
    [
        a_final(("a", 1000, 50), ("b", 1000, 60), metric="value_per_person"),
        a_final(("a", 1000, 50)),
        a_final(("a", 1000, 50), ("b", 0, 0)),
        a_final(("a", 1000, 0), ("b", 1000, 1000)),
    ],
    ids=["a value", "one version", "nobody", "no luck to be seen"],
)
def test_what_has_no_effect_in_shares_is_left_out(body: dict[str, Any]):
    two = [a_final(("a", 1000, 50), ("b", 1000, 80))] * 2

    assert claims.claim_of([*two, body]) is None


def given_compared(session: Session, *, times: int) -> list[str]:
    """Comparisons of 500 each, 20 against 40 clicks, read to the end."""
    ids = []
    for number in range(times):
        first = 1 + 1000 * number
        rule = RULE | {"confidence": 0.95}
        arms = [{"key": "plain", "weight": 1}, {"key": "loss", "weight": 1}]
        experiment = given_experiment(session, design={"rule": rule, "arms": arms})
        mail(session, experiment, 500, first=first, arm="plain")
        mail(session, experiment, 500, first=first + 500, arm="loss")
        click(session, 20, first=first)
        click(session, 40, first=first + 500)
        snapshots.freeze(session, experiment, Kind.FINAL, now=CLOSED)
        ids.append(experiment.id)
    return ids


def test_stored_final_readouts_are_summed(session: Session):
    told = claims.claim_of(store.finals_of(session, given_compared(session, times=3)))

    assert told is not None
    assert told.effects == 3
    assert told.measured == pytest.approx(0.12)
    assert 0.1 < told.expected < 0.12
