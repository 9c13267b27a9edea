"""Who did what: the newest first, searched."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from app.identity import audit_rows
from app.identity import store as identity
from app.identity.audit import Seals, Verified
from app.identity.audit_rows import LISTING, Days, at_of, details_of, in_words
from app.identity.guard import Db
from app.identity.models import AuditRow
from app.platform.days import within as within_calendar
from app.platform.listing import Asked
from app.platform.paging import Part
from app.web.kit.form_state import Typed
from app.web.kit.lists import FromAddress, Shown, shown
from app.web.kit.pages import Page, render

router = APIRouter(prefix="/audit")
_PAGE = 50
_WRONG_DAY = "Write a day as 2026-11-25, between 1970 and 2199."
_WITH_PAGES = (
    "experiments", "features", "slices", "audiences", "key-results", "cycles", "objectives",
    "people", "connections", "weeks",
)  # fmt: skip
_LONGEST_DAY = 20
_DAYS = (("since", "From"), ("until", "To"))
_COLUMNS: Mapping[str, str] = {"at": "When", "who": "Who", "what": "What", "about": "About"}


@dataclass(frozen=True, slots=True)
class Line:
    """A row as the page says it."""

    row: AuditRow
    at: datetime | None  # None: it is damaged
    known_as: str  # beside the name, which people choose: an address, `token`, or `no user`
    what: str
    href: str | None
    details: str


@dataclass(frozen=True, kw_only=True)
class AuditPage(Page):
    """What was searched for, and what was found."""

    template: ClassVar[str] = "admin/audit.html"
    section: ClassVar[str] = "audit"

    rows: Sequence[Line]
    form: Typed
    list: Shown


@dataclass(frozen=True, kw_only=True)
class VerifiedPage(Page):
    """Whether all rows are as they were written."""

    template: ClassVar[str] = "admin/audit_verified.html"
    section: ClassVar[str] = "audit"

    found: Verified


@router.get("")
def listed(request: Request, session: Db, asked: FromAddress) -> HTMLResponse:
    """Every row, or those with all these words, of these days."""
    zone = request.app.state.settings.zone
    chosen = {name: asked.chosen.get(name, "")[:_LONGEST_DAY] for name, _ in _DAYS}
    asked = replace(asked, chosen=chosen)
    days = {name: _day(written) for name, written in chosen.items()}
    wrong = {name: _WRONG_DAY for name, day in days.items() if day is None and chosen[name].strip()}
    if wrong:
        form = Typed(errors=wrong, sentence=_WRONG_DAY)
        return render(request, _page([], Part([]), asked, form), status=422)
    within = Days(_at(days["since"], zone), _at(days["until"], zone, after=1))
    part = audit_rows.page(session, asked, within, limit=_PAGE)
    known = identity.known_as(session, {row.actor_id for row in part if row.actor_id})
    return render(request, _page([_line(row, known) for row in part], part, asked, Typed()))


def _page(lines: Sequence[Line], part: Part[AuditRow], asked: Asked, form: Typed) -> AuditPage:
    return AuditPage(
        rows=lines,
        form=form,
        list=shown(LISTING, part, asked, "/audit", _COLUMNS, hint="Ada, launch, an id", days=_DAYS),
    )


@router.get("/verified")
def verified(request: Request, session: Db) -> HTMLResponse:
    """Each row against its seal and the row before."""
    found = Seals(request.app.state.keyring.seals).verified(session)
    return render(request, VerifiedPage(found=found))


def _line(row: AuditRow, known: Mapping[str, str]) -> Line:
    details = ", ".join(f"{name}: {said}" for name, said in details_of(row).items())
    return Line(
        row=row,
        at=at_of(row),
        known_as=known.get(row.actor_id, "no user"),
        what=in_words(row.action),
        href=_href(row),
        details=details,
    )


def _href(row: AuditRow) -> str | None:
    noun = row.action.partition(" ")[2].removeprefix("/api/v1").strip("/").partition("/")[0]
    is_one = row.subject and not row.action.startswith(("DELETE", "GET"))
    return f"/{noun}/{row.subject}" if is_one and noun in _WITH_PAGES else None


def _day(written: str) -> date | None:
    try:
        return within_calendar(date.fromisoformat(written.strip()))
    except ValueError:
        return None


def _at(day: date | None, zone: ZoneInfo, *, after: int = 0) -> datetime | None:
    """The beginning of a day, or of the one after it."""
    return datetime.combine(day + timedelta(days=after), time(), zone) if day else None
