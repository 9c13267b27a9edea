"""The Friday page: signed, without log-in or script. Each part is a section of one form."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from fastapi import APIRouter, Request
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.allocation import answers, store, weeks
from app.allocation.calendar import week_numbered
from app.allocation.models import Bucket, Opening, Respondent
from app.allocation.schemas import AnswerDraft
from app.allocation.summary import WHOLE, Split, off_by
from app.identity.guard import Db, Now
from app.links.keyring import Kind
from app.platform.errors import AppError, Invalid, NotFound
from app.web.pages import Page, go, refuse, render
from app.web.typed import Form, Typed
from app.web.unsubscribes import read_public

router = APIRouter()
_GOOD_FOR = timedelta(days=30)  # after closing; as long as a week's own link
_PREFIX = "share."


@dataclass(frozen=True, slots=True)
class Asked:
    """Who holds the link, and the week that it is about."""

    respondent: Respondent
    opening: Opening
    token: str


@dataclass(frozen=True, kw_only=True)
class FridayPage(Page):
    """One form, a section for each part of the week."""

    template: ClassVar[str] = "public/friday/page.html"

    week: str
    name: str
    address: str
    closes_at: datetime
    late: bool
    form: Typed
    buckets: Sequence[Bucket]
    total: int
    thanks: bool
    team: Split | None


@router.get("/s/{token}")
def show(request: Request, session: Db, now: Now, token: str) -> HTMLResponse:
    """The week's questions, filled in with what was answered, or with last week's answer."""
    asked = _asked(request, session, token, now=now)
    return render(request, _page(request, session, asked, _filled(session, asked), now=now))


@router.post("/s/{token}")
def answer(request: Request, session: Db, now: Now, form: Form, token: str) -> Response:
    """Keep what was answered; the token is the secret, so no session is looked at."""
    asked = _asked(request, session, token, now=now)
    try:
        draft = AnswerDraft(shares=_shares(session, form), note=form.value("note"))
        answers.put(session, asked.opening.week, asked.respondent, draft, now=now)
    except (AppError, ValidationError) as error:
        refuse(request, _page(request, session, asked, form.mended(error), now=now))
    return go(f"/s/{token}?thanks")


def _asked(request: Request, session: Session, token: str, *, now: datetime) -> Asked:
    link = read_public(request, token, Kind.SURVEY)
    week = week_numbered(link.set_id)
    opening = store.opening_of(session, week)
    respondent = store.respondent_numbered(session, link.id)
    if opening is None or respondent is None or now > opening.closes_at + _GOOD_FOR:
        raise NotFound("This link is not valid. It may have been cut off by a mail program.")
    return Asked(respondent, opening, token)


def _filled(session: Session, asked: Asked) -> Typed:
    week, respondent_id = asked.opening.week, asked.respondent.id
    given = store.answer_of(session, week, respondent_id)
    before = given or store.answer_before(session, week, respondent_id)
    shares = before.shares if before else {}
    fields = {f"{_PREFIX}{bucket}": (str(share),) for bucket, share in shares.items()}
    return Typed(fields={**fields, "note": (given.note if given else "",)})


def _shares(session: Session, form: Typed) -> dict[str, int]:
    shares = {}
    for bucket in store.buckets(session):
        typed = form.value(f"{_PREFIX}{bucket.id}").strip().removesuffix("%").strip() or "0"
        if not (typed.isascii() and typed.isdigit() and int(typed[:4]) <= WHOLE):
            wrong = f"“{bucket.name}” takes a whole number from 0 to 100."
            raise Invalid.at(f"{_PREFIX}{bucket.id}", wrong)
        shares[bucket.id] = int(typed)
    wrong_sum = off_by(shares)
    if wrong_sum:
        raise Invalid(wrong_sum)
    return shares


def _page(
    request: Request, session: Session, asked: Asked, form: Typed, *, now: datetime
) -> FridayPage:
    thanks = "thanks" in request.query_params
    buckets = sorted(store.buckets(session), key=lambda bucket: bucket.elective)
    typed = [form.value(f"{_PREFIX}{bucket.id}") for bucket in buckets]
    return FridayPage(
        week=asked.opening.week,
        name=asked.respondent.name,
        address=f"/s/{asked.token}",
        closes_at=asked.opening.closes_at,
        late=now > asked.opening.closes_at,
        form=form,
        buckets=buckets,
        total=sum(int(one) for one in typed if one.isascii() and one.isdigit()),
        thanks=thanks,
        team=_team(session, asked) if thanks else None,
    )


def _team(session: Session, asked: Asked) -> Split | None:
    week = weeks.of(session, asked.opening.week)
    return week.teams.get(asked.respondent.team_id or "", week.everybody)
