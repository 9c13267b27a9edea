"""What experiments say of a key result: in its evidence, its ledger, and beside its confidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from sqlmodel import Session

from app.analysis import list_calls
from app.analysis.list_calls import Told
from app.analysis.readout_types import Evidence, Movement, State
from app.experiments import metrics
from app.experiments import store as experiments
from app.experiments.models import Experiment
from app.experiments.vocabulary import Mode
from app.languages import written
from app.languages.words import IN_ENGLISH, Words
from app.okr import amounts
from app.okr.models import KeyResult
from app.okr.overlap import Line, lined
from app.okr.series import Stored
from app.platform import figures
from app.platform.garbled import CANNOT_BE_READ
from app.review import linked
from app.review.linked import Linked
from app.web.kit import formatting

_GONE = "an experiment that is gone"
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
    rehearsal: bool
    linked_at: datetime | None


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """What one experiment added."""

    name: str
    href: str
    date: date
    amount: str
    people: int
    remark: str


def rows(
    session: Session, row: KeyResult, stored: Stored, *, zone: tzinfo, now: datetime
) -> list[EvidenceRow]:
    """Every linked experiment, newest first."""
    found = linked.linked_experiments(session, row, stored, now=now, zone=zone)
    return [_row(one, row, zone=zone, now=now) for one in found]


def questions(
    session: Session,
    key_result_ids: Sequence[str],
    words: Words = IN_ENGLISH,
    *,
    zone: tzinfo,
    now: datetime,
) -> dict[str, tuple[str, ...]]:
    """What owners are asked about experiments that began lately, by key result."""
    since = now - timedelta(days=_RECENT_DAYS + 1)
    found = experiments.linked_since(session, key_result_ids, since)
    every = {one.id: one for _, one in found}
    known = list_calls.calls_of_many(session, list(every.values()), now=now, zone=zone)
    asked: dict[str, list[str]] = {one: [] for one in key_result_ids}
    for key_result_id, experiment in found:
        if question := _question(experiment, known[experiment.id], words, zone=zone, now=now):
            asked[key_result_id].append(question)
    return {key: tuple(said) for key, said in asked.items()}


def posted(
    session: Session, row: KeyResult, stored: Stored, known: Sequence[EvidenceRow]
) -> list[LedgerRow]:
    """The ledger, with a remark where something isn't added. `known` spares asking for names."""
    lines, names = lined(stored.posted), {evidence.id: evidence.name for evidence in known}
    unknown = {line.row.experiment_id for line in lines} - names.keys()
    if unknown:
        names |= experiments.names_of(session, sorted(unknown))
    return [_posted(line, names.get(line.row.experiment_id, _GONE), row.unit) for line in lines]


def _posted(line: Line, name: str, unit: str) -> LedgerRow:
    held = line.row
    ends = f"{formatting.change(held.low, unit)} to {formatting.change(held.high, unit)}"
    return LedgerRow(
        name=name,
        href=f"/experiments/{held.experiment_id}",
        date=held.date,
        amount=f"{formatting.change(held.amount, unit)} ({ends})",
        people=held.people,
        remark=_remark(line, unit),
    )


def _remark(line: Line, unit: str) -> str:
    if line.is_garbled:
        return f"{CANNOT_BE_READ} Nothing of it is added."
    if not line.shared:
        return ""
    if not line.counted:
        return "Not added: larger contributions count all of the same people."
    people = formatting.plural(line.shared, "person is", "people are")
    return (
        f"Added: {formatting.change(line.added, unit)}. {people} counted by a larger contribution."
    )


def _row(one: Linked, row: KeyResult, *, zone: tzinfo, now: datetime) -> EvidenceRow:
    experiment, known = one.experiment, one.told
    began = experiment.started_at
    return EvidenceRow(
        id=experiment.id,
        name=experiment.name,
        sentence=known.call.sentence if known else "",
        call=known.call.state if known else experiment.status,
        decision=one.decision.decision if one.decision else None,
        mode=one.mode,
        projection=_projection(one.says, row.unit),
        realised=_realised(one, row),
        can_undo=one.wrote,
        began=began.astimezone(zone).date() if began else None,
        question=_question(experiment, known, zone=zone, now=now)
        if known and not experiment.rehearsal
        else "",
        rehearsal=experiment.rehearsal,
        linked_at=one.linked_at,
    )


