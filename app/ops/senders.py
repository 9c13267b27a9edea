"""Who sends this data folder's mails: a sender with its journal and its way out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.delivery import transports
from app.delivery.sending import Sender
from app.ops.installation import House
from app.platform.journal import Journal


@asynccontextmanager
async def sender_of(house: House) -> AsyncIterator[Sender]:
    """One for as long as the block; then its connections end, and its journal is let go."""
    transport = transports.open_transport(house.settings, house.database)
    journal = Journal.open(
        house.sends, durability=house.settings.durability, limit=house.settings.spool_limit
    )
    try:
        yield Sender(house.database, house.settings, house.keyring, journal, transport)
    finally:
        await transport.close()
        journal.close()
