"""Who sends this data folder's mails: a sender with its journal and its relays."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.delivery import transports
from app.delivery.sending import Sender
from app.ops.installation import House
from app.platform.away import tell
from app.platform.journal import Journal

log = logging.getLogger(__name__)


@asynccontextmanager
async def sender_of(house: House, *, helps: bool = False) -> AsyncIterator[Sender]:
    """One for as long as the block; what it has under way then is finished first.

    Then its connections end, and its journal is let go. `helps`: it works beside another one, and
    opens no connections to a relay that takes a stated number of them.
    """
    relays = transports.open_transports(house.settings, house.database)
    if helps:
        relays = [one for one in relays if not one.terms.are_narrow]
    journal = Journal.open(
        house.sends, durability=house.settings.durability, limit=house.settings.spool_limit
    )
    try:
        sender = Sender(house.database, house.settings, house.keyring, journal, *relays)
        try:
            yield sender
        finally:
            await _finish(sender, house)
    finally:
        for relay in relays:
            await relay.close()
        journal.close()


async def _finish(sender: Sender, house: House) -> None:
    try:
        await sender.finish(await asyncio.to_thread(house.database.now))
    except Exception as error:  # noqa: BLE001 - it is told; what was attempted is in the journal
        tell(log, error, what="the last batch was not settled; the next start settles it")
