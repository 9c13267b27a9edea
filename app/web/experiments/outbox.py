"""Mails that the built-in outbox took: looked at without counting, or as their customer."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import ClassVar

from fastapi import APIRouter, Request
from sqlmodel import Session, select
from starlette.responses import HTMLResponse, Response

from app.delivery import mail_store
from app.delivery.mail import pictures
from app.delivery.mail.outline import Block, outline
from app.delivery.models import OutboxMail, Send
from app.experiments.models import Experiment
from app.identity.callers import Principal
from app.identity.guard import Db, Look, Who
from app.identity.roles import Role
from app.links.keyring import Keyring, Kind
from app.links.token import NEVER_COUNTS, BadToken, TrackedLink, pack_fills, read, sign
from app.platform.config import Settings
from app.platform.errors import NotFound
from app.platform.listing import Asked
from app.tracking import store as tracking
from app.tracking.models import Hit
from app.web.experiments import outbox_links
from app.web.kit.form_state import Form
from app.web.kit.headers import MAIL_POLICY
from app.web.kit.lists import FromAddress, Shown, of_form, shown
from app.web.kit.pages import Page, go, render

router = APIRouter()
_PAGE = 50
_COLUMNS = {"subject": "Subject", "to": "To", "at": "At"}
_JOIN = re.compile(r"/join/[\w-]+")  # opens to whoever reads it
_LINK = re.compile(r"/([cou])/([A-Za-z0-9_-]{32,})")
# Links open beside, and what goes on below says so: on phones a bar is seen while one scrolls only.
_IN_A_FRAME = (
    '<base target="_blank"><style>'
    "::-webkit-scrollbar{width:10px;background:#eef1ef}"
    "::-webkit-scrollbar-thumb{border:2px solid #eef1ef;border-radius:5px;background:#7d8781}"
    "</style>"
)
_TRACED = 20  # requests of one mail that its page tells


@dataclass(frozen=True, kw_only=True)
class OutboxPage(Page):
    """Mails, newest first."""

    template: ClassVar[str] = "experiments/outbox.html"
    section: ClassVar[str] = "outbox"

    mails: Sequence[OutboxMail]
    list: Shown


@dataclass(frozen=True, kw_only=True)
class MailPage(Page):
    """One mail, as its reader would see it."""

    template: ClassVar[str] = "experiments/outbox_mail.html"
    section: ClassVar[str] = "outbox"

    mail: OutboxMail
    can_open: bool  # as its customer
    links: str  # which of them count
    outline: Sequence[Block]
    text: str
    headers: str


@dataclass(frozen=True, kw_only=True)
class CustomerPage(Page):
    """One mail as its customer has it, and what we saw of them."""

    template: ClassVar[str] = "experiments/outbox_customer.html"
    section: ClassVar[str] = "outbox"

    mail: OutboxMail
    rehearsal: bool
    outline: Sequence[Block]
    next_address: str | None
    trace: Sequence[Hit]


@dataclass(frozen=True, kw_only=True)
class SeenFragment(Page):
    """What we saw of a customer, which changes while they click."""

    template: ClassVar[str] = "experiments/outbox_seen.html"

    trace: Sequence[Hit]


@router.get("/outbox")
def listed(request: Request, session: Db, asked: FromAddress) -> HTMLResponse:
    """What would have left."""
    return render(request, _outbox(session, replace(asked, words="")))


@router.post("/outbox/find")
def find(request: Request, session: Look, form: Form) -> HTMLResponse:
    """Those in which these words stand. They come by POST: an address bar is logged."""
    return render(request, _outbox(session, of_form(form)))


@router.get("/outbox/{mail_id}")
def show(request: Request, session: Db, who: Who, mail_id: str) -> HTMLResponse:
    """One mail, in a frame of its own."""
    mail = _mail(session, mail_id)
    message = _parsed(mail)
    headers = "\n".join(f"{name}: {value}" for name, value in message.items())
    uncounted = _uncounted(request.app.state.keyring, _fills(session, mail))
    text = uncounted(_part(message, "plain", who))
    page = MailPage(
        mail=mail,
        can_open=_can_open(request, session, mail),
        links=outbox_links.said(_part(message, "plain", who)),
        outline=outline(_part(message, "html", who)),
        text=text,
        headers=uncounted(headers),
    )
    return render(request, page)


@router.get("/outbox/{mail_id}/mail")
def framed(request: Request, session: Db, who: Who, mail_id: str) -> HTMLResponse:
    """The mail's HTML with links that never count."""
    mail = _mail(session, mail_id)
    uncounted = _uncounted(request.app.state.keyring, _fills(session, mail))
    return mail_answer(uncounted(_part(_parsed(mail), "html", who)), request.app.state.settings)


@router.get("/outbox/experiments/{experiment_id}")
def first_of(session: Db, experiment_id: str) -> Response:
    """To an experiment's first mail, as its customer has it."""
    mail = mail_store.outbox_next(session, experiment_id, after="")
    if mail is None:
        return go(f"/experiments/{experiment_id}", said="no-mail-yet")
    return go(f"/outbox/{mail.id}/customer")


