"""Address ranges: by which lists this machine tells people from scanners and data centres."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from app.identity import requests_noted
from app.identity.guard import Now, Who
from app.platform.errors import AppError
from app.tracking import range_files, range_lists, ranges
from app.web.kit.form_state import Typed
from app.web.kit.pages import Page, go, refuse, render
from app.web.kit.uploads import Uploaded

router = APIRouter(prefix="/address-ranges")

_CLASSES = (
    ("", "as its form and its lines say"),
    ("datacenter", "data centres"),
    ("vendor", "mail scanners"),
    ("people", "people"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One list as the page shows it."""

    name: str
    dated: date
    loaded_at: datetime | None  # None: it came with this release
    networks: str
    is_stale: bool


@dataclass(frozen=True, kw_only=True)
class AddressRangesPage(Page):
    """The lists in force on one machine, and the form for another."""

    template: ClassVar[str] = "admin/address_ranges.html"
    section: ClassVar[str] = "address-ranges"

    machine: str
    built_in: Row
    rows: list[Row]
    stale: str
    classes: Sequence[tuple[str, str]]
    form: Typed


@router.get("")
def listed(request: Request, now: Now) -> HTMLResponse:
    """All of them, by name."""
    return render(request, _page(request, Typed(), now=now))


@router.post("")
def upload(request: Request, who: Who, now: Now, sent: Uploaded) -> Response:
    """Take a list in, in the place of the one of that name; refused whole, or not at all."""
    form = sent.form
    word = form.text("class")
    try:
        source = range_files.take_in(
            request.app.state.house.ranges,
            sent.pieces(),
            name=form.text("name") or sent.name,
            assumed=range_lists.class_named(word) if word else None,
            now=now,
        )
    except AppError as error:
        refuse(request, _page(request, form.mended(error), now=now))
    requests_noted.done(request, who, source.name, sha256=source.sha256)
    return go("/address-ranges", said="ranges")


@router.post("/reset")
def reset(request: Request, who: Who) -> Response:
    """Forget every list."""
    gone = range_files.back_to_built_in(request.app.state.house.ranges)
    requests_noted.done(request, who, "", lists=", ".join(gone))
    return go("/address-ranges", said="ranges-reset")


@router.post("/{name}/remove")
def remove(request: Request, who: Who, name: str) -> Response:
    """Forget one list."""
    range_files.take_out(request.app.state.house.ranges, name)
    requests_noted.done(request, who, name)
    return go("/address-ranges", said="removed")


def _page(request: Request, form: Typed, *, now: datetime) -> AddressRangesPage:
    house = request.app.state.house
    sources = range_files.sources(house.ranges)
    return AddressRangesPage(
        machine=house.folder.host,
        built_in=_row("", ranges.BUILT_IN_DATE, None, ranges.built_in_networks(), is_stale=False),
        rows=[
            _row(
                source.name,
                source.dated,
                datetime.fromisoformat(source.loaded_at),
                source.networks,
                is_stale=source.is_stale(now=now),
            )
            for source in sources
        ],
        stale=range_files.stale_in_words(sources, now=now),
        classes=_CLASSES,
        form=form,
    )


def _row(
    name: str,
    dated: str,
    loaded_at: datetime | None,
    networks: Mapping[str, int],
    *,
    is_stale: bool,
) -> Row:
    words = range_files.networks_in_words(networks)
    return Row(name, date.fromisoformat(dated), loaded_at, words, is_stale)
