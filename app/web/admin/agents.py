"""The page where somebody lets an agent in, or not; and the list of those they let in.

A browser is led to a program's address by a button that a person pressed on that page, and by
nothing else: whatever is wrong with a question is said here, to the person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.identity import guard, store, throttle
from app.identity.callers import Principal
from app.identity.guard import Db, Now, Who
from app.identity.models import AgentGrant
from app.identity.oauth import asked as questions
from app.identity.oauth import documents, grants, offered, programs, redirects
from app.identity.oauth.asked import Asked, BadRequest
from app.identity.oauth.programs import Program
from app.identity.roles import Role
from app.platform.errors import Invalid
from app.web.kit.form_state import Form, Typed
from app.web.kit.pages import Page, go, refuse, render

router = APIRouter()


@dataclass(frozen=True, kw_only=True)
class QuestionPage(Page):
    """Who asks, where the answer goes, and what it may do."""

    template: ClassVar[str] = "admin/agent_question.html"

    name: str
    host: str  # whom the answer goes to
    is_here: bool  # to a program on the machine of whoever looks
    document: str  # that the program is known by; empty: it registered itself
    can_draft: bool  # whether who looks may let it
    wants_drafts: bool
    fields: Mapping[str, str]
    form: Typed


@dataclass(frozen=True, kw_only=True)
class AnsweredPage(Page):
    """On to the program, with the answer."""

    template: ClassVar[str] = "admin/agent_answered.html"

    name: str
    host: str
    is_let_in: bool
    address: str


@dataclass(frozen=True, kw_only=True)
class AgentsPage(Page):
    """Whom somebody let in."""

    template: ClassVar[str] = "admin/agents.html"

    agents: Sequence["AgentRow"]
    why_not: str  # why nobody can let one in from here; empty: they can


@dataclass(frozen=True, slots=True)
class AgentRow:
    """One of them."""

    id: str
    name: str
    host: str
    drafts: bool
    since: datetime
    used: datetime | None
    until: datetime

    @classmethod
    def of(cls, row: AgentGrant) -> "AgentRow":
        """As its owner reads of it."""
        return cls(
            id=row.id,
            name=row.name,
            host=redirects.host_of(row.redirect),
            drafts=row.scope == offered.DRAFTING,
            since=row.created_at,
            used=row.last_used_at,
            until=row.until,
        )


@router.get(offered.AUTHORIZE)
def ask(request: Request, who: Who, now: Now) -> HTMLResponse:
    """A program sent somebody here: ask them."""
    asked = _asked(request, request.query_params.multi_items())
    program = _program(request, asked, who, now=now)
    return render(request, _page(who, asked, program, Typed.of(read="yes")))


@router.post(offered.AUTHORIZE)
def answer(request: Request, who: Who, now: Now, form: Form) -> Response:
    """What they say. The program is looked up again, while no transaction waits for it."""
    pairs = [(name, value) for name, values in form.fields.items() for value in values]
    asked = _asked(request, pairs)
    program = _program(request, asked, who, now=now)
    said = _said(request, who, asked, program, form, now=now)
    return _led_on(request, asked, program, said)


def _said(
    request: Request, who: Principal, asked: Asked, program: Program, form: Typed, *, now: datetime
) -> dict[str, str]:
    """What the program is told, once it is written down."""
    word = form.value("answer")
    if word not in {"allow", "refuse"}:
        raise Invalid.at("answer", "Let it in, or refuse.")
    try:
        with request.app.state.database.write() as session:
            grants.take_turn(session, who.id)
            guard.refuse_sent_away(session, request)
            user = store.user_of(session, who.id)
            if word == "refuse":
                grants.refuse(session, user, asked, program, now=now)
                return {"error": "access_denied"}
            scope = " ".join(one for one in (offered.READ, offered.DRAFT) if form.value(one))
            return {"code": grants.allow(session, user, asked, program, scope, now=now)}
    except Invalid as error:
        refuse(request, _page(who, asked, program, form.refused(error)))


def _led_on(
    request: Request, asked: Asked, program: Program, said: Mapping[str, str]
) -> HTMLResponse:
    """A page that goes on by itself: a form may not lead to another host (our CSP)."""
    issuer = request.app.state.settings.public_url
    address = redirects.answered(asked.redirect, **said, state=asked.state, iss=issuer)
    page = AnsweredPage(
        name=program.name,
        host=redirects.host_of(asked.redirect),
        is_let_in="code" in said,
        address=address,
    )
    led = render(request, page)
    led.headers["Refresh"] = f"0;url={address}"
    led.headers["Referrer-Policy"] = "no-referrer"
    return led


def _asked(request: Request, pairs: Sequence[tuple[str, str]]) -> Asked:
    offered.refuse_unoffered(request.app.state.settings)
    return questions.read(pairs, request.app.state.settings)


def _program(request: Request, asked: Asked, who: Principal, *, now: datetime) -> Program:
    """Who asks, and that the answer may go where it is wanted."""
    if documents.is_address(asked.client_id):
        throttle.check_looking_up(who.id)
        program = documents.program_at(asked.client_id)
    else:
        with request.app.state.database.read() as session:
            program = programs.registered(session, asked.client_id, now=now)
    if not redirects.is_registered(asked.redirect, program.redirects):
        raise BadRequest(
            f"“{program.name}” wants the answer at an address that it did not name before. Nothing"
            " was sent there."
        )
    return program


def _page(who: Principal, asked: Asked, program: Program, form: Typed) -> QuestionPage:
    return QuestionPage(
        name=program.name,
        host=redirects.host_of(asked.redirect),
        is_here=redirects.is_here(asked.redirect),
        document=program.id if documents.is_address(program.id) else "",
        can_draft=who.role.may(Role.EDITOR),
        wants_drafts=asked.wants_drafts,
        fields=asked.fields,
        form=form,
    )


@router.get("/account/agents")
def listed(request: Request, session: Db, who: Who, now: Now) -> HTMLResponse:
    """Whom one let in, and when they last came."""
    rows = [AgentRow.of(row) for row in grants.listed(session, who.id, now=now)]
    why_not = offered.why_not(request.app.state.settings) or ""
    return render(request, AgentsPage(agents=rows, why_not=why_not))


@router.post("/account/agents/{grant_id}/end")
def take_back(request: Request, who: Who, now: Now, grant_id: str) -> Response:
    """It opens nothing from now on."""
    with request.app.state.database.write() as session:
        guard.refuse_sent_away(session, request)
        _take_back(session, who, grant_id, now=now)
    return go("/account/agents", said="agent-ended")


def _take_back(session: Session, who: Principal, grant_id: str, *, now: datetime) -> None:
    grants.take_back(session, store.user_of(session, who.id), grant_id, now=now)
