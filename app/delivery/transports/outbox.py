"""The built-in outbox: mails stay on a page, nothing leaves."""

import asyncio
from datetime import datetime

from app.delivery import mail_store
from app.delivery.mail.mime import Mail
from app.delivery.replies import Reply, Stage
from app.delivery.transports import terms
from app.delivery.transports.ports import Attempting
from app.platform import clock
from app.platform.db import Database

_LANES = 100  # mails in one transaction


class Outbox:
    """Keeps mails as rows; those that come together in one transaction."""

    lanes = _LANES
    name = "outbox"
    terms = terms.ANY

    def __init__(self, database: Database) -> None:
        self._database = database
        self._came: list[tuple[Mail, datetime]] = []
        self._kept: asyncio.Task[None] | None = None

    async def send(self, mail: Mail, attempting: Attempting) -> Reply:
        """Keep one mail, with all that come in this turn of the loop."""
        await attempting()
        self._came.append((mail, clock.now()))
        if self._kept is None:
            self._kept = asyncio.create_task(self._keep())
        await asyncio.shield(self._kept)  # one who leaves does not stop the others
        return Reply(250, "2.0.0 kept in the outbox", Stage.MESSAGE)

    async def _keep(self) -> None:
        """Begins in the next turn: whoever came in this one is among them."""
        came, self._came, self._kept = self._came, [], None
        await asyncio.to_thread(self._write, came)

    def _write(self, came: list[tuple[Mail, datetime]]) -> None:
        with self._database.write_unheard() as session:  # whoever sent it tells
            mail_store.keep_in_outbox(session, came)

    async def close(self) -> None:
        """Nothing is open."""
