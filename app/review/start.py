"""The first hour: what stands of a number, people and an experiment, and what is made of each.

A step is one form. What it needs besides (a cycle, an outcome, a feature and its slice) is made on
the way.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from app.audience.headers import is_email
from app.experiments import drafts, feature_outline
from app.experiments.design_schemas import Draft
from app.experiments.models import Experiment
from app.experiments.outline_schemas import FeatureDraft, SliceDraft
from app.okr import outcomes
from app.okr import store as okr
from app.okr.models import Cycle, KeyResult
from app.okr.schemas import CycleDraft, KeyResultDraft, ObjectiveDraft
from app.platform import figures
from app.platform.errors import Invalid
from app.review import start_rows
from app.review.start_rows import Standing

_SHORT = timedelta(days=28)  # a cycle that ends sooner is over before anything has moved
_SIGNS = " \t<>\"'"  # around an address that somebody copied out of a mail program
_BODY = "Hello,\n\n\n\n[Show me](answer:)"
_ANSWER = (
    "# Thank you\n\nWe are finding out who needs this. Nothing was changed for you; below you can"
    " say what you would do with it."
)


@dataclass(frozen=True, slots=True)
class Number:
    """What should move, as it was typed. `ends` is asked for where no cycle is running."""

    title: str
    start: str | None
    target: str | None
    unit: str
    outcome: str | None
    ends: str | None


def usual_end(today: date) -> date:
    """The last day of the quarter, or of the next one where that is near."""
    end = _quarters_end(today)
    return _quarters_end(end + timedelta(days=1)) if end - today < _SHORT else end


def running_cycle(session: Session, today: date) -> Cycle | None:
    """The cycle that a new number belongs to, where there is one."""
    open_now = (
        one
        for one in okr.cycles(session)
        if one.starts <= today <= one.ends and one.closed_at is None
    )
    return next(open_now, None)


def add_number(
    session: Session, number: Number, *, by: str, today: date, now: datetime
) -> KeyResult:
    """The number, under an outcome of the running cycle; both are made where they are missing.

    Where one of the three is refused, the session holds none of them: the form that is shown again
    tells of what there is.
    """
    with session.begin_nested():
        return _number_added(session, number, by=by, today=today, now=now)


def _number_added(
    session: Session, number: Number, *, by: str, today: date, now: datetime
) -> KeyResult:
    cycle = running_cycle(session, today) or _new_cycle(session, number, today)
    outcome = number.outcome or number.title
    drafted = ObjectiveDraft(title=outcome or "-", cycle_id=cycle.id)
    held = [one for one in okr.objectives(session, cycle_id=cycle.id) if one.title == outcome]
    objective = held[0] if held else outcomes.add_objective(session, drafted, now=now)
    draft = KeyResultDraft.model_validate(
        {
            "objective_id": objective.id,
            "title": number.title,
            "kind": _kind(number),
            "unit": number.unit,
            "start": number.start,
            "target": number.target,
            "owner": by,
        }
    )
    return outcomes.add_key_result(session, draft, now=now)


def file_of(typed: str) -> bytes:
    """What somebody typed or pasted, as a file of people: with its header, or with ours.

    Without one a line is an address, or an address and a name in either order.
    """
    lines = [line for line in typed.splitlines() if line.strip()]
    if not lines:
        raise Invalid.at("typed", "Write down a few addresses, or choose a file.")
    if any(is_email(cell) for cell in _cells(lines[0])):
        return "\n".join([*lines, ""]).encode()
    out = io.StringIO()
    written = csv.writer(out, lineterminator="\n")
    written.writerow(("email", "name"))
    written.writerows(row for line in lines for row in _people(line))
    return out.getvalue().encode()


def add_experiment(
    session: Session, standing: Standing, said: Any, *, by: str, now: datetime
) -> Experiment:
    """A draft that can be launched, with the feature and the slice that it tests.

    `said`: what the form holds of title, subject, body, answer and threshold. None of the three is
    left in the session where one is refused.
    """
    with session.begin_nested():
        return _experiment_added(session, standing, said, by=by, now=now)


def _experiment_added(
    session: Session, standing: Standing, said: Any, *, by: str, now: datetime
) -> Experiment:
    feature = feature_outline.add_feature(
        session,
        FeatureDraft(title=said["title"], key_result_id=standing.number_id),
        by=by,
        now=now,
    )
    piece = feature_outline.add_slice(
        session, SliceDraft(feature_id=feature.id, title=said["title"]), now=now
    )
    draft = Draft.model_validate(_design(standing, said) | {"slice_id": piece.id})
    return drafts.add(session, draft, by=by, now=now)


def first_mail() -> dict[str, str]:
    """What the form opens with."""
    return {"body": _BODY, "answer": _ANSWER, "threshold": "8"}


def standing(session: Session) -> Standing:
    """How far the first hour is."""
    return start_rows.standing(session)


def put_away(session: Session, *, now: datetime) -> None:
    """Nobody is led any more."""
    start_rows.put_away(session, now=now)


def _new_cycle(session: Session, number: Number, today: date) -> Cycle:
    usual = usual_end(today)
    fields = {"name": "-", "starts": today, "ends": number.ends or usual.isoformat()}
    ends = CycleDraft.model_validate(fields).ends
    quarter = f"{ends.year} Q{(ends.month + 2) // 3}"
    name = quarter if ends == usual else f"Until {ends.day} {ends:%B} {ends.year}"
    if okr.cycle_named(session, name):
        name = f"{name}, from {today.day} {today:%B}"
    return outcomes.add_cycle(session, CycleDraft(name=name, starts=today, ends=ends))


def _quarters_end(day: date) -> date:
    last = 3 * ((day.month + 2) // 3)
    first_after = date(day.year + last // 12, last % 12 + 1, 1)
    return first_after - timedelta(days=1)


def _kind(number: Number) -> str:
    """Up or down: nobody is asked what the numbers say."""
    try:
        return "decrease" if float(number.target or 0) < float(number.start or 0) else "increase"
    except ValueError:
        return "increase"  # what is no number is told beside its field


def _cells(line: str) -> Sequence[str]:
    for sign in (";", "\t", ","):
        if sign in line:
            return line.split(sign)
    return [line]


def _people(line: str) -> list[tuple[str, str]]:
    """Of one line: (address, name) each."""
    cells = [cell.strip(_SIGNS) for cell in _cells(line.replace("<", ",").replace(">", ""))]
    addresses = [cell for cell in cells if "@" in cell]
    names = [cell for cell in cells if cell and "@" not in cell]
    if len(addresses) == 1:
        return [(addresses[0], " ".join(names))]
    return [(address, "") for address in addresses] or [(line.strip(), "")]


def _design(standing: Standing, said: Any) -> dict[str, Any]:
    title, line = said["title"], said["threshold"]
    points = "" if line is None else figures.limit(line)
    return {
        "name": title,
        "audience_id": standing.audience_id,
        "riskiest": "desirability",
        "hypothesis": {
            "believe": f"People follow “{title}” up once they see it, and that moves"
            f" “{standing.number}”.",
            "verify": f"We mail it to everybody in “{standing.audience}”.",
            "measure": "People who follow the link within 72 hours.",
            "right_if": f"We can say that more than {points} do.",
        },
        "arms": [
            {
                "key": "insight",
                "subject": said["subject"],
                "body": said["body"],
                "answer": said["answer"],
            }
        ],
        "metric": {"kind": "click_rate", "window_hours": 72},
        "rule": {"kind": "threshold", "threshold": line, "confidence": 0.95},
        "guardrails": [{"metric": "unsubscribe_rate", "max": 0.01}],
        "key_results": [{"key_result_id": standing.number_id}] if standing.number_id else [],
    }
