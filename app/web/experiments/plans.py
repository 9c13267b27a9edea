"""What an audience can tell, in sentences: beside the form, on the draft, before the launch."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session
from starlette.requests import Request

from app.audience import store as audience
from app.delivery.linting import MailLint
from app.delivery.outflow import Outflow
from app.delivery.renderable import LiquidRenderable
from app.experiments import checklist, design, people_hours
from app.experiments.checklist import Checklist
from app.experiments.design import Plan
from app.experiments.design_schemas import Draft
from app.experiments.eligibility import Eligibility
from app.experiments.models import Experiment
from app.experiments.ports import Reason
from app.experiments.vocabulary import RuleKind
from app.platform.errors import NotFound
from app.web.kit import formatting

_REASONS: Mapping[str, str] = {
    "filter": "Not what the filter asks for",
    "suppressed": "On the do-not-mail list",
    "declined": "Turned off this kind of mail",
    "consent": "Clicks may not be tracked",
    "excluded": "In an experiment that is left out",
    "cooling_off": "Had a mail too recently",
    Reason.MISSING: "A column of the mail is missing",
    Reason.MISFIT: "A cell does not fit its column",
    Reason.UNWRITABLE: "The mail cannot be written",
    "sample": "Not in the sample",
}


_SOURCES = {
    RuleKind.THRESHOLD: "Exact binomial test on one side",
    RuleKind.COMPARISON: "Corrected score test over all counts that may come, two sides",
}


@dataclass(frozen=True, slots=True)
class Outlook:
    """Sentences, or what is still missing for them."""

    sentences: tuple[str, ...] = ()
    missing: str = ""
    sources: str = ""


_NOTHING_YET = Outlook(
    missing="Choose an audience and a threshold; then it says here what they can show."
)
_NOBODY = Outlook(missing="Nobody would get this mail as it is, so there is nothing to tell.")


def look(request: Request, session: Session, experiment: Experiment, *, now: datetime) -> Checklist:
    """The checklist, with the parts that answer its questions."""
    settings = request.app.state.settings
    return checklist.check(
        session,
        experiment,
        lint=MailLint(settings),
        renderable=LiquidRenderable(settings, request.app.state.keyring),
        settings=settings,
        names_people=request.state.principal.sees_addresses,
        now=now,
    )


def outlook_of(
    request: Request, session: Session, draft: Draft, *, people: int, now: datetime
) -> Outlook:
    """What so many people can show by this design."""
    if not people:
        return _NOBODY if draft.audience_id else _NOTHING_YET
    settings = request.app.state.settings
    pace = Outflow(settings).pace(session, None, now=now)
    zones = people_hours.zones_of(session, draft, settings.zone)
    found = design.plan(draft, people=people, start=now, pace=pace, zones=zones)
    warms = pace.limit(now) is not None
    return _told(request, found, draft, warms=warms, now=now)


def so_far(request: Request, session: Session, draft: Draft, *, now: datetime) -> Outlook:
    """The same while it is written: of everybody in the audience, before anybody is left out."""
    return outlook_of(request, session, draft, people=people_at_most(session, draft), now=now)


def people_at_most(session: Session, draft: Draft) -> int:
    """As many as `so_far` plans with; nobody where no audience is chosen, or it was removed."""
    try:
        return _at_most(session, draft)
    except NotFound:
        return 0


def left_out(eligibility: Eligibility) -> list[tuple[str, int]]:
    """Why people of an audience would get no mail, most frequent first."""
    others = {name: n for name, n in eligibility.reasons.items() if name not in set(Reason)}
    return sorted([*faults(eligibility), *reasons(others)], key=lambda row: -row[1])


def faults(eligibility: Eligibility) -> list[tuple[str, int]]:
    """Of them, those to whom the mail cannot be written."""
    return [(_fault(*key), count) for key, count in eligibility.faults.items()]


def _fault(reason: str, detail: str) -> str:
    if reason == Reason.MISSING:
        return f"“{detail}” is missing"
    if reason == Reason.MISFIT:
        return f"The cell in “{detail}” does not fit its column"
    return f"The mail cannot be written: {detail}"


def reasons(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Reasons in words, with how many people each left out."""
    return [(reason(name), n) for name, n in counts.items() if n]


def reason(name: str) -> str:
    """What leaves somebody out, in words."""
    return _REASONS.get(name, formatting.plain(name))


def verdict(found: Checklist) -> str:
    """The checklist in one sentence."""
    blocking = sum(item.level == "blocks" for item in found.items)
    if blocking:
        return f"{formatting.plural(blocking, 'thing')} must be fixed before it can be launched."
    looks = sum(item.level == "warns" for item in found.items)
    return (
        f"Ready to launch. {formatting.plural(looks, 'thing')} to look at."
        if looks
        else "Ready to launch."
    )


def _at_most(session: Session, draft: Draft) -> int:
    """Everybody of the audience, or the sample: filters are counted when the draft is saved."""
    if draft.audience_id is None:
        return 0
    people = audience.audience_of(session, draft.audience_id).people
    return min(people, draft.sample or people)


def _told(request: Request, plan: Plan, draft: Draft, *, warms: bool, now: datetime) -> Outlook:
    sentences = [plan.sentence]
    if plan.threshold and plan.people_needed and plan.people_needed > plan.people:
        needed = formatting.plural(plan.people_needed, "person", "people")
        sentences.append(
            f"To find a rate one third above the threshold in 4 experiments of 5 takes {needed}."
        )
    zone = request.app.state.settings.zone
    moment, last = formatting.filters(zone)["moment"], plan.last_leaves
    if last and warms and draft.hours.are_all:
        day = last.astimezone(zone).date()
        if day > now.astimezone(zone).date():
            sentences.append(
                f"Launched now, the last mail leaves on {formatting.weekday(day)}: the warm-up lets"
                " so many leave on each day."
            )
    elif last and not draft.hours.are_all:
        sentences.append(
            f"Mails leave {people_hours.said(draft.hours)}; launched now, the last one leaves by"
            f" {moment(last)}."
        )
    if plan.answer_by:
        day = moment(plan.answer_by)
        sentences.append(
            f"Sent now, the last window closes on {day}; a clear result comes earlier."
        )
    source = f"{_SOURCES[draft.rule.kind]}, {formatting.points(draft.rule.confidence, 0)} sure."
    return Outlook(sentences=tuple(sentences), sources=source)
