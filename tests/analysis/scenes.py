"""An experiment as launching leaves it, people mailed, and what they did."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import Session

from app.experiments.models import Experiment, Status
from app.stats.checks import NotEnoughData
from app.stats.one_arm import pass_count
from app.tally import store
from app.tally.models import Outcome

TUESDAY = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
WINDOW = 72 * HOUR
CLOSED = TUESDAY + WINDOW + 2 * HOUR  # all windows of a sending within the hour, settled


def given_experiment(session: Session, *, enrolled: int = 600, **changes: Any) -> Experiment:
    design = changes.pop("design", {})
    experiment = Experiment(
        name="Waste in euros by email",
        design=designed(**design),
        status=changes.pop("status", Status.MEASURING),
        created_at=TUESDAY,
        updated_at=TUESDAY,
        launched_at=TUESDAY,
        started_at=TUESDAY,
        enrolled=enrolled,
        pass_count=needed(enrolled),
        rule_version="1",
        **changes,
    )
    session.add(experiment)
    session.flush()
    return experiment


def designed(**changes: Any) -> dict[str, Any]:
    return {
        "hypothesis": {"believe": "Bakers act on waste in euros.", "right_if": "Over 8 % click."},
        "arms": [{"key": "insight", "weight": 1}],
        "metric": {"kind": "click_rate", "link": None, "window_hours": 72},
        "rule": {
            "kind": "threshold",
            "threshold": 0.08,
            "confidence": 0.95,
            "method": "curtailed",
            "looks": 1,
        },
        "guardrails": [{"metric": "unsubscribe_rate", "max": 0.01}],
        "stop_at": None,
        "key_results": [],
    } | changes


def needed(enrolled: int) -> int | None:
    try:
        return pass_count(enrolled, 0.08, confidence=0.95)
    except NotEnoughData:
        return None


def mail(
    session: Session,
    experiment: Experiment,
    count: int,
    *,
    at: datetime = TUESDAY,
    first: int = 1,
    **fields: Any,
) -> None:
    """Release and deliver `count` people, numbered from `first`."""
    common: dict[str, Any] = {"arm": "insight", "sent": True, **fields}
    rows = [
        Outcome(
            send_id=number,
            experiment_id=experiment.id,
            released_at=at,
            closes_at=at + WINDOW,
            **common,
        )
        for number in range(first, first + count)
    ]
    store.release(session, rows)


def click(
    session: Session, count: int, *, first: int = 1, at: datetime = TUESDAY + HOUR, kind: str = ""
) -> None:
    """People `first`, `first` + 1, … click; as people, or `maybe_`, or `machine_`."""
    numbers = range(first, first + count)
    did = {"": "did_at", "maybe_": "maybe_did_at"}
    fields = {f"{kind}clicked_at": at, "clicks": 1} | ({did[kind]: at} if kind in did else {})
    store.change(session, dict.fromkeys(numbers, fields))
