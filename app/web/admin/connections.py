"""Other systems that are told: webhooks, OKR tools and chats. For admins."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from fastapi import APIRouter, Request
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.identity.guard import Db, Now, Who
from app.outreach import connecting, digests, push_worker, pushes, store
from app.outreach.connectors import KINDS
from app.outreach.models import Connector, Push
from app.outreach.schemas import ConnectorDraft, DigestDraft, WebhookDraft
from app.platform.errors import AppError
from app.platform.vault import Vault
from app.web.kit.form_state import Form, Typed
from app.web.kit.list_paging import Cursor, next_of
from app.web.kit.pages import Page, go, refuse, render

router = APIRouter(prefix="/connections")
_NEWEST = 20  # pushes on the page


@dataclass(frozen=True, kw_only=True)
class ConnectionsPage(Page):
    """Who is told; `secret` is a webhook's that was made just now."""

    template: ClassVar[str] = "admin/connections.html"
    section: ClassVar[str] = "connections"

    connectors: Sequence[Connector]
    pushes: Sequence[Push]
    next_address: str | None
    kinds: tuple[tuple[str, str], ...]
    needs: tuple[tuple[str, str, str], ...]
    form: Typed
    digest: Typed
    secret: str | None


@router.get("")
def listed(request: Request, session: Db, cursor: Cursor = None) -> HTMLResponse:
    """All of them, and the newest pushes."""
    return render(request, _page(session, Typed(), cursor=cursor))


@router.post("/webhooks")
def add_webhook(request: Request, session: Db, who: Who, now: Now, form: Form) -> HTMLResponse:
    """Add a webhook and show its secret, this once."""
    settings = request.app.state.settings
    try:
        draft = WebhookDraft(url=form.value("address"), name=form.text("name"))
        _, secret = connecting.add_webhook(
            session,
            draft,
            Vault.at(settings),
            allowed_hosts=settings.allow_private_sources,
            by=who.name,
            now=now,
        )
    except (AppError, ValidationError) as error:
        refuse(request, _page(session, form.mended(error, {"url": "address"})))
    return render(request, _page(session, Typed(), secret=secret))


@router.post("")
def add(request: Request, session: Db, who: Who, now: Now, form: Form) -> Response:
    """Add a connector; its secrets are not shown again."""
    settings = request.app.state.settings
    kind = form.value("kind")
    needs = [need.name for need in KINDS[kind].needs] if kind in KINDS else []
    given = {name: text for name in needs if (text := form.text(f"{kind}.{name}"))}
    names = {f"settings.{name}": f"{kind}.{name}" for name in needs}
    try:
        draft = ConnectorDraft(kind=kind, name=form.value("title"), settings=given)
        connecting.add(
            session,
            draft,
            Vault.at(settings),
            allowed_hosts=settings.allow_private_sources,
            by=who.name,
            now=now,
        )
    except (AppError, ValidationError) as error:
        refuse(request, _page(session, form.mended(error, names | {"name": "title"})))
    return go("/connections", said="added")


@router.post("/digest")
def put_digest(request: Request, session: Db, now: Now, form: Form) -> Response:
    """Who gets the week by mail, and when chats and they get it."""
    try:
        draft = DigestDraft.model_validate(
            {"recipients": form.value("recipients").split(), "sends_at": form.text("sends_at")}
        )
        digests.put(session, draft, now=now)
    except (AppError, ValidationError) as error:
        refuse(request, _page(session, Typed(), digest=_at_the_list(form.mended(error))))
    return go("/connections", said="saved")


@router.post("/{connector_id}/test")
def send_test(session: Db, now: Now, connector_id: str) -> Response:
    """Owe it a test."""
    connecting.send_test(session, store.connector_of(session, connector_id), now=now)
    return go("/connections", said="test-owed")


@router.post("/{connector_id}/rotate")
def rotate(request: Request, session: Db, now: Now, connector_id: str) -> HTMLResponse:
    """A new secret, shown this once."""
    vault = Vault.at(request.app.state.settings)
    secret = connecting.rotate(session, store.connector_of(session, connector_id), vault, now=now)
    return render(request, _page(session, Typed(), secret=secret))


@router.post("/{connector_id}/disable")
def disable(session: Db, who: Who, now: Now, connector_id: str) -> Response:
    """Tell it nothing further."""
    push_worker.disable(session, connector_id, why=f"Disabled by {who.name}.", now=now)
    return go("/connections", said="told-nothing")


@router.post("/{connector_id}/enable")
def enable(session: Db, connector_id: str) -> Response:
    """Tell it again."""
    connecting.enable(session, store.connector_of(session, connector_id))
    return go("/connections", said="told-again")


@router.post("/pushes/{push_id}/replay")
def replay(session: Db, now: Now, push_id: int) -> Response:
    """Send it again."""
    connecting.replay(session, pushes.push_of(session, push_id), now=now)
    return go("/connections", said="pushed-again")


def _at_the_list(form: Typed) -> Typed:
    """An address that is none is an error of the whole list."""
    wrong = {
        "recipients" if name.startswith("recipients.") else name: message
        for name, message in form.errors.items()
    }
    return replace(form, errors=wrong)


def _page(
    session: Session,
    form: Typed,
    *,
    secret: str | None = None,
    digest: Typed | None = None,
    cursor: str | None = None,
) -> ConnectionsPage:
    session.flush()
    offered = [connector for connector in KINDS.values() if connector.kind != store.WEBHOOK]
    newest = pushes.pushes(session, cursor=cursor, limit=_NEWEST)
    return ConnectionsPage(
        connectors=[*store.webhooks(session), *store.connectors(session)],
        pushes=newest,
        next_address=next_of("/connections", newest),
        kinds=tuple((connector.kind, connector.label) for connector in offered),
        needs=tuple(
            (
                f"{connector.kind}.{need.name}",
                f"{connector.label}: {need.label}",
                _type(secret=need.secret),
            )
            for connector in offered
            for need in connector.needs
        ),
        form=form,
        digest=digest or _digest(session),
        secret=secret,
    )


def _digest(session: Session) -> Typed:
    row = digests.digest_settings(session)
    held = row.recipients if row else []
    return Typed.of(recipients="\n".join(held), sends_at=row.sends_at if row else None)


def _type(*, secret: bool) -> str:
    return "password" if secret else "text"
