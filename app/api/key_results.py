"""Key results: numbers with dated values, and the experiments that should move them."""

from fastapi import APIRouter, Request
from sqlmodel import Session

from app.api.address import PREFIX
from app.api.key_result_shapes import (
    KeyResultOut,
    KeyResultSeen,
    LedgerLine,
    LinkOut,
    PutOut,
    ReadOut,
    ValueOut,
)
from app.api.once import OnceRoute
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, Listed, listed
from app.api.values_shown import Readers
from app.api.vaults import Hosts
from app.experiments import key_result_usage
from app.experiments.models import Status
from app.identity.guard import Db, Now, Who
from app.okr import (
    links,
    outcomes,
    series,
    source_store,
    sources,
    store,
    unusual,
    values,
    views,
    week_rows,
)
from app.okr.models import KeyResult
from app.okr.overlap import Line, lined
from app.okr.schemas import (
    ConfidenceDraft,
    HttpSource,
    KeyResultChanges,
    NewKeyResult,
    SqlSource,
    ValueDraft,
)
from app.platform import garbled
from app.platform.days import Day
from app.platform.errors import Conflict
from app.review import comments
from app.review import linked as linked_results

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Key results"])

_VIEWED = (
    "current", "as_of", "progress", "expected", "pace", "confidence", "stale", "change",
    "forecast", "statement", "stretched", "warning",
)  # fmt: skip
_WORKED_OUT = {"counted", "added", "shared", "overlaps", "cannot_be_read"}
_OF_A_LINE = tuple(name for name in LedgerLine.model_fields if name not in _WORKED_OUT)


@router.post("/key-results", status_code=201, summary="Add a key result")
def add_key_result(
    *, draft: NewKeyResult, request: Request, session: Db, hosts: Hosts, now: Now, who: Who
) -> KeyResultOut:
    """`maintain` takes `low` and `high`; `percent` holds what people type (12 is 12 %).

    `past` takes values from before the cycle: they show how large the noise is, so that a move is
    told weeks earlier.
    """
    zone = request.app.state.settings.zone
    sources.check(draft.http, allowed_hosts=hosts)
    row = outcomes.add_key_result(session, draft, now=now)
    values.put_past(session, row, draft.past, source="api", by=who.name, zone=zone, now=now)
    return _shown(row)


