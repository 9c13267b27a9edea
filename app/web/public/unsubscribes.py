"""The way out of all mail: a page with one button, the one-click POST, and what is known."""

from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse

from app.delivery import feedback
from app.delivery.models import Send
from app.experiments.models import Experiment
from app.identity.guard import Db, Now
from app.links.keyring import Kind
from app.links.token import TrackedLink, sign
from app.web.kit.pages import Page, render
from app.web.kit.public_links import read_public

router = APIRouter()


@dataclass(frozen=True, kw_only=True)
class UnsubscribePage(Page):
    """One button, or the word that it is done."""

    template: ClassVar[str] = "public/unsubscribe.html"

    address: str
    sender: str
    done: bool
    rehearsal: bool


@dataclass(frozen=True, kw_only=True)
class PrivacyPage(Page):
    """What is known about the reader of a mail."""

    template: ClassVar[str] = "public/privacy.html"

    sender: str
    unsubscribe: str


@router.get("/u/{token}")
def ask(request: Request, session: Db, token: str) -> HTMLResponse:
    """A GET never unsubscribes: gateways follow every link (RFC 8058)."""
    link = read_public(request, token, Kind.UNSUBSCRIBE)
    return render(request, _way_out(request, session, link, token, done=False))


@router.post("/u/{token}")
def unsubscribe(request: Request, session: Db, now: Now, token: str) -> HTMLResponse:
    """Whatever the body says, and again and again: done."""
    link = read_public(request, token, Kind.UNSUBSCRIBE)
    feedback.unsubscribe(session, link.id, now=now)
    return render(request, _way_out(request, session, link, token, done=True))


@router.get("/p/{token}")
def privacy(request: Request, session: Db, token: str) -> HTMLResponse:
    """What is known, and the ways out."""
    link = read_public(request, token, Kind.PREFERENCES)
    way_out = sign(link, Kind.UNSUBSCRIBE, request.app.state.keyring)
    sender = _sender(request, session, link)
    return render(request, PrivacyPage(sender=sender, unsubscribe=f"/u/{way_out}"))


def _way_out(
    request: Request, session: Session, link: TrackedLink, token: str, *, done: bool
) -> UnsubscribePage:
    return UnsubscribePage(
        address=f"/u/{token}",
        sender=_sender(request, session, link),
        done=done,
        rehearsal=feedback.is_rehearsal(session, session.get(Send, link.id)),
    )


def _sender(request: Request, session: Session, link: TrackedLink) -> str:
    """Who the mail said it was from, or at least which host."""
    send = session.get(Send, link.id)
    experiment = session.get(Experiment, send.experiment_id) if send else None
    name = (experiment.design.get("sender") or {}).get("from_name") if experiment else None
    host: str = request.app.state.settings.sender_address.partition("@")[2]
    return str(name or host)
