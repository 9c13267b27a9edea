"""A draft as its steps show it, and what becomes of it when one of them is saved.

Each field is saved for itself. What cannot be used is kept as it was typed; what somebody else
changed meanwhile is not overwritten until whoever saves has seen it.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.experiments import drafts, unread
from app.experiments.models import Experiment, Made
from app.experiments.unread import Unread
from app.platform import foreign
from app.platform.asked import Kind
from app.platform.errors import Conflict, Invalid, NotFound
from app.web.experiments import form_document, form_taken
from app.web.experiments.form_fields import FIELDS
from app.web.experiments.form_taken import Texts
from app.web.kit.form_state import Typed

_UNSENT = {Kind.TICK, Kind.TICKS}  # a browser says nothing of what is not ticked
_SHOWN = 80  # characters of what somebody else wrote
_UNUSED = "Not everything can be used yet. It is kept as you typed it: look at the marked fields."


@dataclass(frozen=True, slots=True)
class Changes:
    """What somebody changed in a step, and where somebody else was quicker."""

    typed: Texts
    clashes: Mapping[str, str]  # what to tell about a field


def opened(row: Experiment, zone: ZoneInfo) -> Typed:
    """The draft as it is typed: its document, and what waits beside it with the reason."""
    form, waiting = form_document.fields(row.design, zone), unread.of(row)
    typed = {one.field: tuple(one.typed) for one in waiting}
    errors = {one.field: one.said for one in waiting if one.said}
    return replace(form, fields={**form.fields, **typed}, errors=errors)


def marked(form: Typed, names: Iterable[str]) -> Typed:
    """The same for one step: a sentence above it where one of its own fields is marked."""
    errors = {name: said for name, said in form.errors.items() if name in set(names)}
    return replace(form, errors=errors, sentence=form.sentence or (_UNUSED if errors else ""))


def seen(form: Typed, names: Iterable[str]) -> str:
    """What fields say as they are shown: it travels with the form and tells what was changed."""
    return json.dumps(_prints(form, names), sort_keys=True)


def seen_still(asked: Typed, current: Typed, names: Iterable[str], clashes: Iterable[str]) -> str:
    """The same while a page saves itself: what clashes goes on clashing until somebody looks."""
    shown = _shown(asked)
    still = {name: shown[name] for name in clashes}
    return json.dumps(_prints(current, names) | still, sort_keys=True)


def changes(asked: Typed, current: Typed, names: Iterable[str]) -> Changes:
    """What was changed since it was shown; all that was sent, where nothing says what was shown."""
    shown, typed, clashes = _shown(asked), {}, {}
    for name in names:
        if name not in asked.fields and not (name in shown and FIELDS[name].kind in _UNSENT):
            continue
        now, here = asked.every(name), current.every(name)
        if _print(now) == shown.get(name):
            continue
        if name in shown and _print(here) not in {shown[name], _print(now)}:
            clashes[name] = _clash(here)
        else:
            typed[name] = now
    return Changes(typed, clashes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """Who saves, when, and in which zone moments are typed."""

    zone: ZoneInfo
    by: str
    now: datetime

    def save(
        self, session: Session, row: Experiment, typed: Texts, *, made: Made = Made.WRITTEN
    ) -> Experiment:
        """Take what was typed, and all that waits. Raises Conflict where it is no draft now."""
        offered = {one.field: tuple(one.typed) for one in unread.of(row)} | dict(typed)
        refused: dict[str, str] = {}
        while True:
            usable = {name: texts for name, texts in offered.items() if name not in refused}
            taken = form_taken.take(row.design, usable, self.zone)
            waits = [*taken.waiting, *_still(offered, refused)]
            try:
                return drafts.keep(
                    session, row, taken.draft, waits, by=self.by, now=self.now, made=made
                )
            except (Invalid, NotFound, Conflict) as error:
                blamed = _blamed(error, usable)
                if not blamed:
                    raise
                refused |= blamed


def _still(offered: Texts, refused: Mapping[str, str]) -> list[Unread]:
    """What a room refused, as it was typed."""
    return [Unread(n, FIELDS[n].label, list(offered[n]), said) for n, said in refused.items()]


def _blamed(error: Invalid | NotFound | Conflict, usable: Texts) -> dict[str, str]:
    """Whose fault it is that a room says no: a field that it names, else what was meant to move."""
    form = Typed(fields=usable)
    named = form.refused(error, form_document.names(form)).errors
    found = {name: said for name, said in named.items() if name in usable}
    moves = [name for name in usable if FIELDS[name].path.startswith("key_results")]
    return found or {name: str(error) for name in moves or usable}


def _shown(asked: Typed) -> dict[str, str]:
    try:
        found = foreign.read_json(asked.value("seen") or "{}")
    except foreign.NotJson:
        return {}
    return found if isinstance(found, dict) else {}


def _prints(form: Typed, names: Iterable[str]) -> dict[str, str]:
    return {name: _print(form.every(name)) for name in names}


def _print(texts: tuple[str, ...]) -> str:
    """Short, and another one for other words; blanks at the ends make none."""
    said = [text.strip() for text in texts if text.strip()]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:12]


def _clash(here: tuple[str, ...]) -> str:
    shown = " ".join(" ".join(here).split())
    shown = f"“{shown[:_SHOWN]}{'…' if len(shown) > _SHOWN else ''}”" if shown else "nothing"
    return (
        f"Somebody else changed this meanwhile; it says {shown} now. Yours is not saved. Save"
        " again, and yours takes its place."
    )