@router.get("/key-results", summary="List key results")
def list_key_results(
    session: Db,
    objective_id: str | None = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Listed[KeyResultOut]:
    """In the order in which they were set; of one objective, or of all."""
    rows = store.key_results(session, objective_id=objective_id, cursor=cursor, limit=limit)
    return listed(rows, _shown)


@router.get("/key-results/{key_result_id}", summary="Look at a key result")
def get_key_result(key_result_id: str, request: Request, session: Db, now: Now) -> KeyResultSeen:
    """Where it stands today, where it is heading, and the experiments linked to it."""
    today = now.astimezone(request.app.state.settings.zone).date()
    placed = week_rows.placed_one(session, key_result_id, today=today)
    row, ends = placed.row, {placed.row.id: placed.cycle.ends}
    stored = series.stored_of(session, (row,), ends=ends)[row.id]
    seen = views.view(session, placed, stored, today=today)
    known = linked_results.linked_experiments(
        session, row, stored, now=now, zone=request.app.state.settings.zone
    )
    about = {name: getattr(seen, name) for name in _VIEWED}
    return KeyResultSeen(
        **_shown(row).model_dump(),
        **about,
        ledger=[_line(line) for line in lined(stored.posted)],
        reads=_reads(session, row),
        links=[_link(linked) for linked in known],
        unusual_weeks=unusual.marks_of(session, row.id, seen.cycle, today=today),
    )


@router.patch("/key-results/{key_result_id}", summary="Change a key result")
def change_key_result(
    key_result_id: str, changes: KeyResultChanges, session: Db, hosts: Hosts, now: Now
) -> KeyResultOut:
    """The fields that are sent. `kind` and `unit` stay: the values are written in them."""
    sources.check(changes.http, allowed_hosts=hosts)
    row = store.key_result_of(session, key_result_id)
    return _shown(outcomes.change_key_result(session, row, changes, now=now))


@router.delete("/key-results/{key_result_id}", status_code=204, summary="Remove a key result")
def remove_key_result(key_result_id: str, session: Db) -> None:
    """Only while it has no value (else 409)."""
    key_result_usage.refuse_linked(session, key_result_id)
    outcomes.remove_key_result(session, store.key_result_of(session, key_result_id))
    comments.forget(session, key_result_id)


@router.put("/key-results/{key_result_id}/confidence", summary="Say how sure you are")
def put_confidence(
    *,
    key_result_id: str,
    draft: ConfidenceDraft,
    request: Request,
    session: Db,
    who: Who,
    now: Now,
) -> ValueOut:
    """0 to 10, today, with the value as it stands: for numbers that nobody types."""
    zone = request.app.state.settings.zone
    row = values.confirm(session, key_result_id, draft, by=who.name, zone=zone, now=now)
    return Readers.of_check_ins(session, (row,)).held(row)


@router.post("/key-results/{key_result_id}/read", status_code=202, summary="Read the value soon")
def read_value(key_result_id: str, session: Db, now: Now) -> KeyResultOut:
    """For the sources `http` and `sql`: a worker reads it within seconds. 409 for others."""
    row = store.key_result_of(session, key_result_id)
    if not sources.read_soon(session, key_result_id, now=now):
        raise Conflict(f"“{row.title}” is not read from anywhere: its source is {row.source}.")
    return _shown(row)


@router.delete(
    "/key-results/{key_result_id}/links/{experiment_id}",
    status_code=204,
    summary="Take back what an experiment wrote",
)
def undo_link(key_result_id: str, experiment_id: str, session: Db, who: Who, now: Now) -> None:
    """Its ledger row and its values go; it writes nothing more. 409 where it wrote nothing."""
    links.undo(session, key_result_id, experiment_id, by=who.name, now=now)


@router.put("/key-results/{key_result_id}/values/{date}", summary="Put the value of a day")
def put_value(
    *,
    key_result_id: str,
    date: Day,
    draft: ValueDraft,
    request: Request,
    session: Db,
    who: Who,
    now: Now,
) -> ValueOut:
    """The same again changes nothing; another value replaces it, and the first stays as history."""
    zone = request.app.state.settings.zone
    row = values.put(
        session, key_result_id, date, draft, source="api", by=who.name, zone=zone, now=now
    )
    return Readers.of_check_ins(session, (row,)).held(row)


@router.get("/key-results/{key_result_id}/values", summary="List the values of a key result")
def list_values(
    key_result_id: str, session: Db, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Listed[ValueOut]:
    """In order of date, each with its source: what was put, and what experiments measured or added.

    On a day with several, `counts` names the one that is the day's value; `remark` says why another
    is not. What was replaced stands at `…/values/{date}`.
    """
    row = store.key_result_of(session, key_result_id)
    rows = series.page(session, row, cursor=cursor, limit=limit)
    return listed(rows, Readers.of_listed(session, rows).listed)


@router.get("/key-results/{key_result_id}/values/{date}", summary="List every value put for a day")
def list_history(
    key_result_id: str,
    date: Day,
    session: Db,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Listed[PutOut]:
    """The first first; the one that holds has no `replaced_at`. Empty where none was put."""
    store.key_result_of(session, key_result_id)
    rows = store.history_of(session, key_result_id, date, cursor=cursor, limit=limit)
    return listed(rows, Readers.of_check_ins(session, rows).put)


def _shown(row: KeyResult) -> KeyResultOut:
    return KeyResultOut.model_validate(row)


def _line(line: Line) -> LedgerLine:
    known = {name: getattr(line.row, name) for name in _OF_A_LINE}
    others = set[str]().union(*(group.others for group in line.groups))
    return LedgerLine(
        **known,
        counted=line.counted,
        added=line.added,
        shared=line.shared,
        overlaps=sorted(others),
        cannot_be_read=garbled.CANNOT_BE_READ if line.is_garbled else None,
    )


def _reads(session: Session, row: KeyResult) -> ReadOut | None:
    held = source_store.source_of(session, row.id)
    if held is None:
        return None
    asked = sources.settings_of(row.source, held)
    return ReadOut(
        http=HttpSource(**asked) if row.source == "http" else None,
        sql=SqlSource(**asked) if row.source == "sql" else None,
        due_at=held.due_at,
        read_at=held.read_at,
        failed_at=held.failed_at,
        error=held.error,
    )


def _link(linked: linked_results.Linked) -> LinkOut:
    experiment, told = linked.experiment, linked.told
    return LinkOut(
        experiment_id=experiment.id,
        name=experiment.name,
        status=garbled.read(Status, experiment.status),
        mode=linked.mode,
        call=told.call.state if told else None,
        estimate=told.estimates[0] if told and told.estimates else None,
        projected=linked.says.projected if linked.says else None,
        realised=linked.says.realised if linked.says else None,
        reason=linked.says.reason if linked.says else None,
        undone=linked.undone,
        rehearsal=experiment.rehearsal,
        linked_at=linked.linked_at,
    )
