"""From draft to mails: the launch; pause, resume, cancel."""

from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import ClassVar

from fastapi import APIRouter, Request
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.delivery import images, progress
from app.delivery.progress import Progress
from app.experiments import approvals, checklist, fallen_away, lifecycle, store
from app.experiments import drafts as rooms
from app.experiments.checklist import Checklist
from app.experiments.design_schemas import Draft, LaunchDraft
from app.experiments.items import Item
from app.experiments.models import Experiment, Status
from app.experiments.plans import expected_arms
from app.experiments.vocabulary import HOLDOUT
from app.identity import audit, guard
from app.identity.callers import Principal
from app.identity.guard import Db, Now, Who
from app.platform.config import Settings
from app.platform.errors import AppError, Invalid
from app.review import store as review
from app.review.store import About
from app.web.experiments import header, plans, real_mails, warming
from app.web.experiments.form_fields import FIELDS
from app.web.experiments.header import Place
from app.web.experiments.plans import Outlook
from app.web.experiments.real_mails import RealMail
from app.web.kit import formatting
from app.web.kit.form_numbers import moment_of
from app.web.kit.form_state import Form, Typed
from app.web.kit.pages import Page, go, refuse, render

router = APIRouter(prefix="/experiments")
_UNDO_SECONDS = 30  # long enough to see what one did; by API nobody looks, and it is 0
_UNDO_IN_DEMO = 5  # where customers answer within seconds


@dataclass(frozen=True, slots=True)
class Group:
    """A version, or those who get nothing, and how many fall into it."""

    name: str
    people: int


@dataclass(frozen=True, kw_only=True)
class LaunchPage(Page):
    """Who gets it, three real mails, and one button."""

    template: ClassVar[str] = "experiments/launch.html"
    section: ClassVar[str] = "experiments"

    place: Place
    blocks: list[Item]
    needs_second: bool  # nothing else keeps it from being launched
    asked_by: str  # who asked others to approve it; empty: nobody yet
    warns: list[Item]
    audience_people: int
    left_out: list[tuple[str, int]]
    people: int
    groups: list[Group]
    mailed: str
    mails: list[RealMail]
    plan: Outlook
    form: Typed
    zone: str
    verb: str  # of the button
    transport: str
    warming: str


@dataclass(frozen=True, kw_only=True)
class CancelPage(Page):
    """What a cancel does, before it does it."""

    template: ClassVar[str] = "experiments/cancel.html"
    section: ClassVar[str] = "experiments"

    place: Place
    progress: Progress


@router.get("/{experiment_id}/launch")
def ask(request: Request, session: Db, now: Now, experiment_id: str) -> HTMLResponse:
    """Show once more what will happen, and to whom."""
    about = review.about(session, experiment_id)
    lifecycle.check_move(about.experiment, "launched")
    form = Typed.of(undo_seconds=_usual_undo(request.app.state.settings))
    return render(request, _launch_page(request, session, about, form, now=now))


@router.post("/{experiment_id}/launch")
def launch(*, request: Request, who: Who, now: Now, form: Form, experiment_id: str) -> Response:
    """Lock the design; mails leave when its time comes."""
    read = request.app.state.database.read
    with read() as session:
        seen = store.experiment_of(session, experiment_id)
        lifecycle.check_move(seen, "launched")
    try:
        draft = _launch_draft(form, request.app.state.settings)
        with read() as session:
            found = plans.look(request, session, seen, now=now)
        checklist.refuse_unready(found)
        with guard.writing(request) as session:
            _launch(session, seen, draft, found, who, settings=request.app.state.settings, now=now)
    except (ValidationError, AppError) as error:
        with read() as session:
            about = review.about(session, experiment_id)
            refuse(request, _launch_page(request, session, about, form.mended(error), now=now))
    said = "scheduled" if draft.at else "undoable" if draft.undo_seconds else "launched"
    return go(f"/experiments/{experiment_id}", said=said)


@router.post("/{experiment_id}/undo")
def undo(session: Db, now: Now, experiment_id: str) -> Response:
    """Make it a draft again; pressed too late, it changes nothing and never cancels."""
    try:
        lifecycle.undo(session, store.locked(session, experiment_id), now=now)
    except lifecycle.TooLate:
        return go(f"/experiments/{experiment_id}", said="too-late")
    return go(f"/experiments/{experiment_id}", said="undone")


@router.post("/{experiment_id}/pause")
def pause(session: Db, now: Now, experiment_id: str) -> Response:
    """No further mail leaves."""
    lifecycle.pause(session, store.locked(session, experiment_id), now=now)
    return go(f"/experiments/{experiment_id}", said="paused")


@router.post("/{experiment_id}/resume")
def resume(session: Db, now: Now, experiment_id: str) -> Response:
    """Go on with whoever is left."""
    lifecycle.resume(session, store.locked(session, experiment_id), now=now)
    return go(f"/experiments/{experiment_id}", said="resumed")


@router.get("/{experiment_id}/cancel")
def ask_to_cancel(request: Request, session: Db, experiment_id: str) -> HTMLResponse:
    """Ask once more: who was mailed, who never will be."""
    experiment = store.experiment_of(session, experiment_id)
    lifecycle.check_move(experiment, "cancelled")
    page = CancelPage(
        place=header.place_of(session, experiment),
        progress=progress.progress_of(session, experiment),
    )
    return render(request, page)


