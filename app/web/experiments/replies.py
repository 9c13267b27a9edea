"""What people wrote back: every answer, newest first, searched; a few of them on the readout."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar

from fastapi import APIRouter, Query, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse

from app.delivery import reply_store
from app.delivery.inbox import stopping
from app.delivery.models import WrittenBack
from app.experiments import store
from app.identity.guard import Db, Who
from app.platform.texts import storable_part
from app.web.experiments import header
from app.web.experiments.header import Place
from app.web.kit import formatting
from app.web.kit.list_paging import Cursor, next_of
from app.web.kit.pages import Page, render

router = APIRouter(prefix="/experiments")
_PAGE = 50
_ON_THE_READOUT = 5
_Wanted = Annotated[str, Query(max_length=200)]
_NO_WORDS = "No words of their own."
_UNREAD = "This text could not be read."


@dataclass(frozen=True, slots=True)
class Quote:
    """One answer, as far as its reader may know of it."""

    words: str
    has_words: bool
    at: datetime
    arm: str
    email: str  # empty for whoever may not see addresses
    person_id: str
    notes: str


@dataclass(frozen=True, slots=True)
class Quotes:
    """The newest answers, and how many there are."""

    sentence: str
    newest: Sequence[Quote]
    answers: int


@dataclass(frozen=True, kw_only=True)
class RepliesPage(Page):
    """Every answer to an experiment's mails."""

    template: ClassVar[str] = "experiments/replies.html"
    section: ClassVar[str] = "experiments"

    place: Place
    quotes: list[Quote]
    sentence: str
    wanted: str
    come_back: bool
    next_address: str | None


@router.get("/{experiment_id}/replies")
def replies(
    *,
    request: Request,
    session: Db,
    who: Who,
    experiment_id: str,
    q: _Wanted = "",
    cursor: Cursor = None,
) -> HTMLResponse:
    """What people wrote back, in their words."""
    experiment, wanted = store.experiment_of(session, experiment_id), storable_part(q).strip()
    rows = reply_store.answers_page(
        session,
        experiment_id,
        cursor=cursor,
        limit=_PAGE,
        wanted=wanted,
        is_open=who.sees_addresses,
    )
    kept = {"q": wanted} if wanted else {}
    page = RepliesPage(
        place=header.place_of(session, experiment),
        quotes=[_quote(row, is_open=who.sees_addresses) for row in rows],
        sentence=_sentence(*reply_store.counted(session, experiment_id)),
        wanted=wanted,
        come_back=bool(request.app.state.settings.mail_replies),
        next_address=next_of(f"/experiments/{experiment_id}/replies", rows, **kept),
    )
    return render(request, page)


def quotes_of(session: Session, experiment_id: str, *, is_open: bool) -> Quotes:
    """The newest answers, for the readout. `is_open`: whether its reader may know who wrote."""
    answers, people = reply_store.counted(session, experiment_id)
    if not answers:
        return Quotes("", (), 0)
    rows = reply_store.answers_page(session, experiment_id, limit=_ON_THE_READOUT, is_open=is_open)
    newest = [_quote(row, is_open=is_open) for row in rows]
    return Quotes(_sentence(answers, people), newest, answers)


def _sentence(answers: int, people: int) -> str:
    if not answers:
        return ""
    who = formatting.plural(people, "person", "people")
    several = f", in {formatting.number(answers)} mails" if answers > people else ""
    return f"{who} wrote back{several}. Words explain a result; they never change it."


def _quote(row: reply_store.Row, *, is_open: bool) -> Quote:
    answer, arm, person_id, email = row
    words = answer.words if is_open else answer.nameless
    said = _UNREAD if answer.is_unread else words or _NO_WORDS
    return Quote(
        words=said,
        has_words=bool(words),
        at=answer.at,
        arm=arm,
        email=email if is_open else "",
        person_id=person_id if is_open else "",
        notes=" ".join(_notes(answer)),
    )


def _notes(answer: WrittenBack) -> list[str]:
    notes = []
    if stopping.asks(answer.words):
        notes.append("It asks for no more mail: they get none any more.")
    if answer.is_cut:
        notes.append("It goes on; no more of it is kept.")
    if answer.left_out:
        notes.append(f"{formatting.plural(answer.left_out, 'file')} left out.")
    if answer.is_from_elsewhere:
        notes.append("Written by another address.")
    return notes
