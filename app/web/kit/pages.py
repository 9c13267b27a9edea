"""A page is a dataclass; its template uses the fields and `frame`, and nothing else."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, NoReturn
from urllib.parse import quote
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, UndefinedError
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from app.identity import passwords
from app.identity.roles import Role
from app.languages.words import Words, words_of
from app.platform import paths
from app.web.kit import directions, formatting
from app.web.kit.assets import ASSETS
from app.web.kit.unbroken import unbroken

ENGLISH = words_of(None)

# What a redirect may say on the page that it leads to: `?said=` carries the key, never the words.
SAID: Mapping[str, str] = formatting.SAID


@dataclass(frozen=True, slots=True)
class Frame:
    """What surrounds every page: who is looking, where they are, and what just happened."""

    name: str | None
    email: str
    role: str | None
    csrf: str
    section: str
    said: str | None
    warned: bool
    demo: bool
    outbox: bool
    held: bool
    unread: int  # notices
    now: datetime
    words: Words = ENGLISH  # in which the page is written; those of the team are in English

    @property
    def can_edit(self) -> bool:
        """Buttons that would be refused are not shown."""
        return self.role in {"editor", "admin"}

    @property
    def can_admin(self) -> bool:
        """As above, for what only an admin may do."""
        return self.role == "admin"


@dataclass(frozen=True, kw_only=True)
class Page:
    """What one template may use. A subclass names its template and declares its fields."""

    template: ClassVar[str]
    section: ClassVar[str] = ""

    @property
    def language(self) -> Words:
        """In which it is written."""
        return ENGLISH

    @classmethod
    def names(cls) -> frozenset[str]:
        """Everything the template may name."""
        return frozenset({field.name for field in dataclasses.fields(cls)} | {"frame"})


@dataclass(frozen=True, kw_only=True)
class SpokenPage(Page):
    """A page that somebody outside the team reads, in their language."""

    words: Words

    @property
    def language(self) -> Words:
        """Theirs."""
        return self.words


def render(request: Request, page: Page, status: int = 200) -> HTMLResponse:
    """The page as HTML, in the frame of whoever asks."""
    frame = dataclasses.replace(frame_of(request, page.section), words=page.language)
    html = _rendered(request, page, frame)
    return HTMLResponse(html, status, headers={"Cache-Control": "no-store"})


def frameless(request: Request, page: Page) -> str:
    """The page as HTML, as somebody sees it who is not logged in."""
    frame = frame_of(request, page.section)
    nobodys = dataclasses.replace(frame, name=None, email="", role=None, csrf="", held=False)
    return _rendered(request, page, nobodys)


def _rendered(request: Request, page: Page, frame: Frame) -> str:
    """What a template misses, it misses as any reader of a stored document would."""
    template = environment(request.app.state.settings.timezone).get_template(page.template)
    context: dict[str, Any] = {f.name: getattr(page, f.name) for f in dataclasses.fields(page)}
    try:
        return unbroken(template.render(context | {"frame": frame}))
    except UndefinedError as error:
        raise LookupError(str(error)) from error


def frame_of(request: Request, section: str) -> Frame:
    """Read the frame from what the guard left on the request."""
    settings = request.app.state.settings
    who = getattr(request.state, "principal", None)
    said = request.query_params.get("said", "")
    return Frame(
        name=who.name if who else None,
        email=who.email if who else "",
        role=who.role if who else None,
        csrf=getattr(request.state, "csrf", ""),
        section=section,
        said=SAID.get(said),
        warned=said in formatting.WARNINGS,
        demo=settings.demo,
        outbox=settings.mail.startswith("outbox:"),
        held=bool(who and who.role.may(Role.EDITOR) and request.app.state.hold.said()),
        unread=getattr(request.state, "unread", 0),
        now=formatting.present(),
    )


class Refused(Exception):
    """A form that cannot be taken: shown again, and whatever was begun is rolled back."""

    def __init__(self, answer: HTMLResponse) -> None:
        super().__init__("This form was not accepted.")
        self.answer = answer


def refuse(request: Request, page: Page) -> NoReturn:
    """Show the form again, with what was typed and what is wrong. Nothing is changed."""
    raise Refused(render(request, page, 422))


def go(path: str, *, said: str | None = None) -> RedirectResponse:
    """303 after a change: reloading the page never does it twice."""
    if said:
        path += f"{'&' if '?' in path else '?'}said={quote(said)}"
    return RedirectResponse(path, 303)


def local(path: str | None) -> str:
    """A path of ours to go to after log-in; anything that could leave this host becomes home."""
    if not path or not path.startswith("/") or path.startswith(("//", "/\\")):
        return "/"
    return path if path.isprintable() else "/"


@cache
def environment(zone_name: str) -> Environment:
    """Jinja for our own pages: strict, escaping, with times in the organisation's zone."""
    env = Environment(
        loader=FileSystemLoader(paths.TEMPLATES),
        undefined=StrictUndefined,
        autoescape=True,
        finalize=directions.closed,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(formatting.filters(ZoneInfo(zone_name)))
    env.globals.update(
        asset=ASSETS.address, scripts=ASSETS.scripts, shortest_password=passwords.SHORTEST
    )
    return env
