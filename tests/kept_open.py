"""Connections to PostgreSQL that outlive the engine of one test and serve that of the next.

A server starts a process for each, which has to find out what tables there are: ten milliseconds
that every test would pay. What a connection was told or holds is forgotten in between.
"""

from collections import defaultdict
from typing import Any

import psycopg
from psycopg.pq import ExecStatus, TransactionStatus

_FORGET = b"""
    UNLISTEN *; CLOSE ALL; RESET ALL; RESET SESSION AUTHORIZATION;
    SELECT pg_advisory_unlock_all(); DISCARD SEQUENCES; DISCARD TEMP
"""
_MOST = 2  # of a database; tests that take more at once are few
_kept: dict[str, list["Lasting"]] = defaultdict(list)  # by what it was opened with


class Lasting(psycopg.Connection[Any]):
    """One that is put aside where it is closed."""

    opened_with = ""

    def close(self) -> None:
        """Put it aside as if it were new, or close it where that does not go."""
        kept = _kept[self.opened_with]
        if self.closed or len(kept) >= _MOST or not self._forgets():
            super().close()
        else:
            kept.append(self)

    def _forgets(self) -> bool:
        if self.pgconn.transaction_status is not TransactionStatus.IDLE:
            return False
        if self.pgconn.exec_(_FORGET).status is not ExecStatus.TUPLES_OK:
            return False
        self.autocommit = False
        self.isolation_level = self.read_only = self.deferrable = None
        return True


def connected(
    _dialect: object, _record: object, arguments: list[Any], named: dict[str, Any]
) -> Any:
    """Give one that was put aside, else a new one."""
    opened_with = repr((arguments, sorted(named.items())))
    kept = _kept[opened_with]
    while kept:
        connection = kept.pop()
        if not connection.closed and connection.pgconn.exec_(b"").status != ExecStatus.FATAL_ERROR:
            return connection
    connection = Lasting.connect(*arguments, **named)
    connection.opened_with = opened_with
    return connection


def processes() -> list[int]:
    """Those of the server that wait for the next test."""
    return [one.info.backend_pid for several in _kept.values() for one in several]


def close() -> None:
    """Let go of all."""
    for several in _kept.values():
        while several:
            psycopg.Connection.close(several.pop())
