"""Where a key result's values are pushed, and how that went."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.identity.guard import Db, Now, Who
from app.okr import store as okr
from app.okr.models import KeyResult
from app.outreach import connecting, pushes, store
from app.outreach.connectors import KINDS
from app.outreach.connectors.ports import Need
from app.outreach.models import Connector, ConnectorLink, Push
from app.outreach.schemas import LinkDraft
from app.platform import garbled
from app.platform.errors import AppError, NotFound
from app.web.kit.form_state import Form, Typed
from app.web.kit.list_paging import Cursor, next_of
from app.web.kit.pages import Page, go, refuse, render

router = APIRouter(prefix="/key-results/{key_result_id}/pushes")
_NEWEST = 50


@dataclass(frozen=True, slots=True)
class Linked:
    """One system that gets the values, and how the newest push went."""

    connector_id: str
    name: str
    external: str
    disabled: str
    last: Push | None


@dataclass(frozen=True, slots=True)
class Offered:
    """A system that could get them: what the key result is called there is asked for."""

    id: str
    name: str
    fields: tuple[tuple[str, str], ...]  # name in the form, label


@dataclass(frozen=True, kw_only=True)
class PushesPage(Page):
    """The links of one key result, and its newest pushes."""

    template: ClassVar[str] = "admin/connection.html"
    section: ClassVar[str] = "outcomes"

    id: str
    title: str
    connected: Sequence[Linked]
    offered: Sequence[Offered]
    pushes: Sequence[tuple[Push, str]]  # and the value that it tells
    next_address: str | None
    form: Typed


@router.get("")
def listed(
    request: Request, session: Db, key_result_id: str, cursor: Cursor = None
) -> HTMLResponse:
    """The last push first, with its error."""
    row = okr.key_result_of(session, key_result_id)
    return render(request, _page(session, row, Typed(), cursor))


@router.post("/links/{connector_id}")
def link(
    *, request: Request, session: Db, who: Who, now: Now, form: Form, key_result_id: str,
    connector_id: str,
) -> Response:  # fmt: skip
    """Push the values there from now on; said again, the names over there change."""
    row = okr.key_result_of(session, key_result_id)
    offered = _offered(store.connector_of(session, connector_id))
    names = {f"external.{name.partition('.')[2]}": name for name, _ in offered.fields}
    typed = {name.partition(".")[2]: form.text(name) for name, _ in offered.fields}
    given = {name: text for name, text in typed.items() if text}
    try:
        draft = LinkDraft(connector_id=connector_id, external=given)
        connecting.link(session, row.id, draft, by=who.name, now=now)
    except (AppError, ValidationError) as error:
        refuse(request, _page(session, row, form.mended(error, names)))
    return go(f"/key-results/{key_result_id}/pushes", said="saved")


@router.post("/links/{connector_id}/remove")
def unlink(session: Db, now: Now, key_result_id: str, connector_id: str) -> Response:
    """Push there no longer."""
    connecting.unlink(session, key_result_id, connector_id, now=now)
    return go(f"/key-results/{key_result_id}/pushes", said="removed")


@router.post("/{push_id}/replay")
def replay(session: Db, now: Now, key_result_id: str, push_id: int) -> Response:
    """Send it again."""
    push = pushes.push_of(session, push_id)
    if push.subject != key_result_id:
        raise NotFound("There is no push with this id.")
    connecting.replay(session, push, now=now)
    return go(f"/key-results/{key_result_id}/pushes", said="pushed-again")


def linked(session: Session, key_result_id: str) -> list[Linked]:
    """Where the values go."""
    return [_linked(*found) for found in store.linked_with_last(session, key_result_id)]


def _page(session: Session, row: KeyResult, form: Typed, cursor: str | None = None) -> PushesPage:
    newest = pushes.pushes(session, subject=row.id, cursor=cursor, limit=_NEWEST)
    takers = [
        connector for connector in store.connectors(session) if garbled.read(_needs, connector)
    ]
    return PushesPage(
        id=row.id,
        title=row.title,
        connected=linked(session, row.id),
        offered=[_offered(taker) for taker in takers if taker.disabled_at is None],
        pushes=[(push, _value(push)) for push in newest],
        next_address=next_of(f"/key-results/{row.id}/pushes", newest),
        form=form,
    )


def _value(push: Push) -> str:
    told = garbled.read(_told, push)
    return garbled.CANNOT_BE_READ if told is None else told


def _told(push: Push) -> str:
    return str(push.facts["value"])


def _linked(link: ConnectorLink, row: Connector, last: Push | None) -> Linked:
    return Linked(
        connector_id=row.id,
        name=row.name,
        external=garbled.read(_names, link) or garbled.CANNOT_BE_READ,
        disabled=(row.disabled_reason or "Disabled.") if row.disabled_at else "",
        last=last,
    )


def _names(link: ConnectorLink) -> str:
    return ", ".join(link.external.values())


def _needs(row: Connector) -> tuple[Need, ...]:
    return KINDS[row.kind].names


def _offered(row: Connector) -> Offered:
    fields = tuple((f"{row.id}.{need.name}", need.label) for need in KINDS[row.kind].names)
    return Offered(row.id, row.name, fields)
