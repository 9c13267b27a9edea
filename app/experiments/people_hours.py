"""In whose time mails leave: the zones of an experiment's people, and what its author is told."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.audience import cell_rows, profile, zones
from app.audience import store as audience
from app.audience.columns import Columns
from app.experiments.design_schemas import Draft
from app.experiments.items import Item, ok, warns
from app.experiments.part_schemas import MailHours
from app.experiments.vocabulary import MailDays
from app.platform import figures
from app.platform.errors import NotFound

_LOOKED_AT = (
    20_000  # people whose zones a page reads; ours. The others are expected to be like them
)
_Counted = Counter[str | None]  # by name of the zone; None: their cell names none


def hours_of(design: Mapping[str, Any]) -> MailHours:
    """In which hours a design's mails leave; those of earlier versions say nothing: at any time."""
    said = design.get("hours")
    return MailHours.model_validate(said) if said else MailHours()


def zone_in(cell: object, usual: tzinfo) -> tzinfo:
    """The zone that a cell names, in any case; the usual one where it names none."""
    name = zones.zone_of(str(cell or "").strip())
    return ZoneInfo(name) if name else usual


def column_of(columns: Columns, hours: MailHours) -> str | None:
    """The column that names people's zones, by its own name; None: the organisation's for all."""
    name = None if hours.are_all or hours.zone_column is None else columns.real(hours.zone_column)
    return None if name is None or '"' in name else name  # no database asks for such a name


def zones_of(session: Session, design: Draft, usual: tzinfo) -> Sequence[tzinfo]:
    """Where the people of a design's audience may be; the organisation's zone among them."""
    if design.hours.are_all:
        return (usual,)
    found = _counted(session, design)
    return (usual, *(ZoneInfo(name) for name in sorted(filter(None, found))))


def items(session: Session, design: Draft, usual: tzinfo) -> Iterator[Item]:
    """What the checklist says about the hours in which mails leave, where they are not all."""
    if design.hours.are_all:
        return
    column, found = design.hours.zone_column, _counted(session, design)
    nowhere, everybody = found[None], found.total()
    if column is None or not everybody:
        yield ok("hours", f"Mails leave {said(design.hours)}, in the organisation’s time zone.")
    elif not nowhere:
        yield ok("hours", f"Mails leave {said(design.hours)}, in each person’s own time.")
    else:
        first = "the first " if everybody == _LOOKED_AT else ""
        yield warns(
            "hours_zone",
            f"“{column}” names no time zone for {figures.count(nowhere)} of"
            f" {first}{figures.people(everybody)}: their mails leave by the time of {usual}. A zone"
            " is written as Europe/Oslo.",
        )


def said(hours: MailHours) -> str:
    """When mails leave, in words."""
    working = hours.days is MailDays.WORKING
    days = "on Monday to Friday" if working else "on every day"
    return f"from {hours.opens}:00 to {hours.closes}:00 {days}"


def _counted(session: Session, design: Draft) -> _Counted:
    """How many people are in which zone; nobody where none is asked for."""
    found: _Counted = Counter()
    if design.audience_id is None:
        return found
    try:
        audience.audience_of(session, design.audience_id)
    except NotFound:
        return found  # the checklist and the plan say so
    column = column_of(profile.columns_of(session, design.audience_id), design.hours)
    if column is None:
        return found
    cells = cell_rows.counted(session, design.audience_id, column, limit=_LOOKED_AT)
    for cell, number in cells.items():
        found[zones.zone_of(cell.strip())] += number
    return found
