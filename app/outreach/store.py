"""All SQL of connectors, links and of what was told."""

from collections.abc import Sequence

from sqlalchemy import func, text
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from app.outreach.models import Connector, ConnectorLink, Push, Teller
from app.platform.errors import NotFound
from app.platform.events import Event
from app.platform.paging import Order, Part, part

_CONNECTORS = Order("connectors")
_WEBHOOKS = Order("webhooks")
_LINKS = Order("connectors of a key result")

_TELLER = 1
WEBHOOK = "webhook"
CHAT = "slack"


def hold_teller(session: Session) -> Teller:
    """The row that one worker at a time may hold until the end of its transaction."""
    session.execute(
        text("INSERT INTO teller (id, told_until) VALUES (:id, NULL) ON CONFLICT (id) DO NOTHING"),
        {"id": _TELLER},
    )
    return session.exec(select(Teller).where(Teller.id == _TELLER).with_for_update()).one()


def untold_subjects(session: Session, limit: int) -> Sequence[str]:
    """What something happened to that nobody was told of yet."""
    query = select(Event.subject).where(col(Event.told_at).is_(None)).distinct()
    return session.exec(query.order_by(Event.subject).limit(limit)).all()


def untold(session: Session, subjects: Sequence[str], limit: int) -> Sequence[Event]:
    """Events of some subjects that nobody was told of yet, in the order they were recorded."""
    query = select(Event).where(col(Event.told_at).is_(None), col(Event.subject).in_(subjects))
    return session.exec(query.order_by(Event.id).limit(limit)).all()


def connector_of(session: Session, connector_id: str) -> Connector:
    """A connector by id, held against others until the end of this transaction."""
    query = select(Connector).where(Connector.id == connector_id).with_for_update()
    connector = session.exec(query).one_or_none()
    if connector is None:
        raise NotFound("There is no connector or webhook with this id.")
    return connector


def webhook_of(session: Session, webhook_id: str) -> Connector:
    """A webhook by id, held the same way. Raises NotFound for what is none."""
    connector = connector_of(session, webhook_id)
    if connector.kind != WEBHOOK:
        raise NotFound("There is no webhook with this id.")
    return connector


def connectors(
    session: Session, *, cursor: str | None = None, limit: int = 1000
) -> Part[Connector]:
    """Connectors to OKR tools and chats, in the order they were added."""
    return _connectors(session, are_webhooks=False, cursor=cursor, limit=limit)


def webhooks(session: Session, *, cursor: str | None = None, limit: int = 1000) -> Part[Connector]:
    """Webhooks, in the order they were added."""
    return _connectors(session, are_webhooks=True, cursor=cursor, limit=limit)


def _connectors(
    session: Session, *, are_webhooks: bool, cursor: str | None, limit: int
) -> Part[Connector]:
    is_webhook = col(Connector.kind) == WEBHOOK
    query = select(Connector).where(is_webhook if are_webhooks else ~is_webhook)
    order = _WEBHOOKS if are_webhooks else _CONNECTORS
    return part(session, query, order, Connector.id, cursor=cursor, limit=limit)


def listening(session: Session) -> Sequence[Connector]:
    """Webhooks that are not disabled."""
    return session.exec(
        select(Connector)
        .where(Connector.kind == WEBHOOK, col(Connector.disabled_at).is_(None))
        .order_by(Connector.id)
    ).all()


def linked(session: Session, key_result_id: str) -> Sequence[tuple[ConnectorLink, Connector]]:
    """A key result's links, with the connector of each."""
    return session.exec(
        select(ConnectorLink, Connector)
        .join(Connector, col(Connector.id) == ConnectorLink.connector_id)
        .where(ConnectorLink.key_result_id == key_result_id)
        .order_by(ConnectorLink.id)
    ).all()


def linked_with_last(
    session: Session, key_result_id: str
) -> Sequence[tuple[ConnectorLink, Connector, Push | None]]:
    """The same, with the newest push about the key result to each."""
    other = aliased(Push)
    newest = (
        select(func.max(other.id))
        .where(other.connector_id == Connector.id, other.subject == key_result_id)
        .scalar_subquery()
    )
    return session.exec(
        select(ConnectorLink, Connector, Push)
        .join(Connector, col(Connector.id) == ConnectorLink.connector_id)
        .outerjoin(Push, col(Push.id) == newest)
        .where(ConnectorLink.key_result_id == key_result_id)
        .order_by(ConnectorLink.id)
    ).all()


def linked_page(
    session: Session, key_result_id: str, *, cursor: str | None, limit: int
) -> Part[ConnectorLink]:
    """A key result's links, in the order they were made."""
    mine = select(ConnectorLink).where(ConnectorLink.key_result_id == key_result_id)
    return part(session, mine, _LINKS, ConnectorLink.id, cursor=cursor, limit=limit)


def chats(session: Session) -> Sequence[Connector]:
    """Chats that are not disabled: they get the week."""
    return session.exec(
        select(Connector)
        .where(Connector.kind == CHAT, col(Connector.disabled_at).is_(None))
        .order_by(Connector.id)
    ).all()


def link_to(session: Session, key_result_id: str, connector_id: str) -> ConnectorLink:
    """The link of a key result to a connector. Raises NotFound."""
    query = select(ConnectorLink).where(
        ConnectorLink.key_result_id == key_result_id, ConnectorLink.connector_id == connector_id
    )
    connector_link = session.exec(query).one_or_none()
    if connector_link is None:
        raise NotFound("This key result is not linked there.")
    return connector_link


def forget_links(session: Session, connector_id: str) -> None:
    """No key result is linked to this connector any more."""
    query = select(ConnectorLink).where(ConnectorLink.connector_id == connector_id)
    for link in session.exec(query).all():
        session.delete(link)
