"""An experiment is written in four steps; each is a page that saves what it shows."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.experiments import drafts, feature_store, store, unread
from app.experiments.design_schemas import Draft
from app.experiments.models import Experiment, Made, Status
from app.identity.guard import Db, Now, Who
from app.platform.errors import AppError
from app.web.experiments import (
    form_begun,
    form_document,
    form_saved,
    form_steps,
    form_taken,
    form_undone,
    mail_looks,
    plans,
    put_in,
    step_pages,
)
from app.web.experiments.form_fields import FIELDS
from app.web.experiments.form_saved import Saving
from app.web.experiments.form_steps import FIRST, NAME, Step
from app.web.experiments.form_taken import Texts
from app.web.experiments.mail_looks import Look
from app.web.experiments.step_pages import MAIL, POWERED, KeptFragment
from app.web.kit import charts
from app.web.kit.form_state import Form, Typed
from app.web.kit.pages import go, refuse, render

router = APIRouter(prefix="/experiments")
READER = "reader"  # whose mail is shown beside its text; nothing of the draft
_NAMELESS = "Give it a name, or say in your own words what you believe: from then on it is kept."
_QUICKER = "Somebody else changed this draft while you wrote. Everything else of yours is saved."


@router.get("/new")
def begin(
    *,
    request: Request,
    session: Db,
    now: Now,
    slice: str | None = None,  # noqa: A002 - the word that addresses carry
    audience: str | None = None,
    previous: str | None = None,
) -> HTMLResponse:
    """The first step, filled in from a template or from the run before."""
    key = request.query_params.get("from") or ""
    design = form_begun.first_design(session, previous_id=previous, key=key)
    known = {"slice_id": slice, "audience_id": audience}
    design |= {name: value for name, value in known.items() if value}
    design = _with_key_result(session, design)
    name = design["name"] if previous else ""
    form = _over(form_document.fields(design, _zone(request)), Typed.of(name=name, begun=key))
    return render(request, step_pages.new_page(request, session, design, form, now=now))


@router.post("")
def create(request: Request, session: Db, who: Who, now: Now, form: Form) -> Response:
    """Keep a draft from the first word on; what is missing for a launch the checklist says."""
    design = form_begun.first_design(session, previous_id=None, key=None)
    try:
        design = form_begun.first_design(
            session, previous_id=form.text("previous_id"), key=form.text("begun")
        )
        name = form_begun.name_of(form, form_begun.every(session))
        if name is None:
            return _without_name(request, session, design, form, now=now)
        draft = Draft.model_validate(design | {"name": name})
        row = drafts.add(session, draft, by=who.name, now=now)
        typed = {**_fields_of(form), NAME: (name,)}
        saving = Saving(zone=_zone(request), by=who.name, now=now)
        saving.save(session, row, typed, made=Made.BEGUN)
        _fill(session, row, form.text("begin"), saving)
    except (AppError, ValidationError) as error:
        again = form.mended(error, form_document.names(form))
        refuse(request, step_pages.new_page(request, session, design, again, now=now))
    return _onward(request, session, row, FIRST, form, now=now)


@router.get("/{experiment_id}/edit")
def edit(experiment_id: str) -> Response:
    """The first step."""
    return go(f"/experiments/{experiment_id}/edit/{FIRST.key}")


@router.get("/{experiment_id}/edit/{step}")
def show(request: Request, session: Db, now: Now, experiment_id: str, step: str) -> Response:
    """A step of a draft, as it was saved."""
    found, row = form_steps.step_of(step), store.experiment_of(session, experiment_id)
    if Status(row.status) is not Status.DRAFT:
        return go(f"/experiments/{experiment_id}")
    form = form_saved.opened(row, _zone(request))
    return render(request, step_pages.page_of(request, session, found, row, form, now=now))


@router.get("/{experiment_id}/edit/{step}/charts/{name}.{kind}")
def chart(
    *, request: Request, session: Db, experiment_id: str, step: str, name: str, kind: str
) -> Response:
    """The picture beside the plan as a file."""
    found, row = form_steps.step_of(step), store.experiment_of(session, experiment_id)
    is_drawn = Status(row.status) is Status.DRAFT and found.key in POWERED
    power = step_pages.power_of(request, session, row, found) if is_drawn else None
    here = {"power": power.chart} if power else {}
    return charts.as_file(request, here, name, kind, of=row.name)


@router.post("/{experiment_id}/edit/{step}")
def save(
    *, request: Request, session: Db, who: Who, now: Now, form: Form, experiment_id: str, step: str
) -> Response:
    """Save what this step shows, each field for itself, and go where the button says.

    "undo" is such a button, too: what was typed is kept before the last change is taken back.
    """
    found, zone = form_steps.step_of(step), _zone(request)
    form, row = put_in.with_image(session, form), store.locked(session, experiment_id)
    is_seen = form_undone.is_seen(session, row, form)
    current, saving = form_saved.opened(row, zone), Saving(zone=zone, by=who.name, now=now)
    changes = form_saved.changes(form, current, found.names)
    try:
        typed = _named(session, changes.typed, form, current)
        saving.save(session, row, typed)
        _fill(session, row, form.text("begin"), saving)
    except AppError as error:
        mine = replace(_over(current, form, found.names), sentence=str(error))
        refuse(request, step_pages.page_of(request, session, found, row, mine, now=now))
    if changes.clashes:
        return _clashed(request, session, row, found, form, clashes=changes.clashes, now=now)
    if form.text("undo"):
        return form_undone.take_back(session, row, found, is_seen=is_seen, by=who.name, now=now)
    return _onward(request, session, row, found, form, now=now)


def _onward(
    request: Request, session: Session, row: Experiment, step: Step, form: Typed, *, now: datetime
) -> Response:
    """Where the pressed button leads: "on" only where nothing of this step is marked."""
    opened = form_saved.opened(row, _zone(request))
    if _is_fragment(request):
        seen = form_saved.seen(opened, step.names)
        return _kept(
            request, session, row, step, _over(opened, form, (READER,)), seen=seen, now=now
        )
    is_marked = any(opened.error(name) for name in step.names)
    wanted = form.text("to") or (None if is_marked else form.text("on"))
    home = f"/experiments/{row.id}"
    if wanted in {"launch", "links"}:
        return go(f"{home}/{wanted}")
    if wanted in {one.key for one in form_steps.STEPS}:
        return go(f"{home}/edit/{wanted}")
    reader = form.text(READER) if step.key == MAIL else None
    asked_for = f"?{urlencode({READER: reader})}" if reader else ""
    return go(f"{home}/edit/{step.key}{asked_for}", said=None if is_marked else "saved")


def _clashed(
    request: Request,
    session: Session,
    row: Experiment,
    step: Step,
    form: Typed,
    *,
    clashes: Mapping[str, str],
    now: datetime,
) -> Response:
    """Somebody else was quicker: theirs is saved, mine still stands in its field, and I am told."""
    opened = form_saved.opened(row, _zone(request))
    mine = _over(opened, form, [*clashes, READER])
    mine = replace(mine, errors={**mine.errors, **clashes}, sentence=_QUICKER)
    if _is_fragment(request):
        seen = form_saved.seen_still(form, opened, step.names, clashes)
        return _kept(request, session, row, step, mine, seen=seen, now=now)
    page = step_pages.page_of(request, session, step, row, mine, now=now)
    return render(request, replace(page, seen=form_saved.seen(opened, step.names)), 422)


def _kept(
    request: Request,
    session: Session,
    row: Experiment,
    step: Step,
    form: Typed,
    *,
    seen: str,
    now: datetime,
) -> Response:
    """What a page that saves itself shows anew, and the address that it has from now on."""
    fragment = KeptFragment(
        form=form_saved.marked(form, step.names),
        asked=FIELDS,
        seen=seen,
        saved_at=row.updated_at,
        plan=plans.so_far(request, session, drafts.design_of(row), now=now),
        undo=form_undone.undo_of(session, row),
        look=_look(request, session, row, form, now=now) if step.key == MAIL else None,
        power=step_pages.power_of(request, session, row, step) if step.key in POWERED else None,
    )
    answer = render(request, fragment)
    answer.headers["Content-Location"] = f"/experiments/{row.id}/edit/{step.key}"
    return answer


def _look(
    request: Request, session: Session, row: Experiment, form: Typed, *, now: datetime
) -> Look:
    reader = form.value(READER).strip()
    return mail_looks.look_of(request, session, row, reader=reader, now=now)


def _without_name(
    request: Request, session: Session, design: dict[str, Any], form: Typed, *, now: datetime
) -> Response:
    """The form again: with the template that was chosen, or with what is asked for."""
    taken = form_taken.take(design, _fields_of(form, but=NAME), _zone(request))
    written, key = taken.draft.model_dump(mode="json"), form.text("begin")
    if key:
        known = form_begun.every(session)
        written = form_begun.filled(written, form_begun.chosen(session, key), known)
    typed = {one.field: tuple(one.typed) for one in taken.waiting}
    again = _over(form_document.fields(written, _zone(request)), Typed(fields=typed))
    again = _over(again, Typed.of(name="", begun=key or form.value("begun")))
    if not key:
        again = replace(again, errors={NAME: _NAMELESS}, sentence=_NAMELESS)
    page = step_pages.new_page(request, session, written, again, now=now)
    return render(request, page, 200 if key else 422)


def _fill(session: Session, row: Experiment, key: str | None, saving: Saving) -> None:
    """Put in what a template has for it, and look once more at what waits."""
    if key is None:
        return
    known = form_begun.every(session)
    written = form_begun.filled(row.design, form_begun.chosen(session, key), known)
    filled = Draft.model_validate(written)
    by, now, made = saving.by, saving.now, Made.TEMPLATE
    drafts.keep(session, row, filled, unread.of(row), by=by, now=now, made=made)
    saving.save(session, row, {}, made=made)


def _named(session: Session, typed: Texts, form: Typed, current: Typed) -> Texts:
    """A draft that loses its name is called after what its author believes, or stays as it is."""
    if NAME not in typed or form.text(NAME):
        return typed
    believed = _over(current, form, [name for name in ("believe", NAME) if name in form.fields])
    name = form_begun.name_of(believed, form_begun.every(session))
    kept = {one: texts for one, texts in typed.items() if one != NAME}
    return kept | {NAME: (name,)} if name else kept


def _over(form: Typed, other: Typed, names: Iterable[str] | None = None) -> Typed:
    """A form with what another one says of these fields, or of all that it has."""
    found = other.fields if names is None else {name: other.every(name) for name in names}
    return replace(form, fields={**form.fields, **found})


def _fields_of(form: Typed, but: str = "") -> Texts:
    return {name: form.every(name) for name in form.fields if name in FIELDS and name != but}


def _is_fragment(request: Request) -> bool:
    return "x-fragment" in request.headers


def _zone(request: Request) -> ZoneInfo:
    zone: ZoneInfo = request.app.state.settings.zone
    return zone


def _with_key_result(session: Session, design: dict[str, Any]) -> dict[str, Any]:
    """A slice brings the key result that its feature should move."""
    if design.get("key_results") or not design.get("slice_id"):
        return design
    found = feature_store.slice_of(session, str(design["slice_id"]))
    key_result_id = feature_store.feature_of(session, found.feature_id).key_result_id
    return design | {"key_results": [{"key_result_id": key_result_id}] if key_result_id else []}
