"""The experiment form: from a template, from an earlier run, and its live plan."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse

from app.experiments import feature_store, store, template_rows, templates
from app.experiments.drafts import again as again_of
from app.experiments.models import Experiment, ExperimentTemplate
from app.identity.guard import Db, Look, Now
from app.platform import garbled
from app.platform.asked import Choices
from app.web.experiments import form_document, form_versions, plans
from app.web.experiments.form_fields import FIELDS, FILTERS, FormField
from app.web.experiments.plans import Outlook
from app.web.experiments.starters import STARTERS, Starter, starter
from app.web.kit import choices
from app.web.kit.form_state import Form, Typed
from app.web.kit.pages import Page, render

router = APIRouter(prefix="/experiments")
_OWN = "own-"  # before the id of a template of the organisation's own
_SEVERAL = ("second_subject", "second_body", "holdout", "baseline")
_NARROWING = ("where_0_column", "sample", "cooling_off_days", "exclude")


@dataclass(frozen=True, kw_only=True)
class DraftPage(Page):
    """Everything that an experiment says of itself, and beside it what it can tell."""

    template: ClassVar[str] = "experiments/form.html"
    section: ClassVar[str] = "experiments"

    heading: str
    crumbs: tuple[tuple[str, str], ...]
    starters: tuple[Starter, ...]
    starter_query: str
    chosen: str
    form: Typed
    action: str
    back: str
    asked: Mapping[str, FormField]
    slices: Choices
    audiences: Choices
    filters: int  # rows of the filter
    columns: tuple[str, ...]
    others: Choices
    key_results: Choices
    narrowed: bool
    several: bool
    baselines: Choices
    plan: Outlook


@dataclass(frozen=True, kw_only=True)
class PlanFragment(Page):
    """What the design can tell so far."""

    template: ClassVar[str] = "experiments/plan.html"

    plan: Outlook


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
    """A form filled in from a template, or from the run before."""
    chosen = _chosen(session, request.query_params.get("from"))
    zone = request.app.state.settings.zone
    if previous:
        document = again_of(store.experiment_of(session, previous))
    else:
        document = dict(chosen.document)
    known = {"slice_id": slice, "audience_id": audience}
    document |= {name: value for name, value in known.items() if value}
    form = form_document.fields(_with_key_result(session, document), zone)
    page = new(request, session, form, None if previous else chosen, now=now)
    return render(request, page)


@router.post("/plan")
def plan(request: Request, session: Look, now: Now, form: Form) -> HTMLResponse:
    """The plan again, while somebody types."""
    return render(request, PlanFragment(plan=plans.of_form(request, session, form, now=now)))


def new(
    request: Request, session: Session, form: Typed, chosen: Starter | None, *, now: datetime
) -> DraftPage:
    """The form of an experiment that is not there yet."""
    page = _page(request, session, form, now=now)
    if chosen is None:
        return page
    query = "".join(
        f"&{name}={form.value(field)}"
        for name, field in (("slice", "slice_id"), ("audience", "audience_id"))
        if form.value(field)
    )
    own = tuple(
        filter(
            None,
            (
                garbled.read(_own, experiment_template)
                for experiment_template in template_rows.every(session)
            ),
        )
    )
    return replace(page, starters=(*STARTERS, *own), chosen=chosen.key, starter_query=query)


def again(
    request: Request, session: Session, form: Typed, experiment: Experiment, *, now: datetime
) -> DraftPage:
    """The form of a draft that was saved before."""
    home = f"/experiments/{experiment.id}"
    crumbs = (("Experiments", "/experiments"), (experiment.name, home))
    page = _page(request, session, form, now=now)
    others = choices.others(session, experiment.id)
    return replace(
        page,
        heading="Edit the draft",
        crumbs=crumbs,
        action=f"{home}/edit",
        back=home,
        others=others,
    )


def _page(request: Request, session: Session, form: Typed, *, now: datetime) -> DraftPage:
    return DraftPage(
        heading="New experiment",
        crumbs=(("Experiments", "/experiments"),),
        starters=(),
        starter_query="",
        chosen="",
        form=form,
        action="/experiments",
        back="/experiments",
        asked=FIELDS,
        slices=choices.slices(session),
        audiences=choices.audiences(session),
        filters=FILTERS,
        columns=tuple(choices.columns(session, form.text("audience_id"))),
        others=choices.others(session, None),
        key_results=choices.key_results(session),
        narrowed=any(form.text(name) for name in _NARROWING),
        several=any(form.text(name) for name in _SEVERAL),
        baselines=form_versions.baselines(form),
        plan=plans.of_form(request, session, form, now=now),
    )


def _chosen(session: Session, key: str | None) -> Starter:
    """A template of the organisation's own, or one that ships."""
    if key and key.startswith(_OWN):
        return _own(template_rows.template_by_id(session, key.removeprefix(_OWN)))
    return starter(key)


def _own(row: ExperimentTemplate) -> Starter:
    about = row.about or f"Kept by {row.created_by}."
    return Starter(f"{_OWN}{row.id}", row.name, about, templates.document_of(row))


def _with_key_result(session: Session, document: dict[str, object]) -> dict[str, object]:
    """A slice brings the key result that its feature should move."""
    if document.get("key_results") or not document.get("slice_id"):
        return document
    found = feature_store.slice_of(session, str(document["slice_id"]))
    key_result_id = feature_store.feature_of(session, found.feature_id).key_result_id
    return document | {"key_results": [{"key_result_id": key_result_id}] if key_result_id else []}
