"""Images for mails: uploaded, said in words, chosen in the step Mail, taken away."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.delivery import images
from app.delivery.models import MailImage
from app.identity.guard import Db, Now, Who
from app.platform.errors import AppError
from app.platform.listing import Asked
from app.web.kit.form_state import Form, Typed
from app.web.kit.lists import FromAddress, Shown, shown
from app.web.kit.pages import Page, go, refuse, render
from app.web.kit.uploads import Uploaded

router = APIRouter(prefix="/images")
_PAGE = 50
_COLUMNS = {"name": "Image", "size": "Size", "added": "Added"}


@dataclass(frozen=True, kw_only=True)
class ImagesPage(Page):
    """All of them, newest first, and the form for one more."""

    template: ClassVar[str] = "experiments/images.html"
    section: ClassVar[str] = "experiments"

    images: Sequence[MailImage]
    list: Shown
    form: Typed


@dataclass(frozen=True, kw_only=True)
class ImagePage(Page):
    """One of them: what it shows in words, where it is used, how it is written."""

    template: ClassVar[str] = "experiments/image.html"
    section: ClassVar[str] = "experiments"

    image: MailImage
    used: Sequence[str]
    form: Typed


@router.get("")
def listed(request: Request, session: Db, asked: FromAddress) -> HTMLResponse:
    """All of them."""
    return render(request, _page(session, asked, Typed()))


@router.post("")
def upload(request: Request, session: Db, who: Who, now: Now, sent: Uploaded) -> Response:
    """Keep one more."""
    try:
        raw = b"".join(sent.pieces())
        words = sent.form.value("says")
        row = images.add(session, raw, name=sent.name, says=words, by=who.name, now=now)
    except AppError as error:
        refuse(request, _page(session, Asked(), sent.form.mended(error)))
    return go(f"/images/{row.id}", said="added")


@router.get("/{image_id}")
def show(request: Request, session: Db, image_id: str) -> HTMLResponse:
    """One of them."""
    return render(request, _one(session, image_id, None))


@router.post("/{image_id}")
def say(request: Request, session: Db, form: Form, image_id: str) -> Response:
    """Other words for it."""
    try:
        images.say(session, image_id, form.value("says"))
    except AppError as error:
        refuse(request, _one(session, image_id, form.mended(error)))
    return go(f"/images/{image_id}", said="saved")


@router.post("/{image_id}/remove")
def remove(session: Db, image_id: str) -> Response:
    """Take one away that no mail shows."""
    images.remove(session, image_id)
    return go("/images", said="removed")


def _page(session: Session, asked: Asked, form: Typed) -> ImagesPage:
    asked = replace(asked, chosen={})
    rows = images.listed(session, asked, limit=_PAGE)
    told = shown(
        images.LISTING, rows, asked, "/images", _COLUMNS, hint="A file’s name, or what it shows"
    )
    return ImagesPage(images=rows, list=told, form=form)


def _one(session: Session, image_id: str, form: Typed | None) -> ImagePage:
    row = images.image_of(session, image_id)
    used = images.launched_with(session, row.key)
    return ImagePage(image=row, used=used, form=form or Typed.of(says=row.says))
