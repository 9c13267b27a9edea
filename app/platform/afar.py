"""Tells every machine on one PostgreSQL that something was written, so that none asks for it all.

A number of the database moves after each change that somebody may wait for, and reading it costs
less than any look at what is due. It moves once the change can be seen: a transaction of its own.
"""

from contextlib import suppress

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

_MOVE = "SELECT nextval('stir')"
# A new one says 1 before its first move, and after it.
_LOOK = "SELECT last_value, is_called FROM stir"


class Afar:
    """What all machines on one database hear."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def note(self) -> None:
        """Something was written. It stays so if this cannot be told: loops look after a rest."""
        with suppress(SQLAlchemyError):
            self._ask(_MOVE)

    def seen(self) -> tuple[object, ...] | None:
        """Another value after the next note; None while the database is away."""
        try:
            return self._ask(_LOOK)
        except SQLAlchemyError:
            return None

    def _ask(self, statement: str) -> tuple[object, ...]:
        with self._engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            return tuple(connection.exec_driver_sql(statement).one())
