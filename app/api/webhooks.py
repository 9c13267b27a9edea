"""Webhooks: addresses that are told what happened, signed (Standard Webhooks 1.0)."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from app.api.address import PREFIX
from app.api.garbled import GarbledOut
from app.api.once import OnceRoute
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, Listed, listed
from app.api.pushes import PushOut
from app.api.pushes import shown as shown_push
from app.api.vaults import Hosts, OurVault
from app.identity.guard import Db, Now, Who
from app.outreach import connecting, push_worker, store
from app.outreach.models import Connector
from app.outreach.schemas import WebhookDraft
from app.platform import garbled

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Webhooks"])

_EXAMPLE: dict[str, Any] = {
    "id": "1f0c3m8k2tq5w7x9z0ab",
    "name": "hooks.example.com",
    "url": "https://hooks.example.com/thinslice",
    "events": ["key_result.valued"],
    "secret": None,
    "created_at": "2026-11-22T08:00:00Z",
    "disabled_at": None,
    "disabled_reason": None,
}


class WebhookOut(BaseModel):
    """A webhook. `secret` is told once, when it is made; null ever after."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    id: str
    name: str
    url: str
    events: list[str]
    secret: str | None
    created_at: datetime
    disabled_at: datetime | None
    disabled_reason: str | None


@router.post("/webhooks", status_code=201, summary="Add a webhook")
def add_webhook(
    *, draft: WebhookDraft, session: Db, vault: OurVault, hosts: Hosts, who: Who, now: Now
) -> WebhookOut:
    """The answer holds the secret, this once."""
    row, secret = connecting.add_webhook(
        session, draft, vault, allowed_hosts=hosts, by=who.name, now=now
    )
    return _shown(row, secret)


@router.get("/webhooks", summary="List webhooks")
def list_webhooks(
    session: Db, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Listed[WebhookOut | GarbledOut]:
    """In the order they were added."""
    rows = store.webhooks(session, cursor=cursor, limit=limit)
    return listed(
        rows, lambda row: garbled.read(_shown, row) or GarbledOut(id=row.id, name=row.name)
    )


@router.post("/webhooks/{webhook_id}/rotate", summary="Make a new secret")
def rotate_secret(webhook_id: str, session: Db, vault: OurVault, now: Now) -> WebhookOut:
    """For 24 hours both sign; the answer holds the new one, this once."""
    row = store.webhook_of(session, webhook_id)
    return _shown(row, connecting.rotate(session, row, vault, now=now))


@router.post("/webhooks/{webhook_id}/disable", summary="Tell a webhook nothing further")
def disable_webhook(webhook_id: str, session: Db, who: Who, now: Now) -> WebhookOut:
    """What it was owed stops and can be replayed once it is enabled again."""
    store.webhook_of(session, webhook_id)
    push_worker.disable(session, webhook_id, why=f"Disabled by {who.name}.", now=now)
    return _shown(store.webhook_of(session, webhook_id))


@router.post("/webhooks/{webhook_id}/enable", summary="Tell a webhook again")
def enable_webhook(webhook_id: str, session: Db) -> WebhookOut:
    """From now on."""
    row = store.webhook_of(session, webhook_id)
    connecting.enable(session, row)
    return _shown(row)


@router.post("/webhooks/{webhook_id}/test", status_code=202, summary="Send a webhook a test")
def try_webhook(webhook_id: str, session: Db, now: Now) -> PushOut:
    """A signed `test.sent`, on the same way as everything else."""
    row = store.webhook_of(session, webhook_id)
    return shown_push(connecting.send_test(session, row, now=now))


@router.delete("/webhooks/{webhook_id}", status_code=204, summary="Remove a webhook")
def remove_webhook(webhook_id: str, session: Db, now: Now) -> None:
    """It is told nothing further."""
    connecting.remove(session, store.webhook_of(session, webhook_id), now=now)


def _shown(row: Connector, secret: str | None = None) -> WebhookOut:
    return WebhookOut(
        id=row.id,
        name=row.name,
        url=row.settings["url"],
        events=row.settings.get("events", []),
        secret=secret,
        created_at=row.created_at,
        disabled_at=row.disabled_at,
        disabled_reason=row.disabled_reason,
    )
