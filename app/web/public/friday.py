"""The Friday page: signed, without log-in or script. Each part is a section of one form."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.allocation import answer_store, answers, store, weeks
from app.allocation.calendar import week_numbered
from app.allocation.models import Bucket, Invitation, Opening, Respondent
from app.allocation.schemas import AnswerDraft
from app.allocation.summary import WHOLE
from app.identity.guard import Db, Now
from app.languages import written
from app.languages.error_words import NOT_VALID
from app.languages.words import Words, words_of
from app.links.keyring import Kind
from app.platform.errors import Invalid, NotFound
from app.platform.iso_weeks import monday_of
from app.review import friday_questions, items
from app.review.friday_questions import Asked
from app.review.models import Kept
from app.review.shapes import Item
from app.web.kit.form_state import Form, Typed
from app.web.kit.pages import SpokenPage, go, refuse, render
from app.web.kit.public_links import read_public
from app.web.public import friday_numbers
from app.web.public.friday_numbers import NumberAsked
from app.web.public.readers import words_for

router = APIRouter()
_GOOD_FOR = timedelta(days=30)  # after closing; as long as a week's own link
_NUMBERS_FOR = timedelta(days=7)  # later, an old week's mail would speak of today's number
_TOO_FEW = "This adds up to {total}: {rest} are missing."
_TOO_MANY = "This adds up to {total}: {rest} are too many."
_PREFIX = "share."
_LONGEST = 1_000  # characters of a note


@dataclass(frozen=True, slots=True)
class Guest:
    """Who holds the link, the week that it is about, and what concerns them."""

    respondent: Respondent
    opening: Opening
    invitation: Invitation | None
    asked: Asked
    token: str

    @property
    def gives_time(self) -> bool:
        """Whether they are asked where their time went."""
        return self.invitation.asked_time if self.invitation else self.respondent.asked_time


@dataclass(frozen=True, kw_only=True)
class FridayPage(SpokenPage):
    """One form, a section for each part of the week."""

    template: ClassVar[str] = "public/friday/page.html"

    days: str  # the week, in days
    name: str
    address: str
    late: bool
    form: Typed
    gives_time: bool
    buckets: Sequence[tuple[Bucket, str]]  # each with what it is called
    total: int
    numbers: Sequence[NumberAsked]
    promised: Sequence[Item]
    thanks: bool
    team: str | None  # its share of what had to be done


@router.get("/s/{token}")
def show(request: Request, session: Db, now: Now, token: str) -> HTMLResponse:
    """The week's questions, filled in with what was answered, or with last week's answer."""
    guest = _guest(request, session, token, now=now)
    return render(
        request, _page(request, session, guest, _filled(request, session, guest, now), now)
    )


@router.post("/s/{token}")
def answer(request: Request, session: Db, now: Now, form: Form, token: str) -> Response:
    """Keep what was answered; the token is the secret, so no session is looked at."""
    guest = _guest(request, session, token, now=now)
    wrong = _keep(request, session, guest, form, now)
    if wrong:
        refuse(request, _page(request, session, guest, wrong, now))
    if guest.invitation:
        guest.invitation.answered_at = now
        session.add(guest.invitation)
    return go(f"/s/{token}?thanks")


def _guest(request: Request, session: Session, token: str, *, now: datetime) -> Guest:
    link = read_public(request, token, Kind.SURVEY)
    week = week_numbered(link.set_id)
    opening = store.opening_of(session, week)
    respondent = store.respondent_numbered(session, link.id)
    if opening is None or respondent is None or now > opening.closes_at + _GOOD_FOR:
        raise NotFound(NOT_VALID)
    invitation = store.invitation_of(session, week, respondent.id)
    today = now.astimezone(request.app.state.settings.zone).date()
    theirs = Asked((), ())
    if now <= opening.closes_at + _NUMBERS_FOR:
        theirs = friday_questions.questions_for(session, week, respondent, today=today)
    return Guest(respondent, opening, invitation, theirs, token)


def _keep(
    request: Request, session: Session, guest: Guest, form: Typed, now: datetime
) -> Typed | None:
    """All sections, or none of them: the form with what is wrong, or None."""
    words = _words(request, guest)
    try:
        if guest.gives_time:
            shares = _shares(session, guest, form, words)
            draft = AnswerDraft(shares=shares, note=_note(form, words))
            answers.put(session, guest.opening.week, guest.respondent, draft, now=now)
    except Invalid as error:
        return form.mended(error)
    for item in guest.asked.promised:
        kept = form.value(f"kept.{item.id}")
        if kept in set(Kept):
            items.settle(session, item.id, Kept(kept), now=now)
    zone = request.app.state.settings.zone
    told = guest.asked.key_results
    return friday_numbers.put(
        session, told, form, words, by=guest.respondent.name, zone=zone, now=now
    )


def _filled(request: Request, session: Session, guest: Guest, now: datetime) -> Typed:
    week, respondent_id = guest.opening.week, guest.respondent.id
    given = answer_store.answer_of(session, week, respondent_id)
    before = given or answer_store.answer_before(session, week, respondent_id)
    shares = before.shares if before else {}
    fields: dict[str, tuple[str, ...]]
    fields = {f"{_PREFIX}{bucket}": (str(share),) for bucket, share in shares.items()}
    fields |= {f"kept.{item.id}": (item.kept or "",) for item in guest.asked.promised}
    today = now.astimezone(request.app.state.settings.zone).date()
    fields |= friday_numbers.filled(guest.asked.key_results, today)
    return Typed(fields={**fields, "note": (given.note if given else "",)})


def _shares(session: Session, guest: Guest, form: Typed, words: Words) -> dict[str, int]:
    shares = {}
    for bucket in store.buckets_of(session, guest.opening.week):
        typed = form.value(f"{_PREFIX}{bucket.id}").strip().removesuffix("%").strip() or "0"
        if not (typed.isascii() and typed.isdigit() and int(typed[:4]) <= WHOLE):
            wrong = words.say(
                "“{name}” takes a whole number from 0 to 100.", name=_called(bucket, words)
            )
            raise Invalid.at(f"{_PREFIX}{bucket.id}", wrong)
        shares[bucket.id] = int(typed)
    total = sum(shares.values())
    if total < WHOLE:
        raise Invalid(words.say(_TOO_FEW, total=total, rest=WHOLE - total))
    if total > WHOLE:
        raise Invalid(words.say(_TOO_MANY, total=total, rest=total - WHOLE))
    return shares


def _page(
    request: Request, session: Session, guest: Guest, form: Typed, now: datetime
) -> FridayPage:
    zone, words = request.app.state.settings.zone, _words(request, guest)
    thanks = "thanks" in request.query_params
    asked_about = store.buckets_of(session, guest.opening.week)
    buckets = sorted(asked_about, key=lambda bucket: bucket.elective)
    typed = [form.value(f"{_PREFIX}{bucket.id}") for bucket in buckets]
    return FridayPage(
        words=words,
        days=_days(guest.opening.week, words),
        name=guest.respondent.name,
        address=f"/s/{guest.token}",
        late=now > guest.opening.closes_at,
        form=form,
        gives_time=guest.gives_time,
        buckets=[(bucket, _called(bucket, words)) for bucket in buckets],
        total=sum(int(one[:4]) for one in typed if one.isascii() and one.isdigit()),
        numbers=friday_numbers.asked(session, guest.asked.key_results, words, zone=zone, now=now),
        promised=guest.asked.promised,
        thanks=thanks,
        team=_team(session, guest, words) if thanks and guest.gives_time else None,
    )


def _words(request: Request, guest: Guest) -> Words:
    """In the language that is set for them; where none is, in one that their browser asks for."""
    theirs = guest.respondent.language
    return words_of(theirs) if theirs else words_for(request, None)


def _note(form: Typed, words: Words) -> str:
    """What they add in their own words. Raises Invalid."""
    note = form.value("note").strip()
    if len(note) > _LONGEST:
        most = written.number(_LONGEST, words.spoken)
        raise Invalid.at("note", words.say("Write {most} characters at most.", most=most))
    return note


def _called(bucket: Bucket, words: Words) -> str:
    """A bucket's name: an organisation's own as it is, one of ours in the reader's language."""
    return {
        "Keeping the lights on": words.say("Keeping the lights on"),
        "Build new": words.say("Build new"),
        "Improve existing": words.say("Improve existing"),
        "Raise productivity": words.say("Raise productivity"),
    }.get(bucket.name, bucket.name)


def _team(session: Session, guest: Guest, words: Words) -> str | None:
    week = weeks.opened_week(session, guest.opening.week)
    split = week.teams.get(guest.respondent.team_id or "", week.everybody)
    return written.percent(split.non_elective, words.spoken) if split else None


def _days(week: str, words: Words) -> str:
    """From its Monday to its Sunday, as the reader writes days."""
    first = monday_of(week)
    last = first + timedelta(days=6)
    ends = (written.day(one, words.spoken, "medium") for one in (first, last))
    return " – ".join(ends)
