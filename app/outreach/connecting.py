"""Connectors and webhooks: add, link, rotate, disable, try out, replay."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlmodel import Session

from app.okr import store as okr
from app.outreach import fanout, pushes, store
from app.outreach.connectors import KINDS, webhook
from app.outreach.connectors.ports import Connector as Kind
from app.outreach.connectors.ports import Need
from app.outreach.models import Connector, ConnectorLink, Push, State
from app.outreach.schemas import ConnectorDraft, LinkDraft, WebhookDraft
from app.platform import outbound
from app.platform.errors import Conflict, FieldError, Invalid
from app.platform.ids import new_id
from app.platform.vault import Vault

TEST = "test.sent"


def check_address(url: str, *, field: str, allowed_hosts: Collection[str]) -> None:
    """Raise Invalid where the address leads into our own network; sending looks again."""
    try:
        outbound.Outbound(outbound.resolve).check(url, allowed_hosts=allowed_hosts)
    except (outbound.Forbidden, outbound.Unreachable) as error:
        raise Invalid.at(field, str(error)) from error


def add(
    session: Session,
    draft: ConnectorDraft,
    vault: Vault,
    *,
    allowed_hosts: Collection[str],
    by: str,
    now: datetime,
) -> Connector:
    """Add a connector; its secrets are sealed and never shown again."""
    kind = kind_of(draft.kind)
    filled = _filled(kind.needs, draft.settings, field="settings")
    for name in ("base", "url"):
        if name in filled:
            check_address(filled[name], field=f"settings.{name}", allowed_hosts=allowed_hosts)
    row = Connector(id=new_id(), kind=kind.kind, name=draft.name, secrets="", **_made(by, now))
    return _sealed(session, row, kind, filled, vault)


def add_webhook(
    session: Session,
    draft: WebhookDraft,
    vault: Vault,
    *,
    allowed_hosts: Collection[str],
    by: str,
    now: datetime,
) -> tuple[Connector, str]:
    """Add a webhook; also its secret, to be shown this once."""
    check_address(draft.url, field="url", allowed_hosts=allowed_hosts)
    secret = draft.secret or webhook.new_secret()
    webhook.key_of(secret)
    name = draft.name or urlsplit(draft.url).hostname or draft.url
    row = Connector(id=new_id(), kind=store.WEBHOOK, name=name, secrets="", **_made(by, now))
    row.settings = {"url": draft.url, "events": draft.events}
    row.secrets = vault.seal({"secret": secret}, owner=row.id)
    session.add(row)
    session.flush()
    return row, secret


def rotate(session: Session, row: Connector, vault: Vault, *, now: datetime) -> str:
    """A new secret for a webhook, shown this once; for a day the old one signs, too."""
    if row.kind != store.WEBHOOK:
        raise Invalid("Only a webhook's secret is ours to make. Add the connector anew.")
    secret = webhook.new_secret()
    row.old_secrets, row.rotated_at = row.secrets, now
    row.secrets = vault.seal({"secret": secret}, owner=row.id)
    session.add(row)
    return secret


def enable(session: Session, row: Connector) -> None:
    """Tell it again, from now on; what was stopped can be replayed."""
    row.disabled_at = row.disabled_reason = None
    session.add(row)


def remove(session: Session, row: Connector, *, now: datetime) -> None:
    """Forget it and its secrets; what was pushed stays in the list."""
    pushes.stop_all(session, row.id, why=f"“{row.name}” was removed.", now=now)
    store.forget_links(session, row.id)
    session.delete(row)


def link(
    session: Session, key_result_id: str, draft: LinkDraft, *, by: str, now: datetime
) -> ConnectorLink:
    """From now on a key result's new values are pushed there; said again, the names change."""
    okr.claimed(session, key_result_id)
    row = store.connector_of(session, draft.connector_id)
    kind = kind_of(row.kind)
    if not kind.names:
        raise Invalid.at("connector_id", f"{kind.label} takes no values of key results.")
    external = _filled(kind.names, draft.external, field="external")
    held = [
        connector_link
        for connector_link, _ in store.linked(session, key_result_id)
        if connector_link.connector_id == row.id
    ]
    made = (
        held[0]
        if held
        else ConnectorLink(key_result_id=key_result_id, connector_id=row.id, **_made(by, now))
    )
    made.external = external
    session.add(made)
    session.flush()
    return made


def unlink(session: Session, key_result_id: str, connector_id: str, *, now: datetime) -> None:
    """Its values go there no longer; what was owed stops. What is there stays there."""
    link = store.link_to(session, key_result_id, connector_id)
    why = "The key result was unlinked."
    pushes.stop_all(session, connector_id, why=why, now=now, subject=key_result_id)
    session.delete(link)


def send_test(session: Session, row: Connector, *, now: datetime) -> Push:
    """Owe a webhook or a chat a test, on the same way as everything else."""
    if row.disabled_at is not None:
        raise Conflict("It is disabled. Enable it first.")
    if kind_of(row.kind).names:
        raise Invalid("A test would change a number over there: put a value in instead.")
    facts = {"text": "A test from Thinslice: this arrives where it should."}
    return fanout.owe(session, row, TEST, facts, now=now)


def replay(session: Session, push: Push, *, now: datetime) -> None:
    """Send it again from the first try; not where that would put an old value over a newer one."""
    if push.state not in {State.STOPPED, State.DONE}:
        raise Conflict("It is still on its way and will be tried again by itself.")
    row = store.connector_of(session, push.connector_id)
    if row.disabled_at is not None:
        raise Conflict(f"“{row.name}” is disabled. Enable it first.")
    if not kind_of(row.kind).keeps_days and pushes.overtaken(session, push):
        raise Conflict("A later value is already there; this one would replace it.")
    push.state, push.attempts, push.due_at, push.done_at = State.WAITING, 0, now, None
    session.add(push)


def kind_of(name: str) -> Kind:
    """What connectors of this kind need and do."""
    if name not in KINDS:
        known = ", ".join(kind for kind in KINDS if kind != store.WEBHOOK)
        raise Invalid.at("kind", f"There is no connector “{name}”. There are: {known}.")
    return KINDS[name]


def _made(by: str, now: datetime) -> dict[str, Any]:
    return {"created_at": now, "created_by": by}


def _filled(needs: tuple[Need, ...], given: Mapping[str, str], *, field: str) -> dict[str, str]:
    """Every field that is needed, and no other; secrets fit into a header or an address."""
    filled = {need.name: given.get(need.name) or need.default or "" for need in needs}
    errors = [
        FieldError(f"{field}.{need.name}", f"{need.label} is needed.")
        for need in needs
        if not filled[need.name]
    ]
    errors += [
        FieldError(f"{field}.{need.name}", f"{need.label}: letters, digits and signs, in one line.")
        for need in needs
        if need.secret and not (filled[need.name].isascii() and filled[need.name].isprintable())
    ]
    unknown = sorted(set(given) - set(filled))
    errors += [FieldError(f"{field}.{name}", "There is no such field here.") for name in unknown]
    if errors:
        raise Invalid("Some fields are missing, unknown or wrong.", errors=tuple(errors))
    return filled


def _sealed(
    session: Session, row: Connector, kind: Kind, filled: Mapping[str, str], vault: Vault
) -> Connector:
    hidden = {need.name for need in kind.needs if need.secret}
    row.settings = {name: text for name, text in filled.items() if name not in hidden}
    secrets = {name: text for name, text in filled.items() if name in hidden}
    row.secrets = vault.seal(secrets, owner=row.id)
    session.add(row)
    session.flush()
    return row
