"""The large figures of a key result's page, each with what stands below it."""

from datetime import date

from app.okr import amounts
from app.okr.models import KeyResult
from app.okr.views import KeyResultView
from app.review.shapes import KeyResultLine
from app.web.kit import formatting, key_result_line


def figures_of(view: KeyResultView, today: date) -> tuple[tuple[str, str, str], ...]:
    """(name, figure, what it rests on): now, the way gone, where it lands, the goal."""
    unit, told = view.row.unit, KeyResultLine.of(view)
    asked = f"{formatting.points(view.expected, 0)} of the cycle has gone"
    since = [key_result_line.since(view, today)]
    if view.change is not None:
        since.append(f"{formatting.change(view.change, unit)} since last week")
    way = ("Way gone", formatting.points(view.progress, 0), asked) if _has_way(view.row) else None
    lands = ("Lands on", _lands(view), told.lands()) if view.forecast else None
    found = (
        ("Now", formatting.amount(view.current, unit), ", ".join(part for part in since if part)),
        way,
        lands,
        ("Goal", key_result_line.way(view.row), _about(view)),
    )
    return tuple(one for one in found if one is not None)


def _has_way(row: KeyResult) -> bool:
    return row.kind != "maintain"


def _lands(view: KeyResultView) -> str:
    ahead = view.forecast
    assert ahead is not None
    (value,) = amounts.rounded((ahead.value,), width=ahead.high - ahead.low)
    return formatting.amount(value, view.row.unit)


def _about(view: KeyResultView) -> str:
    row = view.row
    parts = [f"owner: {row.owner}" if row.owner else ""]
    if row.stretch is not None:
        reached = "reached" if view.stretched else "not reached"
        parts.append(f"stretch {formatting.amount(row.stretch, row.unit)}, {reached}")
    return "; ".join(part for part in parts if part)
