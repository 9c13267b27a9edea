"""Help: short, honest pages about how this works."""

from dataclasses import dataclass, replace
from typing import ClassVar

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from app.analysis.methods import Chapter, chapters
from app.platform import clock
from app.platform.errors import NotFound
from app.tracking import range_files
from app.web.kit.pages import Page, render

router = APIRouter()

# Topic → its tab, and its heading.
_TOPICS = {
    "how-it-works": ("How it works", "How it works"),
    "statistics": ("The numbers", "The numbers, in plain words"),
    "machines": ("People and machines", "People and machines"),
    "columns": ("Columns", "Columns, and what a cell means"),
    "writing": ("Writing a mail", "Writing a mail"),
    "privacy": ("Privacy", "What is kept of customers, and how long"),
    "agents": ("Agents", "What agents may read and draft"),
    "mail": ("What happens to a mail", "What happens to a mail"),
    "keys": ("Keys", "Keys"),
    "backup": ("Backups", "Back up, restore, release"),
}


@dataclass(frozen=True, kw_only=True)
class GuidePage(Page):
    """One topic."""

    template: ClassVar[str] = "help/show.html"
    section: ClassVar[str] = "help"

    heading: str
    label: str
    topics: list[tuple[str, str]]
    body: str
    chapters: tuple[Chapter, ...] = ()
    ranges: str = ""  # what addresses are looked up in
    stale: str = ""  # what of it is too old


@router.get("/help/{topic}")
def show(request: Request, topic: str) -> HTMLResponse:
    """Explain one thing."""
    if topic not in _TOPICS:
        raise NotFound("There is no help on this.")
    label, heading = _TOPICS[topic]
    topics = [(name, f"/help/{key}") for key, (name, _) in _TOPICS.items()]
    body = f"help/{topic}.html"
    told = chapters() if topic == "statistics" else ()
    page = GuidePage(heading=heading, label=label, topics=topics, body=body, chapters=told)
    return render(request, _with_ranges(request, page) if topic == "machines" else page)


def _with_ranges(request: Request, page: GuidePage) -> GuidePage:
    sources = range_files.sources(request.app.state.settings.hits / range_files.RANGES)
    stale = range_files.stale_in_words(sources, now=clock.now())
    return replace(page, ranges=range_files.in_words(sources), stale=stale)
