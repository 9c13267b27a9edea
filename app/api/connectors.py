"""Connectors to OKR tools and chats, and what key results are called there."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict

from app.api.address import PREFIX
from app.api.once import OnceRoute
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, Listed, page_of
from app.identity.guard import Db, Now, Who
from app.outreach import connecting, store
from app.outreach.models import Connector, ConnectorLink
from app.outreach.schemas import ConnectorDraft, LinkDraft
from app.outreach.vault import Vault
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

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "1f0c3m8k2tq5w7x9z0ab",
                "key_result_id": "1f0c3m8k2tq5w7x9z0kr",
                "connector_id": "1f0c3m8k2tq5w7x9z0co",
                "external": {"id": "4711"},
            }
        }
    )

    id: str
    key_result_id: str
    connector_id: str
    external: Mapping[str, str]


def vault_of(request: Request) -> Vault:
    """The vault of this installation."""
    return Vault.at(request.app.state.settings)


def hosts_of(request: Request) -> tuple[str, ...]:
    """Private hosts that the operator allows."""
    hosts: tuple[str, ...] = request.app.state.settings.allow_private_sources
    return hosts


OurVault = Annotated[Vault, Depends(vault_of)]
Hosts = Annotated[tuple[str, ...], Depends(hosts_of)]


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
) -> Listed[ConnectorOut]:
    """In the order they were added."""
    rows = store.connectors(session, cursor=cursor, limit=limit + 1)
    return page_of(rows, limit, show=_shown, key=lambda row: row.id)


@router.delete("/connectors/{connector_id}", status_code=204, summary="Remove a connector")
def remove_connector(connector_id: str, session: Db, now: Now) -> None:
    """Its secrets and links are forgotten."""
    connecting.remove(session, store.connector_of(session, connector_id), now=now)


@router.put("/key-results/{key_result_id}/connector", summary="Push a key result's values")
def link_key_result(
    key_result_id: str, draft: LinkDraft, session: Db, who: Who, now: Now
) -> ConnectorLinkOut:
    """From now on new values go there; said again, the names over there change."""
    return _linked(connecting.link(session, key_result_id, draft, by=who.name, now=now))


def _shown(row: Connector) -> ConnectorOut:
    return ConnectorOut.model_validate(row, from_attributes=True)


def _linked(row: ConnectorLink) -> ConnectorLinkOut:
    return ConnectorLinkOut.model_validate(row, from_attributes=True)
