"""Mails that the built-in outbox took: looked at without counting, or as a customer (demo)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import ClassVar

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse

from app.delivery import mail_store
from app.delivery.models import OutboxMail, Send
from app.identity.callers import Principal
from app.identity.guard import Db, Who
from app.identity.roles import Role
from app.links.keyring import Keyring, Kind
from app.links.token import NEVER_COUNTS, BadToken, TrackedLink, pack_fills, read, sign
from app.platform.errors import NotFound
from app.web.kit.headers import MAIL_POLICY
from app.web.kit.pages import Page, render

router = APIRouter()
_PAGE = 50
_JOIN = re.compile(r"/join/[\w-]+")  # opens to whoever reads it
_LINK = re.compile(r"/([cou])/([A-Za-z0-9_-]{32,})")
# The customer's own page: links lead away as they would from an inbox; nothing else is allowed.
_CUSTOMER_POLICY = MAIL_POLICY.removeprefix("sandbox allow-popups allow-popups-to-escape-sandbox; ")


@dataclass(frozen=True, kw_only=True)
class OutboxPage(Page):
    """Mails, newest first."""

    template: ClassVar[str] = "experiments/outbox.html"
    section: ClassVar[str] = "outbox"

    mails: list[OutboxMail]
    next_address: str | None


@dataclass(frozen=True, kw_only=True)
class MailPage(Page):
    """One mail, as its reader would see it."""

    template: ClassVar[str] = "experiments/outbox_mail.html"
    section: ClassVar[str] = "outbox"

    mail: OutboxMail
    text: str
    headers: str


@router.get("/outbox")
def listed(request: Request, session: Db, before: str | None = None) -> HTMLResponse:
    """What would have left."""
    mails = mail_store.outbox_page(session, before=before, limit=_PAGE)
    more = f"/outbox?before={mails[-1].id}" if len(mails) == _PAGE else None
    return render(request, OutboxPage(mails=mails, next_address=more))


@router.get("/outbox/{mail_id}")
def show(request: Request, session: Db, who: Who, mail_id: str) -> HTMLResponse:
    """One mail, in a frame of its own."""
    mail = _mail(session, mail_id)
    message = _parsed(mail)
    headers = "\n".join(f"{name}: {value}" for name, value in message.items())
    uncounted = _uncounted(request.app.state.keyring, _fills(session, mail))
    text = uncounted(_part(message, "plain", who))
    return render(request, MailPage(mail=mail, text=text, headers=uncounted(headers)))


@router.get("/outbox/{mail_id}/mail")
def framed(request: Request, session: Db, who: Who, mail_id: str) -> HTMLResponse:
    """The mail's HTML with links that never count."""
    mail = _mail(session, mail_id)
    uncounted = _uncounted(request.app.state.keyring, _fills(session, mail))
    return mail_answer(uncounted(_part(_parsed(mail), "html", who)))


@router.get("/outbox/{mail_id}/customer")
def as_customer(request: Request, session: Db, who: Who, mail_id: str) -> HTMLResponse:
    """The mail as its customer has it: links and picture count. In the demo only."""
    if not request.app.state.settings.demo:
        raise NotFound("Mails are opened as a customer in the demo only.")
    html = _part(_parsed(_mail(session, mail_id)), "html", who)
    return HTMLResponse(html, headers={"Content-Security-Policy": _CUSTOMER_POLICY})


def mail_answer(html: str) -> HTMLResponse:
    """A mail's HTML at an address of its own: sandboxed, its links open beside."""
    html = re.sub(r"<head(\s[^>]*)?>", r'\g<0><base target="_blank">', html, count=1)
    headers = {"Content-Security-Policy": MAIL_POLICY, "Cache-Control": "no-store"}
    return HTMLResponse(html, headers=headers)


def _mail(session: Session, mail_id: str) -> OutboxMail:
    mail = session.get(OutboxMail, mail_id)
    if mail is None:
        raise NotFound("This mail is not in the outbox.")
    return mail


def _parsed(mail: OutboxMail) -> EmailMessage:
    return message_from_bytes(mail.raw, policy=policy.default)


def _part(message: EmailMessage, kind: str, who: Principal) -> str:
    """The text; an invitation's link, which may make an admin, is for admins alone."""
    part = message.get_body(preferencelist=(kind,))
    text = str(part.get_content()) if part else ""
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
