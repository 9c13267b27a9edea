"""Customers: one found by address, what is held about them, and the way to be forgotten."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.audience import declined_store, erasure_rows, people_rows, store, suppression_store
from app.audience.models import Audience, Person
from app.audience.own import OWN, Consent, Kept
from app.audience.people_rows import LISTING
from app.delivery import personal as sends
from app.experiments.design_schemas import MAIL_KINDS
from app.identity.guard import Db, Look, Now
from app.platform.errors import AppError, Invalid
from app.platform.listing import Asked
from app.privacy import erasing, export, readmission
from app.web.audiences.people_lists import COLUMNS, HINT
from app.web.kit.form_state import Form, Typed
from app.web.kit.lists import FromAddress, Shown, narrowed_to, of_form, shown
from app.web.kit.pages import Page, go, refuse, render

router = APIRouter(prefix="/customers")
_PAGE = 50  # people
_COLUMNS = {**COLUMNS, "id": "Known since"}

# What each kind of row is called where people read it, in the order of a customer's story.
_WORDS = {
    "audiences": "Audiences, with their columns there",
    "enrolments": "Experiments they are in",
    "left_out": "Experiments that left them out",
    "sends": "Mails to them",
    "outcomes": "What came of these mails",
    "hits": "Clicks and opens",
    "answers": "Answers on answer pages",
    "conversions": "Conversions",
    "suppressions": "Do-not-mail entries",
    "declined": "Kinds of mail they turned off",
    "replies": "Answers by mail",
    "mails": "Mails in the outbox",
    "test_mails": "Test mails with their columns",
    "notes": "Notes on their cells",
    "mentions": "Other texts that hold their address",
}

_SAID: Mapping[str, str] = {
    Consent.YES: "They said yes",
    Consent.NO: "They said no",
    Consent.UNKNOWN: "Not said",
}


@dataclass(frozen=True, kw_only=True)
class FindPage(Page):
    """Whose address?"""

    template: ClassVar[str] = "audiences/customer_find.html"
    section: ClassVar[str] = "customers"

    form: Typed
    people: Sequence[Person]
    list: Shown
    missing: bool  # nobody has the address that was asked for
    waiting: int  # erasures that are being finished


@dataclass(frozen=True, kw_only=True)
class CustomerPage(Page):
    """What is held about one person."""

    template: ClassVar[str] = "audiences/customer.html"
    section: ClassVar[str] = "customers"

    person: Person
    rows: list[tuple[str, int]]
    suppressed: bool
    turned_off: Sequence[str]  # kinds of mail
    consents: tuple[tuple[str, str], ...]  # what was asked, and what they said
    audiences: Sequence[Audience]  # that they are in


@dataclass(frozen=True, kw_only=True)
class ErasePage(Page):
    """The question before somebody is erased."""

    template: ClassVar[str] = "audiences/customer_erase.html"
    section: ClassVar[str] = "customers"

    person: Person
    released: int
    waiting: int


@router.get("")
def listed(request: Request, session: Db, asked: FromAddress) -> HTMLResponse:
    """Everybody, page by page, and a field to find somebody."""
    return render(request, _find_page(session, Typed(), narrowed_to(asked, LISTING, words="")))


@router.post("/find")
def find(request: Request, session: Look, form: Form) -> Response:
    """To the person of an address, or all of whom these words are said.

    It comes by POST: what stands in an address bar is logged.
    """
    asked = of_form(form)
    page = _find_page(session, form, asked)
    try:
        person = store.person_by_email(session, asked.words) if "@" in asked.words else None
    except AppError as error:
        if not page.people:
            wrong = form.refused(Invalid.at("q", str(error)))
            refuse(request, _find_page(session, wrong, Asked()))
        person = None
    return go(f"/customers/{person.id}") if person else render(request, page)


@router.post("/readmit")
def readmit(request: Request, session: Db, form: Form) -> Response:
    """Somebody who was erased may come back."""
    marker = request.app.state.keyring.marks
    try:
        readmission.readmit(session, form.value("email"), None, marker=marker)
    except AppError as error:
        wrong = form.refused(Invalid.at("email", str(error)))
        refuse(request, _find_page(session, wrong, Asked()))
    return go("/customers", said="readmitted")


@router.get("/{person_id}")
def show(request: Request, session: Db, person_id: str) -> HTMLResponse:
    """How many rows of which kind."""
    person = store.person_of(session, person_id)
    held = export.counted(session, person_id)
    rows = [(words, held[name]) for name, words in _WORDS.items() if held[name]]
    declined = declined_store.kinds_of(session, person.email_key)
    is_suppressed = bool(suppression_store.suppressed(session, [person.email_key]))
    consents = tuple(
        (one.asked, _SAID[getattr(person, name)])
        for name, one in OWN.items()
        if one.kept is Kept.CONSENT
    )
    return render(
        request,
        CustomerPage(
            person=person,
            rows=rows,
            suppressed=is_suppressed,
            turned_off=[words for kind, words in MAIL_KINDS if kind in declined],
            consents=consents,
            audiences=[audience for audience, _ in store.memberships_of(session, person_id)],
        ),
    )


@router.get("/{person_id}/export")
def download(session: Db, person_id: str) -> Response:
    """Everything, as JSON, for the person to keep."""
    body = json.dumps(export.rows_about(session, person_id), ensure_ascii=False, indent=2)
    headers = {"Content-Disposition": f'attachment; filename="person-{person_id}.json"'}
    return Response(body, media_type="application/json", headers=headers)


@router.get("/{person_id}/erase")
def ask(request: Request, session: Db, person_id: str) -> HTMLResponse:
    """What will happen, and one button."""
    person = store.person_of(session, person_id)
    waiting, released = sends.counted(session, person_id)
    return render(request, ErasePage(person=person, waiting=waiting, released=released))


@router.post("/{person_id}/erase")
def erase(request: Request, session: Db, now: Now, person_id: str) -> Response:
    """Forget them."""
    erasing.erase(session, person_id, marker=request.app.state.keyring.marks, now=now)
    return go("/customers", said="erased")


def _find_page(session: Session, form: Typed, asked: Asked) -> FindPage:
    people = people_rows.found(session, asked, limit=_PAGE)
    return FindPage(
        form=form,
        people=people,
        list=shown(
            LISTING, people, asked, "/customers", _COLUMNS, hint=HINT, find="/customers/find"
        ),
        missing=bool(asked.words) and not people,
        waiting=erasure_rows.waiting(session),
    )
