"""Moments of rows that are shown even where one is damaged."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Dialect

from app.platform.db import UtcDateTime


class MomentOrText(UtcDateTime):
    """A moment; where it is damaged, the text that stands there instead."""

    cache_ok = True

    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[Any], datetime | None]:
        """A moment, or what SQLite keeps instead of one."""
        read = super().result_processor(dialect, coltype)

        def read_or_keep(written: Any) -> Any:
            try:
                return read(written)
            except ValueError:
                return str(written)

        return read_or_keep
