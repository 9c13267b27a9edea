"""People, listed page by page, sorted, and searched by whatever stands in their columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from fastapi import APIRouter, Request
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.audience import one_person, people_rows, store
from app.audience.columns import Columns, Type
from app.audience.models import Audience, Membership, Person
from app.audience.own import OWN, Kept
from app.audience.people_rows import LISTING
from app.identity.guard import Db, Look, Now, Who
from app.platform.asked import Choices
from app.platform.errors import AppError
from app.platform.listing import Asked
from app.web.kit.form_state import Form, Typed
from app.web.kit.lists import FromAddress, Shown, narrowed_to, of_form, shown
from app.web.kit.pages import Page, go, refuse, render

router = APIRouter(prefix="/audiences")
_PAGE = 50
_SHOWN_COLUMNS = 4
_CONSENTS: Choices = (("unknown", "Not said"), ("yes", "Yes"), ("no", "No"))
_HINTS = {Type.TEXT: "", Type.NUMBER: "A number", Type.DATE: "A date", Type.BOOLEAN: "Yes or no"}
COLUMNS: Mapping[str, str] = {"id": "As they came", "name": "Name", "email": "Address"}
HINT = "An address, a name, a word of their columns"


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
    list: Shown


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
def listed(request: Request, session: Db, asked: FromAddress, audience_id: str) -> HTMLResponse:
    """Everybody in it, page by page."""
    return render(request, _page(session, audience_id, narrowed_to(asked, LISTING, words="")))


@router.post("/{audience_id}/people/find")
def find(request: Request, session: Look, form: Form, audience_id: str) -> HTMLResponse:
    """Those in whose columns these words stand. They come by POST: an address bar is logged."""
    return render(request, _page(session, audience_id, of_form(form)))


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


def _page(session: Session, audience_id: str, asked: Asked) -> PeoplePage:
    audience = store.audience_of(session, audience_id)
    rows = people_rows.found(session, asked, audience_id=audience_id, limit=_PAGE)
    columns = [str(column["name"]) for column in audience.columns[:_SHOWN_COLUMNS]]
    held = store.memberships(session, audience_id, [person.id for person in rows])
    home = f"/audiences/{audience_id}/people"
    return PeoplePage(
        audience=audience,
        lines=[_line(person, held.get(person.id), columns) for person in rows],
        shown=columns,
        list=shown(LISTING, rows, asked, home, COLUMNS, hint=HINT, find=f"{home}/find"),
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
