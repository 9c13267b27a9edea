"""Values of a key result as JSON, each with who said that they have read it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from sqlmodel import Session

from app.api.key_result_shapes import PutOut, ValueOut
from app.okr import provenance, series
from app.okr.models import CheckIn
from app.okr.series import Listed
from app.review import seen
from app.review.seen import Reader

_WORKED_OUT = {"counts", "remark", "entered_later", "check_in_id", "seen_by"}
_KEPT = tuple(name for name in ValueOut.model_fields if name not in _WORKED_OUT)


@dataclass(frozen=True, slots=True)
class Readers:
    """Who has read what is to be shown."""

    found: dict[str, list[Reader]]

    @classmethod
    def of_check_ins(cls, session: Session, rows: Iterable[CheckIn]) -> Self:
        """Of rows as they were put."""
        return cls(seen.readers(session, [row.id for row in rows]))

    @classmethod
    def of_listed(cls, session: Session, rows: Iterable[Listed]) -> Self:
        """Of a list of what was put, measured and added."""
        ids = [one.value.check_in_id for one in rows]
        return cls(seen.readers(session, [one for one in ids if one is not None]))

    def held(self, row: CheckIn) -> ValueOut:
        """A value that was put just now."""
        return ValueOut(**self._about(row, row.id), counts=True, remark="")

    def put(self, row: CheckIn) -> PutOut:
        """One of all that were ever put for a day."""
        about, holds = self._about(row, row.id), row.replaced_at is None
        remark = "" if holds else "Replaced, or taken back"
        return PutOut(**about, counts=holds, remark=remark, replaced_at=row.replaced_at)

    def listed(self, one: Listed) -> ValueOut:
        """A value of the list."""
        about = self._about(one.value, one.value.check_in_id)
        return ValueOut(**about, counts=one.counts, remark=one.remark)

    def _about(self, one: CheckIn | series.Value, check_in_id: str | None) -> dict[str, Any]:
        kept = {name: getattr(one, name) for name in _KEPT}
        return kept | {
            "entered_later": provenance.entered_later(one.date, one.recorded_at),
            "check_in_id": check_in_id,
            "seen_by": [reader.name for reader in self.found.get(check_in_id or "", ())],
        }
