"""People, listed page by page, sorted, and searched by whatever stands in their columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.audience import one_person, people_rows, store
from app.audience.columns import Columns, Type
from app.audience.models import Audience, Membership, Person
from app.audience.own import OWN, Kept
from app.audience.people_rows import Sort
from app.identity.guard import Db, Look, Now, Who
from app.platform.asked import Choices
from app.platform.errors import AppError
from app.web.kit.form_state import Form, Typed
from app.web.kit.list_paging import Cursor, next_of
from app.web.kit.pages import Page, go, refuse, render

router = APIRouter(prefix="/audiences")
_PAGE = 50
_SHOWN_COLUMNS = 4
_CONSENTS: Choices = (("unknown", "Not said"), ("yes", "Yes"), ("no", "No"))
_HINTS = {Type.TEXT: "", Type.NUMBER: "A number", Type.DATE: "A date", Type.BOOLEAN: "Yes or no"}
SORTS: Choices = (
    ("id", "As they came"),
    ("name", "By name"),
    ("email", "By address"),
)
Sorted = Annotated[Sort, Query()]


@dataclass(frozen=True, slots=True)
class PersonLine:
    """Somebody in a list, with their first columns there."""

    person: Person
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CellField:
    """A cell of somebody, to be changed."""

    name: str  # of its field
    label: str
    value: str
    hint: str
    choices: Choices


@dataclass(frozen=True, kw_only=True)
class PeoplePage(Page):
    """The people of an audience."""

    template: ClassVar[str] = "audiences/people.html"
    section: ClassVar[str] = "audiences"

    audience: Audience
    lines: list[PersonLine]
    shown: list[str]
    words: str
    sort: str
    sorts: Choices
    cursor: str
    next_cursor: str | None
    next_address: str | None
    form: Typed


@dataclass(frozen=True, kw_only=True)
class PersonPage(Page):
    """Somebody in an audience, or somebody new: their columns, to be changed."""

    template: ClassVar[str] = "audiences/person.html"
    section: ClassVar[str] = "audiences"

    audience: Audience
    person: Person | None
    fields: list[CellField]
    form: Typed


@router.get("/{audience_id}/people")
def listed(
    *,
    request: Request,
    session: Db,
    audience_id: str,
    sort: Sorted = Sort.ID,
    cursor: Cursor = None,
) -> HTMLResponse:
    """Everybody in it, page by page."""
    found = _page(session, audience_id, words="", sort=sort, cursor=cursor)
    return render(request, found)


@router.post("/{audience_id}/people/find")
def find(request: Request, session: Look, form: Form, audience_id: str) -> HTMLResponse:
    """Those in whose columns these words stand. They come by POST: an address bar is logged."""
    known = {one.value for one in Sort}
    sort = Sort(form.value("sort")) if form.value("sort") in known else Sort.ID
    words, cursor = form.value("words").strip(), form.text("cursor")
    return render(request, _page(session, audience_id, words=words, sort=sort, cursor=cursor))


@router.get("/{audience_id}/people/new")
def new(request: Request, session: Db, audience_id: str) -> HTMLResponse:
    """A form for one more."""
    return render(request, _person(session, audience_id, None, Typed()))


@router.post("/{audience_id}/people")
def add(
    *, request: Request, session: Db, who: Who, now: Now, form: Form, audience_id: str
) -> Response:
    """One more, checked as a line of a file is."""
    marker = request.app.state.keyring.marks
    try:
        made = one_person.add(
            session, audience_id, _cells(form), by=who.name, marker=marker, now=now
        )
    except (ValidationError, AppError) as error:
        wrong = form.mended(error, _NAMES)
        refuse(request, _person(session, audience_id, None, wrong))
    return go(f"/audiences/{audience_id}/people/{made.id}", said="added")


@router.get("/{audience_id}/people/{person_id}")
def show(request: Request, session: Db, audience_id: str, person_id: str) -> HTMLResponse:
    """Their columns."""
    return render(request, _person(session, audience_id, person_id, Typed()))


@router.post("/{audience_id}/people/{person_id}")
def change(
    *,
    request: Request,
    session: Db,
    who: Who,
    now: Now,
    form: Form,
    audience_id: str,
    person_id: str,
) -> Response:
    """Save them; an empty cell empties."""
    marker = request.app.state.keyring.marks
    try:
        one_person.change(
            session, audience_id, person_id, _cells(form), by=who.name, marker=marker, now=now
        )
    except (ValidationError, AppError) as error:
        refuse(request, _person(session, audience_id, person_id, form.mended(error, _NAMES)))
    return go(f"/audiences/{audience_id}/people/{person_id}", said="saved")


_NAMES: Mapping[str, str] = {name: f"cell:{name}" for name in OWN}


def _cells(form: Typed) -> dict[str, Any]:
    cells: dict[str, Any] = {
        name.removeprefix("cell:"): form.value(name)
        for name in form.fields
        if name.startswith("cell:")
    }
    if called := form.value("new_name").strip():
        cells[called] = form.value("new_value")
    return cells


def _page(
    session: Session, audience_id: str, *, words: str, sort: Sort, cursor: str | None
) -> PeoplePage:
    audience = store.audience_of(session, audience_id)
    rows = people_rows.found(
        session, words=words, audience_id=audience_id, sort=sort, cursor=cursor, limit=_PAGE
    )
    shown = [str(column["name"]) for column in audience.columns[:_SHOWN_COLUMNS]]
    held = store.memberships(session, audience_id, [person.id for person in rows])
    address = f"/audiences/{audience_id}/people"
    return PeoplePage(
        audience=audience,
        lines=[_line(person, held.get(person.id), shown) for person in rows],
        shown=shown,
        words=words,
        sort=sort,
        sorts=SORTS,
        cursor=cursor or "",
        next_cursor=rows.next if words else None,
        next_address=None if words else next_of(address, rows, sort=sort),
        form=Typed.of(words=words, sort=sort),
    )


def _line(person: Person, member: Any, shown: Sequence[str]) -> PersonLine:
    data = member.data if member is not None else {}
    return PersonLine(person, tuple(str(data.get(name, "")) for name in shown))


def _person(session: Session, audience_id: str, person_id: str | None, form: Typed) -> PersonPage:
    audience = store.audience_of(session, audience_id)
    person, member = None, None
    if person_id is not None:
        person = store.person_of(session, person_id)
        member = people_rows.member(session, audience_id, person_id, is_needed=True)
    return PersonPage(
        audience=audience,
        person=person,
        fields=[*_own(person), *_others(audience, member)],
        form=form if form.fields else _filled(person, audience, member),
    )


def _own(person: Person | None) -> list[CellField]:
    return [
        CellField(
            f"cell:{name}",
            "Address" if one.kept is Kept.ADDRESS else one.label,
            (getattr(person, name) or "") if person else "",
            "",
            _CONSENTS if one.kept is Kept.CONSENT else (),
        )
        for name, one in OWN.items()
        if not (person and one.kept is Kept.ADDRESS)
    ]


def _others(audience: Audience, member: Membership | None) -> list[CellField]:
    data = member.data if member else {}
    names = {str(column["name"]) for column in audience.columns} | set(data)
    read = Columns.of(audience.columns)
    return [
        CellField(f"cell:{name}", name, str(data.get(name, "")), _HINTS[read.column(name).type], ())
        for name in sorted(names)
    ]


def _filled(person: Person | None, audience: Audience, member: Membership | None) -> Typed:
    values = {one.name: one.value for one in (*_own(person), *_others(audience, member))}
    return Typed.of(**values)