@router.get("/outbox/{mail_id}/customer")
def as_customer(request: Request, session: Db, who: Who, mail_id: str) -> HTMLResponse:
    """The mail as its customer has it: links and picture count, for the rehearsal alone."""
    mail = _opened(request, session, mail_id)
    more = mail_store.outbox_next(session, mail.experiment_id or "", after=mail.id)
    page = CustomerPage(
        mail=mail,
        rehearsal=not request.app.state.settings.demo,
        outline=outline(_part(_parsed(mail), "html", who)),
        next_address=f"/outbox/{more.id}/customer" if more else None,
        trace=_trace(session, mail),
    )
    return render(request, page)


@router.get("/outbox/{mail_id}/customer/mail")
def customers_mail(request: Request, session: Db, who: Who, mail_id: str) -> HTMLResponse:
    """Its HTML with the links that it left with, in a frame of its own."""
    mail = _opened(request, session, mail_id)
    tracking = request.app.state.settings.tracking
    answer = mail_answer(_part(_parsed(mail), "html", who), request.app.state.settings)
    policy = MAIL_POLICY.replace("img-src 'self'", f"img-src 'self' {tracking}")
    answer.headers["Content-Security-Policy"] = policy
    return answer


@router.get("/outbox/{mail_id}/customer/seen")
def seen(request: Request, session: Db, mail_id: str) -> HTMLResponse:
    """What came of it so far, for the page that shows it."""
    return render(request, SeenFragment(trace=_trace(session, _opened(request, session, mail_id))))


def mail_answer(html: str, settings: Settings) -> HTMLResponse:
    """A mail's HTML at an address of its own: sandboxed, its links open beside.

    What its mails load from the host of links is asked of this one: it is the same.
    """
    for door in ("/i/", "/d/"):
        html = html.replace(f'src="{settings.tracking}{door}', f'src="{door}')
    html = re.sub(r"<head(\s[^>]*)?>", rf"\g<0>{_IN_A_FRAME}", html, count=1)
    headers = {"Content-Security-Policy": MAIL_POLICY, "Cache-Control": "no-store"}
    return HTMLResponse(html, headers=headers)


def _mail(session: Session, mail_id: str) -> OutboxMail:
    mail = session.get(OutboxMail, mail_id)
    if mail is None:
        raise NotFound("This mail is not in the outbox.")
    return mail


def _opened(request: Request, session: Session, mail_id: str) -> OutboxMail:
    """A mail whose reader is played: nobody has it, so a click on it is nobody's but ours."""
    mail = _mail(session, mail_id)
    if not _can_open(request, session, mail):
        raise NotFound("Only a rehearsal’s mails are opened as a customer: others count.")
    return mail


def _outbox(session: Session, asked: Asked) -> OutboxPage:
    listing, wanted = mail_store.OUTBOX, replace(asked, chosen={})
    mails = listing.part(session, select(OutboxMail), wanted, limit=_PAGE)
    told = shown(
        listing, mails, wanted, "/outbox", _COLUMNS,
        hint="A subject or an address", find="/outbox/find",
    )  # fmt: skip
    return OutboxPage(mails=mails, list=told)


def _can_open(request: Request, session: Session, mail: OutboxMail) -> bool:
    experiment = session.get(Experiment, mail.experiment_id) if mail.send_id else None
    is_played = bool(request.app.state.settings.demo or (experiment and experiment.rehearsal))
    return experiment is not None and is_played


def _trace(session: Session, mail: OutboxMail) -> Sequence[Hit]:
    return tracking.hits_of_send(session, mail.send_id or 0, limit=_TRACED)


def _parsed(mail: OutboxMail) -> EmailMessage:
    return message_from_bytes(mail.raw, policy=policy.default)


def _part(message: EmailMessage, kind: str, who: Principal) -> str:
    """The text; an invitation's link, which may make an admin, is for admins alone."""
    part = message.get_body(preferencelist=(kind,))
    text = str(part.get_content()) if part else ""
    text = pictures.as_seen(message, text) if kind == "html" else text
    return text if who.role is Role.ADMIN else _JOIN.sub("/join/for-admins-alone", text)


def _fills(session: Session, mail: OutboxMail) -> bytes:
    """Whose mail this is, for an answer page that no send stands behind."""
    send = session.get(Send, mail.send_id) if mail.send_id else None
    return pack_fills((send.experiment_id, send.arm, send.person_id)) if send else b""


def _uncounted(keyring: Keyring, fills: bytes) -> Callable[[str], str]:
    """Replaces every token of ours by one that leads to the same place and never counts."""

    def again(match: re.Match[str]) -> str:
        kind = Kind(match[1])
        try:
            link = read(match[2], kind, keyring)
        except BadToken:
            return match[0]
        never = TrackedLink(link.set_id, NEVER_COUNTS, link.link, link.fills or fills)
        return f"/{kind}/{sign(never, kind, keyring)}"

    return lambda text: _LINK.sub(again, text)
