"""A form that was refused, shown with what was typed: read it, copy it, or send it once more."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request

from app.identity import guard, unsent
from app.platform.errors import AppError, CodeWanted, NotLoggedIn

_GONE = {404, 405}  # there is nothing to send it to any more
_ID = re.compile(r"[0-9a-hjkmnp-tv-z]{20}")  # ours: they say nothing to a reader
_HERE = "What you typed stands below, to be copied."
_ONCE_MORE = "Nothing that you typed is lost: it stands below. Look at it, then send it."
_FIRST = "Nothing that you typed is lost: it stands below. Keep this page open"


@dataclass(frozen=True, slots=True)
class Door:
    """What must be done first, in another tab."""

    called: str
    address: str
    sentence: str  # why it was not sent; empty: as whoever refused it says
    advice: str


_DOORS: Mapping[type[AppError], Door] = {
    NotLoggedIn: Door(
        "Log in, in a new tab",
        "/login?next=/account%3Fsaid%3Dlogged-in-again",
        "You are not logged in any more, so nothing was changed.",
        f"{_FIRST}, log in in a new tab, come back here and go on.",
    ),
    CodeWanted: Door(
        "Set up the code, in a new tab",
        guard.SET_UP,
        "",
        f"{_FIRST}, set up the code in a new tab, come back here and go on.",
    ),
}


@dataclass(frozen=True, slots=True)
class TypedAgain:
    """What was typed, and how it goes on from here."""

    action: str
    kind: str  # of a form that may carry files; empty: any other
    hidden: Sequence[tuple[str, str]]
    shown: Sequence[tuple[str, str]]  # what the fields are called, for people, and what they hold
    secrets: Sequence[tuple[str, str]]  # a field's name, and what it is called
    files: Sequence[tuple[str, str]]
    button: str  # empty: it cannot be sent again
    door: Door | None

    @property
    def sentence(self) -> str:
        """Why it was not sent, where that is said otherwise than by whoever refused it."""
        return self.door.sentence if self.door else ""

    @property
    def advice(self) -> str:
        """What to do now."""
        if self.door:
            return self.door.advice
        return _ONCE_MORE if self.button else _HERE


def of(request: Request, status: int, why: AppError | None = None) -> TypedAgain | None:
    """What was typed into the form that this request sent; None where nothing was."""
    form = unsent.of(request)
    if form is None:
        return None
    door = _DOORS.get(type(why)) if why else None
    return TypedAgain(
        action=form.action,
        kind=form.kind,
        hidden=form.texts,
        shown=[(_called(name), text) for name, text in form.texts if _says_something(text)],
        secrets=[(name, _called(name)) for name in form.secrets],
        files=[(name, _called(name)) for name in form.files],
        button="" if status in _GONE else "Go on" if door else "Send it now",
        door=door,
    )


def _called(name: str) -> str:
    """`baseline_rate` as one would say it."""
    words = " ".join(re.split(r"[^0-9A-Za-z]+", name)).strip()
    return words[:1].upper() + words[1:] or "Unnamed"


def _says_something(text: str) -> bool:
    return bool(text.strip()) and not _ID.fullmatch(text)
