"""The start list on an empty home: what is done, what is next, and the one form for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from fastapi import Request
from sqlmodel import Session

from app.identity.roles import Role
from app.platform.asked import Choices
from app.review import start
from app.review.start_rows import Standing
from app.web.kit import formatting
from app.web.kit.form_state import Typed
from app.web.kit.pages import Page
from app.web.kit.units import UNITS


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `href` is where it goes on, for one without a form here."""

    key: str
    title: str
    text: str
    minutes: str
    done: bool
    told: str  # what stands of it
    label: str
    href: str
    is_next: bool = False
    trouble: tuple[str, str] | None = None  # what of it went wrong, and where that stands


@dataclass(frozen=True, kw_only=True)
class ReadingFragment(Page):
    """Whether the people are still being read."""

    template: ClassVar[str] = "weeks/start_reading.html"

    is_reading: bool


@dataclass(frozen=True, slots=True)
class StartList:
    """The whole list, with what is typed into the form of the next step."""

    steps: Sequence[Step]
    form: Typed
    units: Choices
    cycle: str  # that a number will belong to; empty: its last day is asked for
    is_reading: bool


def start_list(
    request: Request, session: Session, form: Typed | None = None, *, now: datetime
) -> StartList | None:
    """None once it is over, and for whoever may not do any of it."""
    if not request.state.principal.role.may(Role.EDITOR):
        return None
    standing = start.standing(session)
    if standing.is_over:
        return None
    settings = request.app.state.settings
    today = now.astimezone(settings.zone).date()
    steps = _steps(standing, rehearses=settings.rehearses)
    place = next((n for n, step in enumerate(steps) if not step.done), len(steps) - 1)
    steps[place] = replace(steps[place], is_next=True)
    cycle = start.running_cycle(session, today)
    return StartList(
        steps=steps,
        units=UNITS,
        form=form or Typed.of(ends=start.usual_end(today), **_filled(steps[place].key)),
        cycle=f"It belongs to {cycle.name}, until {formatting.short(cycle.ends)}." if cycle else "",
        is_reading=standing.is_reading,
    )


def _filled(key: str) -> dict[str, str]:
    if key == "experiment":
        return start.first_mail()
    return {"name": "First people"} if key == "people" else {"unit": "percent"}


def _steps(standing: Standing, *, rehearses: bool) -> list[Step]:
    people = formatting.plural(standing.people, "person", "people")
    steps = [
        Step(
            "number",
            "The number it should move",
            "Not what you will build: what should be different for your customers. One is enough.",
            "1 minute",
            standing.number_id is not None,
            f"“{standing.number}”",
            "",
            "",
        ),
        Step(
            "people",
            "The people to ask",
            "A few addresses are enough to try it; 300 people will do for an answer, 600 are good.",
            "1 minute",
            standing.audience_id is not None,
            f"{people} in “{standing.audience}”",
            "",
            "",
            trouble=_refused(standing),
        ),
        Step(
            "experiment",
            "The slice, as a mail",
            "The thinnest part of it that you could show this week. You draw the line before you"
            " see a result.",
            "2 minutes",
            standing.rehearsal_id is not None,
            "Launched as a rehearsal" if standing.rehearsal_id else "",
            "Look at it once more, and launch",
            f"/experiments/{standing.draft_id}/launch" if standing.draft_id else "",
        ),
    ]
    return [*steps, *_rehearsed(standing)] if rehearses else steps


def _refused(standing: Standing) -> tuple[str, str] | None:
    if not standing.refused:
        return None
    were = formatting.plural(standing.refused, "line was", "lines were")
    return f"{were} refused: look why, and mend them", f"/imports/{standing.import_id}"


def _rehearsed(standing: Standing) -> list[Step]:
    of_it = standing.rehearsal_id or ""
    return [
        Step(
            "click",
            "Click it yourself, as a customer",
            "The mail lies in the outbox. Open it as its reader would, follow the link, and see the"
            " readout move. It counts for the rehearsal, and nowhere else.",
            "1 minute",
            standing.clicked,
            "Somebody of you did, and was told from a machine",
            "Open as customer",
            f"/outbox/experiments/{of_it}" if of_it else "",
        ),
        Step(
            "send",
            "Send it to real people",
            "No mail server is set yet. Whoever runs this sets it; then run the experiment with"
            " real people, which starts from nought.",
            "",
            False,
            "",
            "How mail is set up",
            "/help/mail",
        ),
    ]
