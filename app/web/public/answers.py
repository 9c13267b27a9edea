"""The answer page: what a customer's click leads to where nothing is built, and their Yes or No."""

from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from markupsafe import Markup
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.delivery import answers_page
from app.experiments.models import Experiment
from app.identity.guard import Db, Now
from app.links.keyring import Kind
from app.tracking import answers
from app.web.kit.form_state import Form
from app.web.kit.pages import SpokenPage, go, render
from app.web.kit.public_links import read_public
from app.web.public.readers import words_for

router = APIRouter()
_USEFUL = {"yes": True, "no": False}


@dataclass(frozen=True, kw_only=True)
class AnswerPage(SpokenPage):
    """The person's own columns, and one question to whoever may be asked."""

    template: ClassVar[str] = "public/answer.html"

    html: Markup  # written by delivery: the author's Markdown, the person's values escaped
    address: str
    asks: bool
    useful: bool | None
    comment: str
    said: bool
    nothing_said: bool
    rehearsal: bool


@router.get("/a/{token}")
def show(request: Request, session: Db, now: Now, token: str) -> HTMLResponse:
    """Write the page for whoever holds this token."""
    here = now.astimezone(request.app.state.settings.zone)
    page = answers_page.answer_page(session, read_public(request, token, Kind.ANSWER), now=here)
    given = answers.answer_of(session, page.send_id)
    is_sent = "thanks" in request.query_params
    is_blank = given is not None and given.useful is None and not given.comment
    return render(
        request,
        AnswerPage(
            words=words_for(request, session.get(Experiment, page.experiment_id)),
            html=Markup(page.html),  # noqa: S704 - raw HTML is off in Markdown, values are escaped
            address=f"/a/{token}",
            asks=page.asks,
            useful=given.useful if given else None,
            comment=given.comment if given else "",
            said=is_sent and not is_blank,
            nothing_said=is_sent and is_blank,
            rehearsal=page.rehearsal,
        ),
    )


@router.post("/a/{token}")
def answer(request: Request, session: Db, now: Now, form: Form, token: str) -> Response:
    """Keep the answer; it never changes a result."""
    send_id = answers_page.whose(session, read_public(request, token, Kind.ANSWER))
    _keep(session, send_id, form.value("useful"), form.value("comment"), now=now)
    return go(f"/a/{token}?thanks")


def _keep(session: Session, send_id: int, useful: str, comment: str, *, now: Now) -> None:
    answers.save(session, send_id, _USEFUL.get(useful), comment, now)
