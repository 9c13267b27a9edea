"""A readout as it is stored, and read again."""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from app.analysis.readout_types import Comparison, Readout
from app.platform.clock import iso

_OLD_VERDICT = "Too early to tell: "
_SHAPE = TypeAdapter(Readout)


def of_json(body: Mapping[str, Any]) -> Readout:
    """A readout as it was stored; what another version of this code kept beside it is left out."""
    readout = _SHAPE.validate_python(body)
    return replace(readout, comparisons=tuple(map(without_verdict, readout.comparisons)))


def without_verdict(row: Comparison) -> Comparison:
    """A reason once began with a verdict of its own, beside the row's state."""
    if row.reason is None or not row.reason.startswith(_OLD_VERDICT):
        return row
    reason = row.reason.removeprefix(_OLD_VERDICT)
    return replace(row, reason=reason[:1].upper() + reason[1:])


def as_json(readout: Readout) -> dict[str, Any]:
    """The readout as the API writes it, for storing: times in RFC 3339."""
    plain: dict[str, Any] = json.loads(
        json.dumps(asdict(readout), default=_written, allow_nan=False)
    )
    return plain


def _written(value: object) -> str:
    assert isinstance(value, datetime)
    return iso(value)
