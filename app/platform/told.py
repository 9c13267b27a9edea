"""Columns of a table whose changes are told: from what, to what. Said beside the table, once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Table

_KEY = "told"


@dataclass(frozen=True, slots=True)
class Told:
    """Never a secret, nor an address that may carry one."""

    columns: tuple[str, ...]
    named: str = ""  # the column that tells rows apart, where one change is of several
    usual: Mapping[str, Any] = field(default_factory=dict)  # what holds while there is no row


def told(*columns: str, named: str = "", usual: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """For `__table_args__` of a table that holds what somebody sets."""
    return {"info": {_KEY: Told(columns, named, usual or {})}}


def told_of(table: Table) -> Told | None:
    """What is told of a table's rows; None: nothing."""
    found: Told | None = table.info.get(_KEY)
    return found
