"""One field that finds everything: by words, whatever kind of thing they stand in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse

from app.audience import people_rows
from app.audience.models import Person
from app.identity.guard import Db, Look, Who
from app.platform.errors import Invalid
from app.platform.listing import Asked
from app.review import look_up
from app.review.look_up import Found, Kind
from app.web.kit.form_state import Form
from app.web.kit.pages import Page, render

router = APIRouter(prefix="/search")
_SHOWN = 10  # of each kind
_LONGEST = 200  # characters
_HEADINGS = {
    Kind.EXPERIMENT: "Experiments",
    Kind.FEATURE: "Features",
    Kind.SLICE: "Slices",
    Kind.KEY_RESULT: "Key results",
    Kind.LEARNING: "Learnings",
}
_PLACES = {
    Kind.EXPERIMENT: "/experiments",
    Kind.FEATURE: "/features",
    Kind.SLICE: "/slices",
    Kind.KEY_RESULT: "/key-results",
    Kind.LEARNING: "/experiments",
}
_LISTS = {
    Kind.EXPERIMENT: "/experiments",
    Kind.FEATURE: "/features",
    Kind.LEARNING: "/learnings",
}


@dataclass(frozen=True, slots=True)
class Group:
    """What was found of one kind; `more` leads to the list of all of it, where there is one."""

    heading: str
    rows: Sequence[tuple[str, Found]]  # the address, and what stands there
    more: str


@dataclass(frozen=True, kw_only=True)
class SearchPage(Page):
    """What was looked for, and what was found."""

    template: ClassVar[str] = "features/search.html"
    section: ClassVar[str] = "search"

    words: str
    groups: list[Group]
    people: Sequence[Person]
    more_people: bool
    asks_people: bool  # somebody who may see them asked by address, where nobody's name may stand
    too_short: bool


@router.get("")
def show(
    request: Request,
    session: Db,
    who: Who,
    q: Annotated[str, Query(max_length=_LONGEST)] = "",
) -> HTMLResponse:
    """By an address, that can be kept: without people, for an address bar is logged."""
    return render(request, _page(session, q, people=(), asks_people=who.sees_addresses))


@router.post("")
def find(request: Request, session: Look, who: Who, form: Form) -> HTMLResponse:
    """What the field on every page asks for; people too, for whoever may see their addresses."""
    words = form.value("q").strip()
    if len(words) > _LONGEST:
        raise Invalid.at("q", f"Look for {_LONGEST} characters at most.")
    is_long_enough = len(words) >= look_up.SHORTEST
    people = (
        people_rows.found(session, Asked(words=words), limit=_SHOWN)
        if who.sees_addresses and is_long_enough
        else ()
    )
    return render(request, _page(session, words, people=people, asks_people=False))


def _page(
    session: Session, said: str, *, people: Sequence[Person], asks_people: bool
) -> SearchPage:
    words = said.strip()
    is_long_enough = len(words) >= look_up.SHORTEST
    found = look_up.everything(session, words, limit=_SHOWN) if is_long_enough else {}
    return SearchPage(
        words=words,
        groups=[_group(kind, rows, words) for kind, rows in found.items()],
        people=people,
        more_people=bool(getattr(people, "next", None)),
        asks_people=asks_people and is_long_enough,
        too_short=bool(words) and not is_long_enough,
    )


def _group(kind: Kind, rows: Sequence[Found], words: str) -> Group:
    is_more = len(rows) > _SHOWN and kind in _LISTS
    return Group(
        heading=_HEADINGS[kind],
        rows=[(f"{_PLACES[kind]}/{row.id}", row) for row in rows[:_SHOWN]],
        more=f"{_LISTS[kind]}?{urlencode({'q': words})}" if is_more else "",
    )
