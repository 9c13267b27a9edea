"""An installation of a given size, filled in bulk: what pages, lists and readouts are measured on.

Every row is what the rooms would have written; a hundred thousand people take seconds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session, SQLModel

from app.analysis import readout
from app.analysis.models import Snapshot
from app.analysis.readout_json import as_json
from app.experiments import plans
from app.experiments.design_schemas import Draft
from app.experiments.models import Experiment, Feature, Slice
from app.okr.models import CheckIn, Contribution, Cycle, KeyResult, Objective, Team
from app.platform.db import Database
from app.platform.iso_weeks import week_of
from app.review import search
from app.review.models import Decision, ItemKind, WeekItem
from tests.bench import estate_weeks
from tests.bench.mailing import Mailing, add_people
from tests.cast import DESIGN

AUDIENCE = "audience"
_DAY = timedelta(days=1)
_SLICES = {"draft": "idea", "cancelled": "idea", "decided": "decided"}
_CHUNK = 2_000
_CONTROL = dict(DESIGN["arms"][0], key="plain", subject="{{ name }}, your waste")
# One of each kind of rule, which are counted by different questions.
_RULES: tuple[dict[str, Any], ...] = (
    {"rule": {"kind": "threshold", "threshold": 0.08, "method": "curtailed"}},
    {
        "arms": [_CONTROL, DESIGN["arms"][0]],
        "rule": {"kind": "comparison", "baseline": "plain", "mde": 0.03, "method": "fixed"},
    },
    {"rule": {"kind": "threshold", "threshold": 0.08, "method": "anytime"}},
)

_LEFT_OUT = {"cooling_off_days": 7, "experiment_ids": ["e000000"]}  # of drafts


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is of everything. `sends`: people of each experiment that was launched."""

    people: int = 100_000
    decided: int = 880
    running: int = 30
    measuring: int = 30
    drafts: int = 30
    cancelled: int = 30
    key_results: int = 60
    weeks: int = 157
    linked: int = 200  # experiments that are linked to the first key result
    sends: int = 40
    respondents: int = 40

    @classmethod
    def of(cls, rows: int) -> "Size":
        """So many rows of everything."""
        return cls(
            people=12 + rows,
            decided=rows,
            running=rows,
            measuring=rows,
            drafts=rows,
            cancelled=rows,
            key_results=rows,
            weeks=rows,
            linked=rows,
            sends=12,
            respondents=rows,
        )

    @property
    def statuses(self) -> list[str]:
        """The status of every experiment, the oldest first."""
        names = ("decided", "cancelled", "measuring", "running", "draft")
        counts = (self.decided, self.cancelled, self.measuring, self.running, self.drafts)
        return [name for name, count in zip(names, counts, strict=True) for _ in range(count)]


def examples(size: Size) -> tuple[str, ...]:
    """One experiment of each status."""
    return tuple(experiment_id(size.statuses.index(one)) for one in dict.fromkeys(size.statuses))


def fill(database: Database, size: Size, *, now: datetime) -> None:
    """Fill an empty, migrated database."""
    with database.write() as session:
        add_people(session, AUDIENCE, size.people, now=now)
        _outcomes(session, size, now=now)
        _features(session, size, now=now)
    with database.write() as session:
        rows = [_experiment(size, number, now=now) for number in range(len(size.statuses))]
        _add(session, Experiment, rows)
        for number, row in enumerate(rows):
            if row["started_at"]:
                _mail(session, size, number, row)
    with database.write() as session:
        _decide(session, size, now=now)
        estate_weeks.add(
            session,
            key_results=[key_result_id(n) for n in range(size.key_results)],
            rows=size.respondents,
            experiments=[row["id"] for row in rows if row["status"] == "running"],
            now=now,
        )
    analyze(database)


def analyze(database: Database) -> None:
    """Let the database look at what it holds, as it does by itself in time."""
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()


def experiment_id(number: int) -> str:
    """The experiment's id; numbers go by age."""
    return f"e{number:06}"


def key_result_id(number: int) -> str:
    """The key result's id."""
    return f"k{number:04}"


def _add(session: Session, model: type[SQLModel], rows: Iterable[Mapping[str, Any]]) -> None:
    every = list(rows)
    for start in range(0, len(every), _CHUNK):
        session.execute(insert(model), every[start : start + _CHUNK])