@router.post("/{experiment_id}/cancel")
def cancel(session: Db, now: Now, experiment_id: str) -> Response:
    """Nobody further gets a mail, ever; a launch that may be undone is."""
    experiment = store.locked(session, experiment_id)
    lifecycle.cancel(session, experiment, now=now)
    said = "undone" if experiment.status == Status.DRAFT else "cancelled"
    return go(f"/experiments/{experiment_id}", said=said)


def _launch(
    session: Session,
    seen: Experiment,
    draft: LaunchDraft,
    found: Checklist,
    who: Principal,
    *,
    settings: Settings,
    now: datetime,
) -> None:
    experiment = store.locked(session, seen.id)
    lifecycle.check_move(experiment, "launched")
    checklist.refuse_changed(experiment, seen)
    images.hold(session, rooms.design_of(experiment))
    people = found.eligibility.eligible
    approvals.refuse_alone(session, experiment, people, settings, ids=who.ids)
    audit.tell(session, people=people, at=str(draft.at or "now"), undo_seconds=draft.undo_seconds)
    promised = fallen_away.promised(found.eligibility)
    lifecycle.launch(
        session,
        experiment,
        draft,
        by=who.name,
        now=now,
        promised=promised,
        rehearsal=settings.rehearses,
    )


def _launch_draft(form: Typed, settings: Settings) -> LaunchDraft:
    try:
        at = moment_of(form.text("at"), settings.zone)
    except ValueError:
        raise Invalid.at("at", "Write a day and a time here, or leave it empty.") from None
    rate = form.text("rate_per_minute")
    undo = form.text("undo_seconds") or _usual_undo(settings)
    return LaunchDraft.model_validate({"at": at, "rate_per_minute": rate, "undo_seconds": undo})


def _usual_undo(settings: Settings) -> str:
    if settings.rehearses:
        return "0"  # nobody gets anything
    return str(_UNDO_IN_DEMO if settings.demo else _UNDO_SECONDS)


def _launch_page(
    request: Request, session: Session, about: About, form: Typed, *, now: datetime
) -> LaunchPage:
    experiment = about.experiment
    found = plans.look(request, session, experiment, now=now)
    who, design = found.eligibility, rooms.design_of(experiment)
    settings: Settings = request.app.state.settings
    blocked = [item.id for item in _of_level(found, "blocks")]
    return LaunchPage(
        place=header.place_beside(about),
        blocks=_of_level(found, "blocks"),
        needs_second=blocked == [approvals.ITEM],
        asked_by=about.asked_by if blocked == [approvals.ITEM] else "",
        warns=_of_level(found, "warns"),
        audience_people=who.total,
        left_out=plans.left_out(who),
        people=who.eligible,
        groups=_groups(design, who.eligible),
        mailed=_mailed(design, who.eligible),
        mails=real_mails.some(
            request.app.state,
            session,
            experiment,
            who.mailed,
            names_people=request.state.principal.sees_addresses,
            now=now,
        ),
        plan=plans.outlook_of(request, session, design, people=who.eligible, now=now),
        form=form,
        zone=settings.timezone,
        verb="Rehearse with" if settings.rehearses else "Send to",
        transport=_transport(settings, who.eligible),
        warming=warming.before_launch(session, settings, now=now),
    )


def _of_level(found: Checklist, level: str) -> list[Item]:
    return [item for item in found.items if item.level == level]


def _groups(design: Draft, people: int) -> list[Group]:
    """Every version and the holdout, where there is more than one group."""
    found = expected_arms(design, people)
    names = {HOLDOUT: FIELDS["holdout"].label}
    groups = [Group(names.get(key, f"Version “{key}”"), n) for key, n in found.items()]
    return groups if len(groups) > 1 else []


def _mailed(design: Draft, people: int) -> str:
    """For the button: how many get a mail; about, where a hash keeps some back."""
    held = expected_arms(design, people).get(HOLDOUT, 0)
    about = "about " if held else ""
    return about + formatting.plural(people - held, "person", "people")


def _transport(settings: Settings, people: int) -> str:
    if settings.mail.startswith("outbox:"):
        nothing = "No mail server is set: mails stay in the outbox, and nothing leaves."
        counts = " So this is a rehearsal: what comes of it is marked, and counts nowhere else."
        return nothing + (counts if settings.rehearses else "")
    return f"Mails leave from {settings.sender_address}.{_slowly(settings, people)}"


def _slowly(settings: Settings, people: int) -> str:
    """What rates hold up, and until when the last mail leaves; nothing where there are none."""
    rate, sentences = settings.rate_of_all, []
    if rate is not None:
        minutes = formatting.plural(ceil(people / rate), "minute", "minutes")
        most = formatting.number(rate)
        sentences.append(
            f"No more than {most} leave in a minute, so the last one after {minutes}"
            " at the earliest."
        )
    for domain, most_there in settings.domain_rates.items():
        sentences.append(
            f"To {domain} no more than {formatting.number(most_there)} leave in a minute."
        )
    return "".join(f" {sentence}" for sentence in sentences)
