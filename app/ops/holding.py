"""A restored copy is held: it serves pages and takes clicks, and its sender waits for a word."""

import logging
from contextlib import suppress

from app.platform import install
from app.platform.away import AWAY
from app.platform.db import Database
from app.platform.stopping import Stopping

SENTENCE = (
    "This installation was restored from a backup and is held: it sends nothing until an operator"
    " gives `thinslice release`."
)
_LOOK_SECONDS = 2.0  # from the word to the first mail
log = logging.getLogger(__name__)


def is_held(database: Database) -> bool:
    """Whether this is a restored copy that nobody has released."""
    with database.read() as session:
        return install.is_held(session)


class Hold:
    """What a web process knows of it: who was released once is never held again while it runs."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._held = True
        self._known = False

    def said(self) -> str | None:
        """The sentence while it is held; nothing where it is not, or nobody can say."""
        if self._held:
            with suppress(*AWAY):
                self._held, self._known = is_held(self._database), True
        return SENTENCE if self._held and self._known else None


class Gate:
    """Where a sender waits before anything else."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._is_open = self._said = False

    def look(self) -> None:
        """Ask whether it may go on. Raises where the database is away."""
        self._is_open = not is_held(self._database)

    def is_shut(self, stopping: Stopping) -> bool:
        """Whether to look again, after a moment."""
        if self._is_open:
            return False
        if not self._said:
            log.warning("%s", SENTENCE)
        self._said = True
        stopping.wait(_LOOK_SECONDS)
        return True
