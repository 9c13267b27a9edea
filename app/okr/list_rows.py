"""Teams, cycles and objectives page by page."""

from sqlmodel import Session, select

from app.okr.models import Cycle, Objective, Team
from app.platform.paging import Order, Part, part

_TEAMS = Order("teams")
_CYCLES = Order("cycles", is_descending=True)
_OBJECTIVES = Order("objectives")


def teams_page(session: Session, *, cursor: str | None, limit: int) -> Part[Team]:
    """All teams, in the order they were added: a name may change meanwhile."""
    return part(session, select(Team), _TEAMS, Team.id, cursor=cursor, limit=limit)


def cycles_page(session: Session, *, cursor: str | None, limit: int) -> Part[Cycle]:
    """All cycles, the last one added first: its days may change meanwhile."""
    return part(session, select(Cycle), _CYCLES, Cycle.id, cursor=cursor, limit=limit)


def objectives_page(
    session: Session, *, cycle_id: str | None, cursor: str | None, limit: int
) -> Part[Objective]:
    """Objectives in the order they were set, of one cycle or of all."""
    query = select(Objective)
    if cycle_id:
        query = query.where(Objective.cycle_id == cycle_id)
    return part(session, query, _OBJECTIVES, Objective.id, cursor=cursor, limit=limit)
