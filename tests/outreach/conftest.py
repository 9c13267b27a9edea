"""A key result, connectors, and a receiver that answers as told."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.links.keyring import Keyring
from app.okr import values
from app.okr.models import Cycle, KeyResult, Objective
from app.okr.schemas import ValueDraft
from app.outreach import fanout
from app.outreach.connectors import webhook
from app.outreach.models import Connector, ConnectorLink
from app.outreach.push_worker import Pusher
from app.outreach.team_mails import Letters
from app.platform.config import Settings
from app.platform.db import Database
from app.platform.outbound import Answer, Unreachable
from app.platform.vault import Vault
from tests.duties import run

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
VAULT = Vault.of([b"k" * 48])
LETTERS = Letters(
    Settings(public_url="https://insights.example.com", timezone="Europe/Oslo"),
    Keyring.of([b"a secret of thirty-two characters"]),
)


@dataclass
class Receiver:
    """Keeps what it is sent; `says` decides the answer, None is silence."""

    says: Callable[[dict[str, Any]], Answer | None] = lambda _asked: Answer(200, {}, b"{}")
    asked: list[dict[str, Any]] = field(default_factory=list)

    def send(self, method: str, url: str, **more: Any) -> Answer:
        asked = {"method": method, "url": url, **more}
        self.asked.append(asked)
        answer = self.says(asked)
        if answer is None:
            raise Unreachable("hooks.example did not answer within 20 seconds.")
        return answer


@dataclass
class World:
    """Everything there is, and a clock that is turned by hand."""

    database: Database
    receiver: Receiver
    now: datetime = NOW

    @property
    def pusher(self) -> Pusher:
        return Pusher(self.database, VAULT, send=self.receiver.send, patience=60)

    def put(self, value: float, day: date = NOW.date(), comment: str = "") -> None:
        with self.database.write() as session:
            draft = ValueDraft(value=value, comment=comment)
            zone = ZoneInfo("UTC")
            values.put(
                session, "kr", day, draft, source="manual", by="Ann", zone=zone, now=self.now
            )

    def tell(self) -> int:
        return run(self.database, fanout.duty(self.database, LETTERS.hear), self.now)

    def push(self) -> int:
        return self.pusher.push_due(self.now)

    def run(self, for_: timedelta, step: timedelta) -> None:
        end = self.now + for_
        while self.now < end:
            self.tell()
            while self.push():
                pass
            self.now += step

    def add(self, row: Any) -> None:
        with self.database.write() as session:
            session.add(row)

    def webhook(self, secret: str | None = None, **settings: Any) -> Connector:
        sealed = VAULT.seal({"secret": secret or webhook.new_secret()}, owner="hook")
        row = Connector(
            id="hook",
            kind="webhook",
            name="hooks.example",
            settings={"url": "https://hooks.example/x", "events": []} | settings,
            secrets=sealed,
            created_at=NOW,
            created_by="Ann",
        )
        self.add(row)
        return row

    def connector(self, kind: str, external: dict[str, str], **settings: str) -> Connector:
        secrets = {"token": "t0ken", "api_key": "k3y", "client_secret": "s3cret"}
        row = Connector(
            id=kind,
            kind=kind,
            name=kind,
            settings=settings,
            secrets=VAULT.seal(secrets, owner=kind),
            created_at=NOW,
            created_by="Ann",
        )
        self.add(row)
        link = ConnectorLink(
            key_result_id="kr",
            connector_id=kind,
            external=external,
            created_at=NOW,
            created_by="Ann",
        )
        self.add(link)
        return row


@pytest.fixture
def world(database: Database) -> World:
    cycle = Cycle(id="c", name="Q4", starts=date(2026, 10, 1), ends=date(2026, 12, 31))
    objective = Objective(id="o", title="Less waste", cycle_id="c", created_at=NOW)
    row = KeyResult(
        id="kr",
        objective_id="o",
        title="Active bakers",
        kind="increase",
        unit="number",
        start=0,
        target=100,
        created_at=NOW,
    )
    for one in (cycle, objective, row):
        with database.write() as session:
            session.add(one)
    return World(database, Receiver())
