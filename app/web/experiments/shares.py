"""A readout for people without a log-in: by a link that ends, or as a file."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.identity import share_links
from app.identity.guard import Db, Now, Who
from app.identity.models import ShareLink
from app.platform.errors import AppError, Invalid
from app.review import sharing
from app.review import store as review
from app.web.experiments import header, readouts
from app.web.experiments.header import Place
from app.web.experiments.results import Result
from app.web.kit import files
from app.web.kit.form_state import Form, Typed
from app.web.kit.pages import Page, go, refuse, render

router = APIRouter()


@dataclass(frozen=True, kw_only=True)
class SharePage(Page):
    """Links that are open; `made` is one of just now."""

    template: ClassVar[str] = "experiments/share.html"
    section: ClassVar[str] = "experiments"

    place: Place
    has_begun: bool
    open_links: Sequence[ShareLink]
    made: str
    form: Typed


@dataclass(frozen=True, kw_only=True)
class SharedReadoutPage(Page):
    """The readout alone: no way into the rest, and no words of customers."""

    template: ClassVar[str] = "public/readout.html"

    name: str
    status: str
    rehearsal: bool
    by: str  # who shared it; empty: it is a file
    ends: datetime | None
    result: Result


@router.get("/experiments/{experiment_id}/share")
def show(request: Request, session: Db, now: Now, experiment_id: str) -> HTMLResponse:
    """Who may read it without a log-in."""
    return render(request, _page(session, experiment_id, _usual(), now=now))


@router.post("/experiments/{experiment_id}/share")
def make(
    request: Request, session: Db, *, who: Who, now: Now, form: Form, experiment_id: str
) -> HTMLResponse:
    """Make a link and show it, this once: a redirect could not carry it."""
    try:
        days = _days(form)
        secret = sharing.share(session, experiment_id, days=days, by=who, now=now).secret
    except AppError as error:
        refuse(request, _page(session, experiment_id, form.refused(error), now=now))
    made = f"{request.app.state.settings.public_url}/r/{secret}"
    return render(request, _page(session, experiment_id, _usual(), made=made, now=now))


@router.post("/experiments/{experiment_id}/share/{link_id}/end")
def end(session: Db, now: Now, experiment_id: str, link_id: str) -> Response:
    """It opens nothing from now on."""
    share_links.revoke(session, experiment_id, link_id, now=now)
    return go(f"/experiments/{experiment_id}/share", said="link-ended")


@router.get("/r/{token}")
def read_only(request: Request, session: Db, now: Now, token: str) -> HTMLResponse:
    """The readout of a link, as it stands now."""
    link = share_links.opened_by(session, token, now=now)
    return render(request, _shared(request, session, link.experiment_id, link, now=now))


@router.get("/experiments/{experiment_id}/readout/file")
def as_file(request: Request, session: Db, now: Now, experiment_id: str) -> Response:
    """The same to be kept, mailed or printed: one file, as it stands now."""
    page = _shared(request, session, experiment_id, None, now=now)
    return files.as_file(request, page, f"{page.name} readout")


def _shared(
    request: Request, session: Session, experiment_id: str, link: ShareLink | None, *, now: datetime
) -> SharedReadoutPage:
    about = review.about(session, experiment_id)
    sharing.refuse_nothing(about.experiment)
    result = readouts.result_of(request, session, about, now=now)
    assert result  # it has begun
    return SharedReadoutPage(
        name=about.experiment.name,
        status=about.experiment.status,
        rehearsal=about.experiment.rehearsal,
        by=link.created_by if link else "",
        ends=link.expires_at if link else None,
        result=result,
    )


def _page(
    session: Session, experiment_id: str, form: Typed, *, made: str = "", now: datetime
) -> SharePage:
    about = review.about(session, experiment_id)
    return SharePage(
        place=header.place_beside(about),
        has_begun=about.experiment.started_at is not None,
        open_links=share_links.listed(session, experiment_id, now=now),
        made=made,
        form=form,
    )


def _usual() -> Typed:
    return Typed.of(days=share_links.USUAL_DAYS)


def _days(form: Typed) -> int:
    typed = form.value("days").strip()
    if not re.fullmatch(r"[0-9]{1,4}", typed):
        raise Invalid.at("days", f"A link lasts 1 to {share_links.MOST_DAYS} days.")
    return int(typed)
