"""When tokens and sessions were last used: noted beside the requests, for reading never writes.

Kept in memory and written now and then by `main`; what a killed process had not written is lost,
and nobody is logged out for that.
"""

import logging
from datetime import datetime, timedelta
from threading import Lock

from app.identity import sessions, store
from app.identity.models import AgentGrant, ApiToken
from app.platform.away import AWAY
from app.platform.db import Database
from app.platform.queueing import Rank

_TOKEN_NOTED = timedelta(minutes=1)  # a token's last use is written at most this often
_Token = tuple[type[ApiToken | AgentGrant], str]
log = logging.getLogger(__name__)


class LastUse:
    """What one process saw in use since it last wrote."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Lock()
        self._tokens: dict[_Token, datetime] = {}
        self._sessions: dict[str, datetime] = {}

    def of_bearer(self, row: ApiToken | AgentGrant, *, now: datetime) -> None:
        """A token opened something, by itself or for what somebody allowed an agent."""
        noted = row.last_used_at
        if noted is None or now - noted > _TOKEN_NOTED:
            with self._lock:
                self._tokens[type(row), row.id] = now

    def of_session(self, session_id: str, *, expires_at: datetime, now: datetime) -> None:
        """A session is in use, and goes on."""
        if expires_at - now < sessions.LASTS - sessions.PROLONGED_EVERY:
            with self._lock:
                self._sessions[session_id] = now

    def write(self) -> None:
        """Write what was seen; where the database is away or busy, later."""
        with self._lock:
            used, going_on = self._tokens, self._sessions
            self._tokens, self._sessions = {}, {}
        if not used and not going_on:
            return
        try:
            self._put(used, going_on)
        except AWAY as error:
            log.info("last uses are written later: %s", error)
            with self._lock:
                self._tokens = used | self._tokens
                self._sessions = going_on | self._sessions

    def _put(self, used: dict[_Token, datetime], going_on: dict[str, datetime]) -> None:
        with self._database.write_unheard(Rank.MACHINE) as session:
            for (kind, token_id), at in sorted(used.items(), key=lambda one: one[0][1]):
                store.note_use(session, kind, token_id, now=at)
            for session_id, at in sorted(going_on.items()):
                store.prolong_session(session, session_id, until=at + sessions.LASTS)
