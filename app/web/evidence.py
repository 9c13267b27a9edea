"""What experiments say of a key result: in its evidence, its ledger, and beside its confidence."""

from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from sqlmodel import Session

from app.analysis import readout
from app.analysis.shapes import Evidence, Movement, Readout
from app.experiments import moves
from app.experiments import store as experiments
from app.experiments.models import Experiment
from app.experiments.terms import Mode
from app.okr import ledger, store
from app.okr.models import KeyResult
from app.okr.overlap import Line
from app.review import store as review
from app.review.moves import why_not, will_be_added
from app.web import words

_RECENT_DAYS = 14  # evidence that a check-in is asked about


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """What one experiment says about the number, what was expected, and what came."""

    id: str
    name: str
    sentence: str
    call: str
    decision: str | None
    mode: str
    projection: str
    realised: str
    can_undo: bool
    began: date | None
    question: str


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """What one experiment added."""

    name: str
    href: str
    date: date
    amount: str
    people: int
    remark: str


def rows(session: Session, row: KeyResult, *, zone: tzinfo, now: datetime) -> list[EvidenceRow]:
    """Every linked experiment, newest first."""
    return [
        _row(session, one, row, zone=zone, now=now)
        for one in experiments.linked_to(session, row.id)
    ]


def posted(session: Session, row: KeyResult) -> list[LedgerRow]:
    """The ledger, with a remark where something isn't added."""
    return [_posted(session, line, row.unit) for line in ledger.lines(session, row.id)]


def _posted(session: Session, line: Line, unit: str) -> LedgerRow:
    held = line.row
    ends = f"{words.change(held.low, unit)} to {words.change(held.high, unit)}"
    return LedgerRow(
        name=experiments.experiment_of(session, held.experiment_id).name,
        href=f"/experiments/{held.experiment_id}",
        date=held.date,
        amount=f"{words.change(held.amount, unit)} ({ends})",
        people=held.people,
        remark=_remark(line, unit),
    )


def _remark(line: Line, unit: str) -> str:
    if not line.shared:
        return ""
    if not line.counted:
        return "Not added: larger contributions count all of the same people."
    people = words.plural(line.shared, "person is", "people are")
    return f"Added: {words.change(line.added, unit)}. {people} counted by a larger contribution."


def _row(
    session: Session, experiment: Experiment, row: KeyResult, *, zone: tzinfo, now: datetime
) -> EvidenceRow:
    decision = review.decision_of(session, experiment.id)
    began = experiment.started_at
    found = readout.of(session, experiment, now=now) if began else None
    link = _link(found, row.id)
    return EvidenceRow(
        id=experiment.id,
        name=experiment.name,
        sentence=found.call.sentence if found else "",
        call=found.call.state if found else experiment.status,
        decision=decision.decision if decision else None,
        mode=moves.mode_of(experiment, row.id) or Mode.EVIDENCE,
        projection=_projection(link, row.unit),
        realised=_realised(session, experiment, link, row),
        can_undo=_wrote(session, row.id, experiment.id),
        began=began.astimezone(zone).date() if began else None,
        question=_question(experiment, found, zone=zone, now=now) if found else "",
    )


def _link(found: Readout | None, key_result_id: str) -> Evidence | None:
    links = found.key_results if found else ()
    return next((one for one in links if one.key_result_id == key_result_id), None)


def _projection(link: Evidence | None, unit: str) -> str:
    if link is None:
        return ""
    if link.projected is not None:
        return f"{_movement(link.projected, unit)}, if built. {link.assumption or ''}".strip()
    return link.assumption or link.reason or ""


def _realised(
    session: Session, experiment: Experiment, link: Evidence | None, row: KeyResult
) -> str:
    if store.undone(session, row.id, experiment.id):
        return "Taken back"
    if not _wrote(session, row.id, experiment.id) and (
        reason := why_not(session, experiment.id, row.id)
    ):
        return f"Not written: {reason}"
    if will_be_added(session, experiment, row.id):
        return "Decided before its windows have closed: what it added is written when they close."
    if link is None or link.realised is None:
        return ""
    posted_here = link.mode == Mode.CONTRIBUTION and link.realised.low != link.realised.high
    moved = _movement(link.realised, row.unit)
    if posted_here:
        return f"Added: {moved}."
    return f"The number has moved by {moved} since the launch, for whatever reason."


def _movement(moved: Movement, unit: str) -> str:
    said = words.change(round(moved.movement, 2), unit)
    if moved.low == moved.high:
        return said
    low, high = (words.change(round(one, 2), unit) for one in (moved.low, moved.high))
    return f"{said} ({low} to {high})"


def _wrote(session: Session, key_result_id: str, experiment_id: str) -> bool:
    return bool(
        store.contribution_of(session, key_result_id, experiment_id)
        or store.written_by(session, key_result_id, experiment_id)
    )


def _question(experiment: Experiment, found: Readout, *, zone: tzinfo, now: datetime) -> str:
    """`Tuesday’s “Waste in euros”: validated, 12.0 %. Does this change your confidence?`"""
    began = experiment.started_at
    estimate = next((one for one in found.estimates if one.rate is not None), None)
    if began is None or estimate is None or (now - began).days > _RECENT_DAYS:
        return ""
    result = words.BADGES[found.call.state][0].lower()
    return (
        f"{began.astimezone(zone):%A}’s “{experiment.name}”: {result},"
        f" {words.points(estimate.rate)}. Does this change your confidence?"
    )
