"""A second process of the sender, for long queues and a server that takes whatever comes.

It reserves, sends and settles as the first one does, under a journal and a lock of its own: to
recovery it is one like any other. The first one calls it, and it stops where nothing is left,
where the server says that it is too much, and where anything goes wrong.
"""

import asyncio
import logging
import time

import uvloop

from app.delivery.sending import Sender
from app.ops.installation import House
from app.ops.senders import sender_of
from app.platform import beside, garbage, meter_files
from app.platform.away import tell
from app.platform.beside import Beside, Line

_BETWEEN_SECONDS = 1.0  # calls: each opens a journal and its own connections to the server
log = logging.getLogger(__name__)


class SecondSender:
    """The second process, as the first one knows it. Made before that opens anything."""

    def __init__(self, house: House) -> None:
        garbage.look_seldom()  # what was loaded so far is shared
        house.database.close()  # a copy shares no connection
        self._beside: Beside | None = beside.begun(lambda line: _live(house, line))
        self._next_call = time.monotonic()

    def call_for(self, sender: Sender) -> None:
        """Have it help, where this sender's server takes all that it is given."""
        now = time.monotonic()
        if self._beside and sender.is_pressed and now >= self._next_call:
            self._next_call = now + _BETWEEN_SECONDS
            self._beside.call()

    def close(self) -> None:
        """Wait until what it has under way is settled."""
        if self._beside:
            self._beside.end()


def _live(house: House, line: Line) -> None:
    calls = line.calls()
    if next(calls, line) is line:  # never called: nothing was opened
        return
    house.database.let_people_pass()
    with meter_files.kept(house.meters, "sender"):
        uvloop.run(_help(house, line))
        for _ in calls:
            uvloop.run(_help(house, line))


async def _help(house: House, line: Line) -> None:
    """Send until there is a reason not to."""
    async with sender_of(house, helps=True) as sender:
        try:
            while not line.is_closed() and sender.is_free:
                if not await sender.step(await asyncio.to_thread(house.database.now)):
                    break
        except Exception as error:  # noqa: BLE001 - it is told; the first settles what was reserved
            tell(log, error, what="the second sender stopped; the first one goes on")
