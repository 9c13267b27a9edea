"""The checklist's part about people: how many are mailed, who falls away, and why."""

from collections.abc import Iterator

from sqlmodel import Session

from app.audience import store as audience
from app.experiments.design_schemas import Draft
from app.experiments.eligibility import Eligibility, Judge
from app.experiments.items import Item, blocks, ok, warns
from app.experiments.plans import expected_arms
from app.experiments.ports import Reason
from app.experiments.vocabulary import HOLDOUT
from app.platform import figures
from app.platform.config import Privacy, Settings

_FAULTS_SHOWN = 10  # ours; what is left is told in one sentence


def items(
    session: Session,
    judge: Judge,
    eligibility: Eligibility,
    settings: Settings,
    *,
    names_people: bool,
) -> Iterator[Item]:
    """Who would be mailed if it started now."""
    if settings.privacy is Privacy.AGGREGATE:
        yield blocks(
            "no_people",
            "THINSLICE_PRIVACY is `aggregate`: nobody is tracked as a person, so no rule can count"
            " people. Run it where people are tracked.",
        )
        return
    name = audience.audience_of(session, judge.audience_id).name
    about = "About " if eligibility.estimated else ""
    if eligibility.eligible == 0 and eligibility.estimated:
        says = blocks if _is_the_mails_fault(eligibility) else warns
        yield says(
            "audience",
            f"Nobody of the first {figures.count(eligibility.looked_at)}"
            f" of {figures.count(eligibility.total)} people can be mailed.",
        )
    elif eligibility.eligible == 0:
        yield blocks(
            "audience",
            f"Nobody of “{name}” ({figures.count(eligibility.total)} people) can be mailed.",
        )
    else:
        eligible, total = figures.count(eligibility.eligible), figures.count(eligibility.total)
        who = f"{about}{eligible} of {total} people"
        yield ok("audience", f"{who} of “{name}” {_fate(judge.design, eligibility.eligible)}.")
    yield from _under_way(eligibility)
    yield from _faults(eligibility, names_people=names_people)


def _fate(design: Draft, people: int) -> str:
    """What becomes of whoever is in it: of a holdout, a part gets nothing."""
    if not design.holdout:
        return "will be mailed"
    held = expected_arms(design, people)[HOLDOUT]
    nothing = "gets nothing" if held == 1 else "get nothing"
    return (
        f"are in it: about {figures.count(people - held)} will be mailed, about"
        f" {figures.count(held)} {nothing} (holdout)"
    )


def _is_the_mails_fault(eligibility: Eligibility) -> bool:
    """It cannot be written to anybody so far: whoever comes later would wait for nothing."""
    return eligibility.reasons.keys() == {Reason.UNWRITABLE}


def _under_way(eligibility: Eligibility) -> Iterator[Item]:
    if eligibility.estimated:
        yield warns(
            "composing",
            "Every mail is composed before it can leave:"
            f" {figures.count(eligibility.looked_at)} of {figures.count(eligibility.total)} people"
            " so far. Look again in a moment for the exact numbers; a launch looks through the rest"
            " first and then starts by itself.",
        )


def _faults(eligibility: Eligibility, *, names_people: bool) -> Iterator[Item]:
    """Whom the mail cannot be written to, by what keeps them out."""
    ranked = eligibility.faults.most_common()
    for fault, count in ranked[:_FAULTS_SHOWN]:
        yield _told(eligibility, fault, count, names_people=names_people)
    others = ranked[_FAULTS_SHOWN:]
    if others:
        people = sum(count for _, count in others)
        yield warns(
            "unwritable",
            f"For {figures.count(people)} more people the mail cannot be written, for"
            f" {figures.count(len(others))} other"
            " reasons. They will not be mailed.",
        )


def _told(
    eligibility: Eligibility, fault: tuple[str, str], count: int, *, names_people: bool
) -> Item:
    reason, detail = fault
    examples = eligibility.examples.get(fault, [])
    named = ": " + ", ".join(examples) + (" and others" if count > len(examples) else "")
    who = (
        f"for {figures.count(count)} of {figures.count(eligibility.total)}"
        f" people{named if names_people else ''}"
    )
    said = fault_said(reason, detail, who=who)
    return warns(f"{reason}:{detail}", f"{said} They will not be mailed.")


def fault_said(reason: str, detail: str, *, who: str) -> str:
    """What keeps people from being written to, in a sentence."""
    if reason == Reason.MISSING:
        return f"“{detail}” is missing {who}."
    if reason == Reason.MISFIT:
        return f"The cell in “{detail}” does not fit its column {who}."
    return f"The mail can't be written {who}. {detail}"
