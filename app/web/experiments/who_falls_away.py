"""Beside the choice of people: how many are asked, who falls away, why, and where to look at it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from sqlmodel import Session

from app.audience import store as audience
from app.delivery.linting import MailLint
from app.delivery.renderable import LiquidRenderable
from app.experiments import checklist, drafts
from app.experiments.eligibility import Eligibility
from app.experiments.models import Experiment
from app.experiments.ports import Reason
from app.platform.errors import NotFound
from app.web.experiments import plans

_MAIL = frozenset(Reason)


@dataclass(frozen=True, slots=True)
class Away:
    """Some who are not asked, for one reason."""

    words: str
    people: int
    href: str
    where: str  # what stands there


@dataclass(frozen=True, slots=True)
class Reached:
    """Of so many people so many are asked; the others fall away."""

    total: int
    asked: int
    estimated: bool
    away: tuple[Away, ...]
    refused: int  # lines of the last file that were no person
    refused_at: str


def reached(
    request: Request, session: Session, row: Experiment, *, now: datetime
) -> Reached | None:
    """As the design is saved. None while there is no audience, or nobody in it."""
    design, settings = drafts.design_of(row), request.app.state.settings
    if not design.audience_id:
        return None
    try:
        last = audience.imports_of(session, design.audience_id, limit=1)
        found = checklist.eligible(
            session,
            row,
            lint=MailLint(settings),
            renderable=LiquidRenderable(settings, request.app.state.keyring),
            settings=settings,
            now=now,
        )
    except NotFound:
        return None  # the audience was removed meanwhile, and the checklist says so
    if not found.total:
        return None
    return Reached(
        total=found.total,
        asked=found.eligible,
        estimated=found.estimated,
        away=tuple(_away(found, row, tuple(design.exclude.experiment_ids))),
        refused=last[0].refused if last else 0,
        refused_at=f"/imports/{last[0].id}" if last else "",
    )


def _away(found: Eligibility, row: Experiment, excluded: tuple[str, ...]) -> list[Away]:
    places = _places(row, excluded)
    counts = {name: n for name, n in found.reasons.items() if n and name not in _MAIL}
    lines = [Away(plans.reason(name), n, *places[name]) for name, n in counts.items()]
    mail = (f"/experiments/{row.id}/edit/mail", "The mail")
    lines += [Away(words, count, *mail) for words, count in plans.faults(found)]
    return sorted(lines, key=lambda line: (-line.people, line.words))


def _places(row: Experiment, excluded: tuple[str, ...]) -> Mapping[str, tuple[str, str]]:
    here = (f"/experiments/{row.id}/edit/people#who", "The filter, above")
    only = len(excluded) == 1
    other = (f"/experiments/{excluded[0]}", "That experiment") if only else _ALL
    return {
        "filter": here,
        "sample": here,
        "suppressed": ("/suppressions", "The list"),
        "declined": ("/suppressions#kinds", "The list"),
        "consent": ("/help/privacy", "What that means"),
        "excluded": other,
        "cooling_off": _ALL,
    }


_ALL = ("/experiments", "Experiments")