def _projection(link: Evidence | None, unit: str) -> str:
    if link is None:
        return ""
    if link.projected is not None:
        return f"{_movement(link.projected, unit)}, if built. {link.assumption or ''}".strip()
    return link.assumption or link.reason or ""


def _realised(one: Linked, row: KeyResult) -> str:
    if one.undone:
        return "Taken back"
    if not one.wrote and one.why_not:
        return f"Not written: {one.why_not}"
    if one.is_due:
        return "Decided before its windows have closed: what it added is written when they close."
    link = one.says
    if link is None or link.realised is None:
        return ""
    posted_here = link.mode == Mode.CONTRIBUTION and link.realised.low != link.realised.high
    moved = _movement(link.realised, row.unit)
    if posted_here:
        return f"Added: {moved}."
    return f"The number has moved by {moved} since the launch, for whatever reason."


def _movement(moved: Movement, unit: str) -> str:
    said = formatting.change(round(moved.movement, 2), unit)
    if moved.low == moved.high:
        return said
    low, high = (formatting.change(round(one, 2), unit) for one in (moved.low, moved.high))
    return f"{said} ({low} to {high})"


def _question(
    experiment: Experiment,
    told: Told,
    words: Words = IN_ENGLISH,
    *,
    zone: tzinfo,
    now: datetime,
) -> str:
    """`“Euros” of Tuesday 24 November: validated, 12.0 %. Does this change your confidence?`"""
    began, measured = experiment.started_at, _measured(experiment, told, words)
    if began is None or not measured or (now - began).days > _RECENT_DAYS:
        return ""
    return words.say(
        "“{name}” of {day}: {result}, {measured}. Does this change your confidence?",
        name=experiment.name,
        day=_day(began.astimezone(zone), words),
        result=_result(told.call.state, words),
        measured=measured,
    )


def _day(began: datetime, words: Words) -> str:
    if words.is_english:
        return f"{began:%A} {began.day} {began:%B}"
    return written.long_day(began.date(), words.spoken)


def _result(state: State, words: Words) -> str:
    return {
        State.VALIDATED: words.say("validated"),
        State.REFUTED: words.say("refuted"),
        State.INCONCLUSIVE: words.say("inconclusive"),
        State.WAITING: words.say("too early to say"),
    }[state]


def _measured(experiment: Experiment, told: Told, words: Words = IN_ENGLISH) -> str:
    """What the call is about: a share, or of versions a lead over what they are compared with."""
    if not told.comparisons:
        estimate = next((one for one in told.estimates if one.rate is not None), None)
        return _share(estimate.rate, words) if estimate else ""
    known = [comparison for comparison in told.comparisons if comparison.difference is not None]
    of_call = [comparison for comparison in known if comparison.state is told.call.state] or known
    if not of_call:
        return ""
    best = max(of_call, key=lambda one: one.difference or 0)
    lead = best.difference or 0
    is_value = metrics.of_design(experiment.design).is_value
    said = _lead_in_value(lead, words) if is_value else _lead_in_points(lead, words)
    return words.say(
        "“{arm}” {lead} against “{baseline}”", arm=best.arm, lead=said, baseline=best.baseline
    )


def _share(rate: float | None, words: Words) -> str:
    if words.is_english or rate is None:
        return formatting.points(rate)
    return written.percent(rate, words.spoken, 1)


def _lead_in_points(lead: float, words: Words) -> str:
    if words.is_english:
        return figures.points(lead)
    return amounts.change(round(100 * lead, 1), "percent", words)


def _lead_in_value(lead: float, words: Words) -> str:
    if words.is_english:
        return figures.signed_value(lead)
    return amounts.change(round(lead, 2), "number", words)
