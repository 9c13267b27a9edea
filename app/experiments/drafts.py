"""Experiments while they are drafts: written and changed."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session

from app.audience import store as audience
from app.experiments import (
    feature_store,
    key_result_rules,
    key_result_usage,
    store,
    unread,
    versions,
)
from app.experiments.design_schemas import Changes, Draft
from app.experiments.models import DraftVersion, Experiment, Made, Status
from app.experiments.unread import Unread
from app.identity import watching
from app.okr import store as okr
from app.platform.errors import AppError, Conflict, FieldError, Invalid, NotFound, tried

_NAMING = ("audience_id", "slice_id", "previous_id", "exclude", "key_results")  # other things


def add(session: Session, draft: Draft, *, by: str, now: datetime) -> Experiment:
    """Keep a new draft; what is missing for a launch is the checklist's to say."""
    _check(session, draft)
    key_result_usage.refuse_closed(session, [link.key_result_id for link in draft.key_results])
    key_result_rules.refuse_unfit(session, draft.model_dump(mode="json"))
    row = Experiment(name=draft.name, created_by=by, created_at=now, updated_at=now)
    _write(row, draft, now=now)
    session.add(row)
    session.flush()
    watching.begin(session, row.id, now=now)
    versions.keep(session, row, by=by, now=now, made=Made.BEGUN)
    return row


def change(
    session: Session, row: Experiment, changes: Changes, *, by: str, now: datetime
) -> Experiment:
    """Replace the fields that were sent; only while it is a draft."""
    _lock(session, row)
    sent = changes.model_dump(mode="json", exclude_unset=True)
    return replace(session, row, _parsed(row.design | sent), by=by, now=now)


def replace(
    session: Session, row: Experiment, draft: Draft, *, by: str, now: datetime
) -> Experiment:
    """Replace the whole document; only while it is a draft."""
    return _put(session, row, draft, row.unread, by=by, now=now)


def keep(
    session: Session,
    row: Experiment,
    draft: Draft,
    waiting: Sequence[Unread],
    *,
    by: str,
    now: datetime,
    made: Made = Made.WRITTEN,
) -> Experiment:
    """Replace what is different: the document, and what was typed and is no part of it yet."""
    waits = unread.written(waiting)
    if waits != row.unread or draft.model_dump(mode="json") != row.design:
        _put(session, row, draft, waits, by=by, now=now, made=made)
    return row


def bring_back(
    session: Session,
    row: Experiment,
    version: DraftVersion,
    *,
    by: str,
    now: datetime,
    made: Made = Made.RESTORED,
) -> Experiment:
    """What a version says, as a new version. What it names that is gone stays as it is now.

    Raises Invalid where nothing of it can be taken any more, Conflict where it is no draft.
    """
    _lock(session, row)
    draft = _possible(session, row, version.design)
    waits = version.unread or None
    return _put(session, row, draft, waits, by=by, now=now, made=made, of=version.number)


def copy(session: Session, row: Experiment, *, by: str, now: datetime) -> Experiment:
    """Run it again: a draft that follows this run, with an audience still to be chosen.

    Links to key results whose cycle is closed are left out: they move no more.
    """
    if row.status == Status.DRAFT:
        raise Conflict(f"“{row.name}” is a draft: launch it before you run it again.")
    return add(session, _parsed(again(session, row)), by=by, now=now)


def again(session: Session, row: Experiment) -> dict[str, Any]:
    """The document of the next run of an experiment: fresh people, and no date that has gone."""
    written = dict(row.design)
    links = [
        link | {"linked_at": None}  # of the next run it is planned
        for link in written["key_results"]
        if not okr.is_closed(session, link["key_result_id"])
    ]
    fresh = {"previous_id": row.id, "audience_id": None, "stop_at": None, "key_results": links}
    return written | fresh


def design_of(row: Experiment) -> Draft:
    """The document, as it stands."""
    return Draft.model_validate(row.design)


