"""What the pages of the four steps show: the fields of each, and what to choose from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

from fastapi import Request
from sqlmodel import Session

from app.delivery import images
from app.delivery.models import MailImage
from app.experiments import drafts
from app.experiments.checklist import BLANK
from app.experiments.design_schemas import Draft
from app.experiments.models import Experiment
from app.platform.asked import Choices
from app.platform.listing import Asked
from app.web.experiments import (
    form_begun,
    form_saved,
    form_undone,
    form_versions,
    mail_looks,
    plans,
    power_curves,
    who_falls_away,
)
from app.web.experiments.form_fields import FIELDS, FILTERS, FormField
from app.web.experiments.form_steps import FIRST, STEPS, Step
from app.web.experiments.form_undone import Undo
from app.web.experiments.mail_looks import Look
from app.web.experiments.plans import Outlook
from app.web.experiments.power_curves import Power
from app.web.experiments.starters import Starter
from app.web.experiments.who_falls_away import Reached
from app.web.kit import choices
from app.web.kit.form_state import Typed
from app.web.kit.pages import Page

MAIL, PEOPLE = "mail", "people"
POWERED = frozenset({PEOPLE, "count"})  # steps that change how much can be told
_IMAGES = 12  # to choose from; all others are on their own page
_SEVERAL = ("second_subject", "second_body")
_COMPARING = ("baseline", "mde", "base_rate", "event", "cap", "covariate", "method")
_NARROWING = ("where_0_column", "sample", "cooling_off_days", "exclude")
_ON_TO = {"people": "On to People", "mail": "On to the mail", "count": "On to Count"}


@dataclass(frozen=True, slots=True)
class TrailStep:
    """One step among the others, as it stands."""

    key: str
    label: str
    is_here: bool
    state: str  # "done", "marked" where something is to be mended, or nothing


@dataclass(frozen=True, kw_only=True)
class StepPage(Page):
    """What every step shows: the name, the way through, what this can tell, and on to the next."""

    template: ClassVar[str] = "experiments/step.html"
    section: ClassVar[str] = "experiments"

    step: Step
    trail: tuple[TrailStep, ...]
    before: str  # the key of the step before
    after: tuple[str, str]  # of the next one: its key, and the words of the button
    id: str  # nothing while there is no draft
    crumbs: tuple[tuple[str, str], ...]
    form: Typed
    seen: str
    action: str
    asked: Mapping[str, FormField]
    saved_at: datetime | None
    plan: Outlook
    undo: Undo | None


@dataclass(frozen=True, kw_only=True)
class BelievePage(StepPage):
    """What is believed, and the number that it should move."""

    template: ClassVar[str] = "experiments/step_believe.html"

    starters: tuple[Starter, ...]
    slices: Choices
    key_results: Choices


@dataclass(frozen=True, kw_only=True)
class PeoplePage(StepPage):
    """Who is asked, and who is not."""

    template: ClassVar[str] = "experiments/step_people.html"

    audiences: Choices
    filters: int  # rows of the filter
    columns: tuple[str, ...]
    others: Choices
    narrowed: bool
    reached: Reached | None
    power: Power | None


@dataclass(frozen=True, kw_only=True)
class MailPage(StepPage):
    """What they read."""

    template: ClassVar[str] = "experiments/step_mail.html"

    columns: tuple[str, ...]
    several: bool
    look: Look
    images: Sequence[MailImage]  # the newest


@dataclass(frozen=True, kw_only=True)
class CountPage(StepPage):
    """What counts, and when it may be said."""

    template: ClassVar[str] = "experiments/step_count.html"

    columns: tuple[str, ...]
    baselines: Choices
    comparing: bool
    power: Power | None


@dataclass(frozen=True, kw_only=True)
class KeptFragment(Page):
    """What changes on the page of a step while it saves itself."""

    template: ClassVar[str] = "experiments/kept.html"

    form: Typed
    asked: Mapping[str, FormField]
    seen: str
    saved_at: datetime | None
    plan: Outlook
    undo: Undo | None
    look: Look | None  # of the mail's own step
    power: Power | None  # of those that say how many, and what counts


def page_of(
    request: Request,
    session: Session,
    step: Step,
    row: Experiment,
    form: Typed,
    *,
    now: datetime,
) -> StepPage:
    """A step of a draft, with what is typed and what is wrong."""
    home = f"/experiments/{row.id}"
    shared = _shared(step, form) | {
        "id": row.id,
        "crumbs": (("Experiments", "/experiments"), (row.name, home)),
        "action": f"{home}/edit/{step.key}",
        "saved_at": row.updated_at,
        "plan": plans.so_far(request, session, drafts.design_of(row), now=now),
        "undo": form_undone.undo_of(session, row),
    }
    if step.key in POWERED:
        shared["power"] = power_of(request, session, row, step)
    if step.key == PEOPLE:
        shared["reached"] = who_falls_away.reached(request, session, row, now=now)
    if step.key == MAIL:
        reader = request.query_params.get("reader") or form.value("reader").strip()
        shared["look"] = mail_looks.look_of(request, session, row, reader=reader, now=now)
    return _MAKE[step.key](session, row.id, form, shared)


def power_of(request: Request, session: Session, row: Experiment, step: Step) -> Power | None:
    """The picture beside the plan, of as many people as the plan; slow ones for who asks."""
    draft = drafts.design_of(row)
    people = plans.people_at_most(session, draft)
    is_asked = "power" in request.query_params or "name" in request.path_params
    found = power_curves.power_of(draft, people, is_asked=is_asked)
    home = f"/experiments/{row.id}/edit/{step.key}"
    return replace(found, home=home) if found else None


def new_page(
    request: Request, session: Session, design: Mapping[str, Any], form: Typed, *, now: datetime
) -> StepPage:
    """The first step of an experiment that is not there yet."""
    shared = _shared(FIRST, form) | {
        "id": "",
        "crumbs": (("Experiments", "/experiments"),),
        "action": "/experiments",
        "seen": "",
        "saved_at": None,
        "undo": None,
        "plan": plans.so_far(request, session, Draft.model_validate(design), now=now),
    }
    return _believe(session, "", form, shared)


def _shared(step: Step, form: Typed) -> dict[str, Any]:
    keys = [one.key for one in STEPS]
    place = keys.index(step.key)
    after = keys[place + 1] if place + 1 < len(keys) else "launch"
    return {
        "step": step,
        "trail": tuple(_trail_step(one, step, form) for one in STEPS),
        "before": keys[place - 1] if place else "",
        "after": (after, _ON_TO.get(after, "On to launch")),
        "form": form_saved.marked(form, step.names),
        "seen": form_saved.seen(form, step.names),
        "asked": FIELDS,
    }


def _trail_step(one: Step, here: Step, form: Typed) -> TrailStep:
    if any(form.error(field.name) for field in one.fields):
        state = "marked"
    else:
        state = "done" if _is_done(one, form) else ""
    return TrailStep(one.key, one.label, one is here, state)


def _is_done(one: Step, form: Typed) -> bool:
    """Whether what a launch asks of a step is there, as far as a look at it tells."""
    needed = {
        "believe": ("believe", "verify", "measure", "right_if"),
        "people": ("audience_id",),
        "mail": ("subject", "body"),
        "count": ("threshold",) if form.value("rule_kind") == "threshold" else ("mde",),
    }[one.key]
    texts = [form.text(name) for name in needed]
    return all(texts) and not any(BLANK.search(text or "") for text in texts)


def _believe(session: Session, _id: str, _form: Typed, shared: dict[str, Any]) -> StepPage:
    return BelievePage(
        **shared,
        starters=form_begun.every(session),
        slices=choices.slices(session),
        key_results=choices.key_results(session),
    )


def _people(session: Session, own_id: str, form: Typed, shared: dict[str, Any]) -> StepPage:
    return PeoplePage(
        **shared,
        audiences=choices.audiences(session),
        filters=FILTERS,
        columns=_columns(session, form),
        others=choices.others(session, own_id),
        narrowed=any(form.text(name) for name in _NARROWING),
    )


def _mail(session: Session, _id: str, form: Typed, shared: dict[str, Any]) -> StepPage:
    return MailPage(
        **shared,
        columns=_columns(session, form),
        several=any(form.text(name) for name in _SEVERAL),
        images=images.listed(session, Asked(), limit=_IMAGES),
    )


def _count(session: Session, _id: str, form: Typed, shared: dict[str, Any]) -> StepPage:
    return CountPage(
        **shared,
        columns=_columns(session, form),
        baselines=form_versions.baselines(form),
        comparing=any(form.text(name) for name in _COMPARING),
    )


def _columns(session: Session, form: Typed) -> tuple[str, ...]:
    return tuple(choices.columns(session, form.text("audience_id")))


_MAKE = {"believe": _believe, "people": _people, "mail": _mail, "count": _count}
