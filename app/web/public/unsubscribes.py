"""The way out of all mail or of one kind of it, the one-click POST, and the way back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.delivery import feedback
from app.delivery.feedback import Change
from app.experiments.vocabulary import MailKind
from app.identity.guard import Db, Now
from app.languages.error_words import NOT_VALID
from app.links.keyring import Kind
from app.links.token import BadToken, TrackedLink, sign
from app.platform.errors import NotFound
from app.web.kit.form_state import Form
from app.web.kit.pages import SpokenPage, go, render
from app.web.kit.public_links import read_public
from app.web.public import mail_kinds, way_back
from app.web.public.mail_kinds import KindLine
from app.web.public.readers import Reader, reader_of

router = APIRouter()


@dataclass(frozen=True, kw_only=True)
class UnsubscribePage(SpokenPage):
    """One button, or the word that it is done."""

    template: ClassVar[str] = "public/unsubscribe.html"

    address: str
    preferences: str
    way_back: str  # where this press is taken back; empty where it changed nothing
    reader: Reader
    done: bool


@dataclass(frozen=True, kw_only=True)
class PreferencesPage(SpokenPage):
    """Which kinds of mail somebody gets, what is known of them, and the way out of all."""

    template: ClassVar[str] = "public/preferences.html"

    address: str
    unsubscribe: str
    way_back: str
    reader: Reader
    kinds: Sequence[KindLine]
    turned_off: Sequence[str]
    is_out: bool
    saved: bool
    is_back: bool


@dataclass(frozen=True, kw_only=True)
class WayBackPage(SpokenPage):
    """One button, for whoever pressed by mistake."""

    template: ClassVar[str] = "public/way_back.html"

    address: str
    reader: Reader
    is_over: bool


@router.get("/u/{token}")
def ask(request: Request, session: Db, token: str) -> HTMLResponse:
    """A GET never unsubscribes: gateways follow every link (RFC 8058)."""
    link = read_public(request, token, Kind.UNSUBSCRIBE)
    return render(request, _way_out(request, session, link))


@router.post("/u/{token}")
def unsubscribe(request: Request, session: Db, now: Now, token: str) -> HTMLResponse:
    """Whatever the body says, and again and again: done."""
    link = read_public(request, token, Kind.UNSUBSCRIBE)
    change = feedback.unsubscribe(session, link.id, now=now)
    back = way_back.address_of(link.id, change, keyring=request.app.state.keyring, now=now)
    return render(request, _way_out(request, session, link, done=True, back=back))


@router.get("/p/{token}")
def preferences(request: Request, session: Db, token: str) -> HTMLResponse:
    """Which kinds of mail they get, and what is known."""
    link = read_public(request, token, Kind.PREFERENCES)
    is_back = "back" in request.query_params
    return render(request, _preferences(request, session, link, is_back=is_back))


@router.post("/p/{token}")
def choose(request: Request, session: Db, now: Now, form: Form, token: str) -> HTMLResponse:
    """Turn off what is not ticked; nothing is turned on here, for a mail may be in any hands."""
    link = read_public(request, token, Kind.PREFERENCES)
    off = [kind for kind in MailKind if kind not in form.every("kind")]
    change = feedback.turn_off(session, link.id, off, now=now)
    back = way_back.address_of(link.id, change, keyring=request.app.state.keyring, now=now)
    turned_off = _turned_off(change, off)
    page = _preferences(request, session, link, saved=True, back=back, turned_off=turned_off)
    return render(request, page)


@router.get("/k/{token}")
def ask_back(request: Request, session: Db, now: Now, token: str) -> HTMLResponse:
    """As on the way out, a GET changes nothing."""
    link = read_public(request, token, Kind.BACK)
    reader = reader_of(request, session, link)
    is_over = way_back.is_over(link, now=now)
    page = WayBackPage(words=reader.words, reader=reader, address=f"/k/{token}", is_over=is_over)
    return render(request, page)


@router.post("/k/{token}")
def mail_again(request: Request, session: Db, now: Now, token: str) -> Response:
    """Take back what one press changed, within an hour of it."""
    link = read_public(request, token, Kind.BACK)
    if way_back.is_over(link, now=now):
        return ask_back(request, session, now, token)
    try:
        feedback.take_back(session, link.id, way_back.change_of(link), now=now)
    except BadToken:
        raise NotFound(NOT_VALID) from None
    return go(f"{_signed(request, link, Kind.PREFERENCES)}?back")


def _way_out(
    request: Request, session: Session, link: TrackedLink, *, done: bool = False, back: str = ""
) -> UnsubscribePage:
    reader = reader_of(request, session, link)
    return UnsubscribePage(
        words=reader.words,
        address=_signed(request, link, Kind.UNSUBSCRIBE),
        preferences=_signed(request, link, Kind.PREFERENCES),
        way_back=back,
        reader=reader,
        done=done and not reader.counts_nowhere,
    )


def _preferences(
    request: Request,
    session: Session,
    link: TrackedLink,
    *,
    saved: bool = False,
    is_back: bool = False,
    back: str = "",
    turned_off: Iterable[MailKind] = (),
) -> PreferencesPage:
    reader = reader_of(request, session, link)
    return PreferencesPage(
        words=reader.words,
        address=_signed(request, link, Kind.PREFERENCES),
        unsubscribe=_signed(request, link, Kind.UNSUBSCRIBE),
        way_back=back,
        reader=reader,
        kinds=mail_kinds.lines(feedback.wanted_kinds(session, link.id), reader.words),
        turned_off=[mail_kinds.told(kind, reader.words) for kind in turned_off],
        is_out=feedback.is_suppressed(session, link.id),
        saved=saved,
        is_back=is_back,
    )


def _turned_off(change: Change, kinds: Sequence[MailKind]) -> Sequence[MailKind]:
    """What to say of a press: nothing where all of it was so before."""
    return kinds if change else ()


def _signed(request: Request, link: TrackedLink, kind: Kind) -> str:
    """Another address of the same mail."""
    bare = TrackedLink(0, link.id, 0)
    return f"/{kind}/{sign(bare, kind, request.app.state.keyring)}"
