"""Connectors to OKR tools and chats, and what key results are called there."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from app.api.address import PREFIX
from app.api.garbled import GarbledOut
from app.api.once import OnceRoute
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, Listed, listed
from app.api.pushes import EXAMPLE as PUSH
from app.api.pushes import PushOut
from app.api.pushes import shown as shown_push
from app.api.vaults import Hosts, OurVault
from app.identity.guard import Db, Now, Who
from app.okr.store import key_result_of
from app.outreach import connecting, push_worker, pushes, store
from app.outreach.models import Connector, ConnectorLink, Push
from app.outreach.schemas import ConnectorDraft, LinkDraft
from app.platform import garbled
from app.platform.errors import NotFound

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Connectors"])

_EXAMPLE: dict[str, Any] = {
    "id": "1f0c3m8k2tq5w7x9z0ab",
    "kind": "operately",
    "name": "Our Operately",
    "settings": {"base": "https://app.operately.com"},
    "created_at": "2026-11-22T08:00:00Z",
    "disabled_at": None,
    "disabled_reason": None,
}

_LINK: dict[str, Any] = {
    "id": "1f0c3m8k2tq5w7x9z0ab",
    "key_result_id": "1f0c3m8k2tq5w7x9z0kr",
    "connector_id": "1f0c3m8k2tq5w7x9z0co",
    "external": {"id": "4711"},
}


class ConnectorOut(BaseModel):
    """A connector; its secrets are never shown."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    id: str
    kind: str
    name: str
    settings: Mapping[str, str]
    created_at: datetime
    disabled_at: datetime | None
    disabled_reason: str | None


class ConnectorLinkOut(BaseModel):
    """What a key result is called over there."""

    model_config = ConfigDict(json_schema_extra={"example": _LINK})

    id: str
    key_result_id: str
    connector_id: str
    external: Mapping[str, str]


class ConnectorLinkTold(ConnectorLinkOut):
    """A link, and how its newest push went; null before the first."""

    model_config = ConfigDict(json_schema_extra={"example": _LINK | {"last_push": PUSH}})

    last_push: PushOut | None


@router.post("/connectors", status_code=201, summary="Add a connector")
def add_connector(
    *, draft: ConnectorDraft, session: Db, vault: OurVault, hosts: Hosts, who: Who, now: Now
) -> ConnectorOut:
    """Kinds: okr_tracker, operately, tability, asana, clickup, slack."""
    if draft.kind == store.WEBHOOK:
        raise NotFound("Webhooks are added at /webhooks.")
    row = connecting.add(session, draft, vault, allowed_hosts=hosts, by=who.name, now=now)
    return _shown(row)


@router.get("/connectors", summary="List connectors")
def list_connectors(
    session: Db, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Listed[ConnectorOut | GarbledOut]:
    """In the order they were added."""
    rows = store.connectors(session, cursor=cursor, limit=limit)
    return listed(
        rows, lambda row: garbled.read(_shown, row) or GarbledOut(id=row.id, name=row.name)
    )


@router.delete("/connectors/{connector_id}", status_code=204, summary="Remove a connector")
def remove_connector(connector_id: str, session: Db, now: Now) -> None:
    """Its secrets and links are forgotten."""
    connecting.remove(session, store.connector_of(session, connector_id), now=now)


@router.post("/connectors/{connector_id}/disable", summary="Tell a connector nothing further")
def disable_connector(connector_id: str, session: Db, who: Who, now: Now) -> ConnectorOut:
    """What it was owed stops and can be replayed once it is enabled again."""
    push_worker.disable(session, connector_id, why=f"Disabled by {who.name}.", now=now)
    return _shown(store.connector_of(session, connector_id))


@router.post("/connectors/{connector_id}/enable", summary="Tell a connector again")
def enable_connector(connector_id: str, session: Db) -> ConnectorOut:
    """From now on."""
    row = store.connector_of(session, connector_id)
    connecting.enable(session, row)
    return _shown(row)


@router.post("/connectors/{connector_id}/test", status_code=202, summary="Send a chat a test")
def try_connector(connector_id: str, session: Db, now: Now) -> PushOut:
    """An OKR tool is not tested (422): that would change a number over there."""
    row = store.connector_of(session, connector_id)
    return shown_push(connecting.send_test(session, row, now=now))


@router.get("/key-results/{key_result_id}/connectors", summary="List where values are pushed")
def list_links(
    key_result_id: str, session: Db, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Listed[ConnectorLinkTold | GarbledOut]:
    """With the newest push to each, and its error."""
    key_result_of(session, key_result_id)
    links = store.linked_page(session, key_result_id, cursor=cursor, limit=limit)
    last = pushes.last_about(session, key_result_id)
    return listed(
        links,
        lambda link: (
            garbled.read(_told, link, last.get(link.connector_id))
            or GarbledOut(id=link.id, name=link.connector_id)
        ),
    )


@router.delete(
    "/key-results/{key_result_id}/connectors/{connector_id}",
    status_code=204,
    summary="Push a key result's values no longer",
)
def unlink_key_result(key_result_id: str, connector_id: str, session: Db, now: Now) -> None:
    """What was owed stops; what is over there stays there."""
    connecting.unlink(session, key_result_id, connector_id, now=now)


@router.put("/key-results/{key_result_id}/connector", summary="Push a key result's values")
def link_key_result(
    key_result_id: str, draft: LinkDraft, session: Db, who: Who, now: Now
) -> ConnectorLinkOut:
    """From now on new values go there; said again, the names over there change."""
    return _linked(connecting.link(session, key_result_id, draft, by=who.name, now=now))


def _shown(row: Connector) -> ConnectorOut:
    return ConnectorOut.model_validate(row, from_attributes=True)


def _told(link: ConnectorLink, last: Push | None) -> ConnectorLinkTold:
    told = shown_push(last) if last else None
    return ConnectorLinkTold(**_linked(link).model_dump(), last_push=told)


def _linked(row: ConnectorLink) -> ConnectorLinkOut:
    return ConnectorLinkOut.model_validate(row, from_attributes=True)