def refuse_unknown(field: str, find: Callable[[Session, str], object]) -> Callable[..., None]:
    """A check that an id names something; where it doesn't, the field is wrong, not the address."""

    def check(session: Session, wanted: str | None) -> None:
        try:
            if wanted is not None:
                find(session, wanted)
        except NotFound as error:
            raise Invalid.at(field, str(error)) from error

    return check


_check_audience = refuse_unknown("audience_id", audience.audience_of)
_check_slice = refuse_unknown("slice_id", feature_store.slice_of)
_check_previous = refuse_unknown("previous_id", store.experiment_of)
_check_excluded = refuse_unknown("exclude.experiment_ids", store.experiment_of)
_check_key_result = refuse_unknown("key_results", okr.key_result_of)


def _put(
    session: Session,
    row: Experiment,
    draft: Draft,
    waits: list[dict[str, Any]] | None,
    *,
    by: str,
    now: datetime,
    made: Made = Made.WRITTEN,
    of: int | None = None,
) -> Experiment:
    _lock(session, row)
    _refuse(session, row, draft)
    versions.catch_up(session, row)
    _write(row, draft, now=now)
    row.unread = waits
    session.add(row)
    session.flush()
    versions.keep(session, row, by=by, now=now, made=made, of=of)
    return row


def _possible(session: Session, row: Experiment, design: dict[str, Any]) -> Draft:
    """A document of before; of what it names, that which is gone or closed is as it is now."""
    now_said = {part: row.design[part] for part in _NAMING if part in row.design}
    nothing: dict[str, Any] = dict.fromkeys(_NAMING) | {"exclude": {}, "key_results": []}
    kept = [{part: said} for part, said in now_said.items()] + [now_said, nothing]
    refusals: list[AppError] = []
    for instead in ({}, *kept):
        draft = _parsed(design | instead)
        refusal = tried(_refuse, session, row, draft)
        if refusal is None:
            return draft
        refusals.append(refusal)
    raise refusals[0]


def _refuse(session: Session, row: Experiment, draft: Draft) -> None:
    """Raise where the document names what is not there, or means to move what it cannot."""
    _check(session, draft)
    key_result_usage.refuse_closed(
        session,
        [link.key_result_id for link in draft.key_results],
        already=[link["key_result_id"] for link in row.design.get("key_results") or ()],
    )
    key_result_rules.refuse_unfit(session, draft.model_dump(mode="json"), experiment_id=row.id)


def _check(session: Session, draft: Draft) -> None:
    _check_audience(session, draft.audience_id)
    _check_slice(session, draft.slice_id)
    _check_previous(session, draft.previous_id)
    for experiment_id in draft.exclude.experiment_ids:
        _check_excluded(session, experiment_id)
    for link in draft.key_results:
        _check_key_result(session, link.key_result_id)
        if link.linked_at is not None:
            raise Invalid.at("key_results", "Only a link made after the launch says when.")


def _lock(session: Session, row: Experiment) -> None:
    store.locked(session, row.id)
    if row.status != Status.DRAFT:
        raise Conflict(
            f"“{row.name}” is {row.status}, so its design is locked. Copy it into a new experiment"
            " to change it."
        )


def _write(row: Experiment, draft: Draft, *, now: datetime) -> None:
    row.name, row.channel = draft.name, draft.channel
    row.slice_id, row.previous_id = draft.slice_id, draft.previous_id
    row.audience_id = draft.audience_id
    row.design = draft.model_dump(mode="json")
    row.updated_at = now


def _parsed(document: object) -> Draft:
    try:
        return Draft.model_validate(document)
    except ValidationError as error:
        fields = tuple(
            FieldError(".".join(map(str, one["loc"])), one["msg"].removeprefix("Value error, "))
            for one in error.errors()
        )
        sentence = "; ".join(f"{field.field}: {field.message}" for field in fields)
        raise Invalid(sentence, errors=fields) from error
