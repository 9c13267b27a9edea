"""An experiment as launching leaves it, people mailed, and what they did."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert, literal, select
from sqlmodel import Session

from app.experiments.models import Experiment, Status
from app.stats.checks import NotEnoughData
from app.stats.one_arm import pass_count
from app.tally import store
from app.tally.models import Outcome
from app.tally.shares import Moves, moves

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
    """Release and deliver `count` people, numbered from `first`.

    They are alike, so one statement makes them all: as `store.release` does one by one
    (`test_scenes` compares the two).
    """
    person = Outcome(
        send_id=first,
        experiment_id=experiment.id,
        released_at=at,
        closes_at=at + WINDOW,
        **{"arm": "insight", "sent": True, **fields},
    )
    session.flush()
    numbered = select(literal(first).label("send_id")).cte(recursive=True)
    numbered = numbered.union_all(
        select(numbered.c.send_id + 1).where(numbered.c.send_id < first + count - 1)
    )
    alike = {name: value for name, value in person.model_dump().items() if name != "send_id"}
    table = Outcome.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table classes
    people = select(
        numbered.c.send_id, *(literal(value, table.c[name].type) for name, value in alike.items())
    )
    session.execute(insert(table).from_select(["send_id", *alike], people))
    store.move(session, _times(count, moves(before=(), after=[person])))


def _times(count: int, one: Moves) -> Moves:
    return Moves(
        {
            key: {name: count * number for name, number in numbers.items()}
            for key, numbers in one.hours.items()
        },
        {key: count * people for key, people in one.days.items()},
        {key: count * people for key, people in one.did.items()},
    )


def click(
    session: Session, count: int, *, first: int = 1, at: datetime = TUESDAY + HOUR, kind: str = ""
) -> None:
    """People `first`, `first` + 1, … click; as people, or `maybe_`, or `machine_`."""
    numbers = range(first, first + count)
    did = {"": "did_at", "maybe_": "maybe_did_at"}
    fields = {f"{kind}clicked_at": at, "clicks": 1} | ({did[kind]: at} if kind in did else {})
    store.change(session, dict.fromkeys(numbers, fields))