def _outcomes(session: Session, size: Size, *, now: datetime) -> None:
    today = now.date()
    cycle = Cycle(id="c1", name="This quarter", starts=today - 45 * _DAY, ends=today + 45 * _DAY)
    _add(session, Cycle, [cycle.model_dump()])
    _add(session, Team, [Team(id="t1", name="Growth", function="product").model_dump()])
    objectives = range((size.key_results + 2) // 3)
    _add(
        session,
        Objective,
        [
            Objective(
                id=f"o{n:04}", title=f"Objective {n}", cycle_id="c1", created_at=now
            ).model_dump()
            for n in objectives
        ],
    )
    numbers = range(size.key_results)
    _add(session, KeyResult, [_key_result(n, now=now).model_dump() for n in numbers])
    _add(
        session,
        CheckIn,
        [_value(n, week, today, now).model_dump() for n in numbers for week in range(size.weeks)],
    )
    week = week_of(today)
    _add(
        session,
        WeekItem,
        [
            WeekItem(
                week=which, kind=kind, text=f"Line {n}", created_by="Ann", created_at=now
            ).model_dump()
            for which in (week, week_of(today - 7 * _DAY))
            for kind in ItemKind
            for n in range(min(20, size.running))
        ],
    )


def _key_result(number: int, *, now: datetime) -> KeyResult:
    return KeyResult(
        id=key_result_id(number),
        objective_id=f"o{number // 3:04}",
        title=f"Bakers active {number}",
        kind="increase",
        unit="number",
        start=1_000,
        target=2_000,
        source="experiment" if number == 0 else "manual",
        owner=f"owner{number}@halvern.example",
        created_at=now,
    )


def _value(number: int, week: int, today: date, now: datetime) -> CheckIn:
    return CheckIn(
        key_result_id=key_result_id(number),
        date=today - 7 * week * _DAY,
        value=1_000 + (7919 * week + number) % 83 - week,
        confidence=6,
        recorded_at=now,
        recorded_by="Ann",
    )


def _features(session: Session, size: Size, *, now: datetime) -> None:
    statuses = [_SLICES.get(one, "testing") for one in size.statuses]
    _add(
        session,
        Feature,
        [
            Feature(
                id=f"f{n:06}",
                title=f"Feature {n}",
                key_result_id=key_result_id(n % size.key_results),
                full_build_weeks=float(n % 9),
                created_at=now,
            ).model_dump()
            for n in range((len(statuses) + 2) // 3)
        ],
    )
    _add(
        session,
        Slice,
        [
            Slice(
                id=f"s{n:06}",
                feature_id=f"f{n // 3:06}",
                title=f"Slice {n}",
                status=status,
                created_at=now,
            ).model_dump()
            for n, status in enumerate(statuses)
        ],
    )


def _experiment(size: Size, number: int, *, now: datetime) -> dict[str, Any]:
    status = size.statuses[number]
    linked = number < size.linked
    aim = key_result_id(0 if linked else number % size.key_results)
    draft = Draft.model_validate(
        DESIGN
        | _RULES[number % len(_RULES)]
        | {
            "name": f"Waste in euros {number}",
            "audience_id": AUDIENCE,
            "slice_id": f"s{number:06}",
            "exclude": _LEFT_OUT if status == "draft" else {},
            "forecast": 0.4,
            "key_results": [{"key_result_id": aim, "reach": 9_000, "carry": 0.2, "per_hit": 1.0}],
        }
    )
    # Of those that are measured, the windows of one half close in this very hour.
    ages = {"running": 1, "measuring": 3 if number % 2 else 6}
    age = ages.get(status, 10 + (len(size.statuses) - number) // 10)
    began = None if status == "draft" else now - age * _DAY
    row = Experiment(
        id=experiment_id(number),
        name=draft.name,
        slice_id=draft.slice_id,
        audience_id=AUDIENCE,
        design=draft.model_dump(mode="json"),
        status=status,
        created_by="Ann",
        created_at=now,
        updated_at=now,
        launched_at=began,
        scheduled_at=began,
        started_at=began,
        measuring_at=began if status in {"measuring", "cancelled"} else None,
        decided_at=now - _DAY if status == "decided" else None,
        rule_version="1",
    )
    if began:
        arms = {arm.key: size.sends // len(draft.arms) for arm in draft.arms}
        frozen = plans.freeze(draft, arms, start=began)
        row.enrolled, row.plan, row.pass_count = size.sends, frozen.as_json(), frozen.pass_count
    return row.model_dump()


def _mail(session: Session, size: Size, number: int, row: Mapping[str, Any]) -> None:
    arms = tuple(arm["key"] for arm in row["design"]["arms"])
    mailing = Mailing(row["id"], arms, first=(number + 1) << 24, at=row["started_at"])
    mailing.add(session, size.sends, of=size.people, is_done=row["status"] != "running")


def _decide(session: Session, size: Size, *, now: datetime) -> None:
    """Readouts are counted for one experiment of each rule, and copied to the others."""
    bodies: dict[int, dict[str, Any]] = {}
    snapshots, decisions = [], []
    for number in range(size.decided):
        kind = number % len(_RULES)
        if kind not in bodies:
            row = session.get_one(Experiment, experiment_id(number))
            bodies[kind] = as_json(readout.counted(session, row, now=now))
        snapshots += [
            _snapshot(number, bodies[kind], why, now=now) for why in ("decision", "final")
        ]
        decisions.append(_decision(number, bodies[kind], now=now))
    _add(session, Snapshot, [one.model_dump() for one in snapshots])
    _add(session, Decision, [one.model_dump() for one in decisions])
    for one in decisions:
        search.write(session, one.id, title=f"Waste in euros {one.id}", body=one.learning)
    posted = range(min(size.linked, size.decided, 30))
    _add(session, Contribution, [_contribution(n, now=now).model_dump() for n in posted])


def _snapshot(number: int, body: dict[str, Any], kind: str, *, now: datetime) -> Snapshot:
    return Snapshot(
        id=f"{kind}{number}",
        experiment_id=experiment_id(number),
        at=now - _DAY,
        kind=kind,
        rule_version="1",
        call=body["call"]["state"],
        hits=5,
        people=40,
        body=body | {"experiment_id": experiment_id(number)},
    )


def _decision(number: int, body: dict[str, Any], *, now: datetime) -> Decision:
    return Decision(
        id=f"d{number:06}",
        experiment_id=experiment_id(number),
        snapshot_id=f"decision{number}",
        call=body["call"]["state"],
        sentence=body["call"]["sentence"],
        decision=("build", "iterate", "stop")[number % 3],
        learning=f"Money moves bakers {number}.",
        reason="We know better.",
        decided_by="Ann",
        at=now - number * timedelta(hours=5),
    )


def _contribution(number: int, *, now: datetime) -> Contribution:
    return Contribution(
        key_result_id=key_result_id(0),
        experiment_id=experiment_id(number),
        date=(now - 5 * _DAY).date(),
        amount=1.0,
        low=0.5,
        high=1.5,
        people=40,
        posted_at=now,
        posted_by="Ann",
    )
