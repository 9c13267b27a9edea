"""The built-in outbox: mails stay on a page, nothing leaves."""

from app.delivery import mail_store
from app.delivery.mail.mime import Mail
from app.delivery.replies import Reply, Stage
from app.delivery.transports.ports import Attempting
from app.platform import clock
from app.platform.db import Database


class Outbox:
    """Keeps mails as rows."""

    lanes = 1
    name = "outbox"

    def __init__(self, database: Database) -> None:
        self._database = database

    async def send(self, mail: Mail, attempting: Attempting) -> Reply:
        """Keep one mail."""
        await attempting()
        with self._database.write() as session:
            mail_store.keep_in_outbox(session, mail, now=clock.now())
        return Reply(250, "2.0.0 kept in the outbox", Stage.MESSAGE)

    async def close(self) -> None:
        """Nothing is open."""
