"""What is missing, and what is risky, before anybody is mailed: each in a sentence."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from app.audience import members, profile
from app.experiments import (
    approvals,
    column_items,
    drafts,
    people_hours,
    reach,
    rehearsal,
    unread,
)
from app.experiments import design as designs
from app.experiments.called import Called
from app.experiments.design_schemas import Draft
from app.experiments.eligibility import Eligibility
from app.experiments.enrolment import judge_of
from app.experiments.items import Item, Level, blocks, ok, warns
from app.experiments.models import Experiment, Status
from app.experiments.ports import Fault, Lint, Renderable
from app.experiments.vocabulary import GuardrailMetric
from app.okr import list_rows
from app.okr import store as okr
from app.okr.wording import warning_of
from app.platform import figures
from app.platform.config import Settings
from app.platform.errors import Conflict, FieldError

_VAGUE_WORDS = 4  # ours: fewer words than this say nothing that could turn out false
_PERCENT = re.compile(r"(?<![\d.,])(\d{1,9}(?:[.,]\d{1,9})?)\s?%")
_DUST = 1e-9  # what floats leave behind
_WIDE = 1.6  # ours: a detectable rate this many times the threshold wants a larger audience
BLANK = re.compile(r"(?<![{$])\{[^{}%\n]+\}(?!\})")  # {who}: what a template leaves to the author


@dataclass(frozen=True, slots=True)
class Checklist:
    """Everything looked at, what blocks first; and who would be mailed."""

    items: tuple[Item, ...]
    eligibility: Eligibility

    @property
    def ready(self) -> bool:
        """Nothing blocks a launch."""
        return all(item.level is not Level.BLOCKS for item in self.items)


def check(
    session: Session,
    experiment: Experiment,
    *,
    lint: Lint,
    renderable: Renderable,
    settings: Settings,
    names_people: bool,
    now: datetime,
) -> Checklist:
    """Look at everything; whom the mail cannot be written to is named where it may be seen."""
    if experiment.status != Status.DRAFT:
        return Checklist((Item("launched", Level.OK, _launched(experiment)),), Eligibility())
    design = drafts.design_of(experiment)
    problems = [*lint.problems(design), *lint.gone(session, design)]
    eligibility, people = Eligibility(), [blocks("audience", "Choose an audience.")]
    if design.audience_id:
        who = renderable if _writable(problems) else _Anybody()
        judge = judge_of(session, experiment, who, settings, now=now)
        eligibility = rehearsal.eligible(session, judge)
        people = [
            *lint.of_length(eligibility.longest),
            *reach.items(session, judge, eligibility, settings, names_people=names_people),
            *column_items.items(
                judge, eligibility, profile.always_filled(session, design.audience_id)
            ),
            *column_items.of_examples(judge, members.examples(session, design.audience_id)),
        ]
    items = [
        *unread.items(experiment),
        *_hypothesis(design),
        *_blanks(design),
        *problems,
        *people,
        *_rule(design, eligibility, now),
        *people_hours.items(session, design, settings.zone),
        *_key_results(session, design),
        *approvals.items(session, experiment, eligibility.eligible, settings),
    ]
    rank = list(Level)
    return Checklist(tuple(sorted(items, key=lambda item: rank.index(item.level))), eligibility)


def eligible(
    session: Session,
    experiment: Experiment,
    *,
    lint: Lint,
    renderable: Renderable,
    settings: Settings,
    now: datetime,
) -> Eligibility:
    """Who would be mailed, and why the others would not: of the checklist, that part alone."""
    can_write = _writable(lint.problems(drafts.design_of(experiment)))
    who = renderable if can_write else _Anybody()
    return rehearsal.eligible(session, judge_of(session, experiment, who, settings, now=now))


def refuse_unready(checklist: Checklist) -> None:
    """Raise Conflict with every sentence that blocks."""
    blocks = [item for item in checklist.items if item.level is Level.BLOCKS]
    if blocks:
        raise Conflict(
            " ".join(item.message for item in blocks),
            errors=tuple(FieldError(item.id, item.message) for item in blocks),
        )


def refuse_changed(experiment: Experiment, seen: Experiment) -> None:
    """Raise Conflict where what is to be launched is not what was looked at."""
    if experiment.updated_at != seen.updated_at:
        raise Conflict("Somebody changed it at this moment. Look at it again, then launch.")


class _Anybody:
    """Stands in while the content is broken for everybody, which one sentence says already."""

    columns_used: frozenset[str] = frozenset()
    asked_alone: frozenset[str] = frozenset()
    asked_made: frozenset[str] = frozenset()
    longest = 0

    frame = ""

    def day(self, *_: object, **__: object) -> str:
        return ""

    def writer(self, *_: object, **__: object) -> "_Anybody":
        return self

    def faults(self, people: Sequence[object]) -> list[Fault | None]:
        return [None] * len(people)


def _writable(problems: Sequence[Item]) -> bool:
    return all(problem.level is not Level.BLOCKS for problem in problems)


def _launched(experiment: Experiment) -> str:
    return f"It is {experiment.status}: its design is locked, nothing is left to check."


def _hypothesis(design: Draft) -> Iterator[Item]:
    card = design.hypothesis
    parts = {
        "what you believe": card.believe,
        "how you verify it": card.verify,
        "what you measure": card.measure,
        "when you are right": card.right_if,
    }
    missing = [name for name, text in parts.items() if not text.strip()]
    vague = [name for name, text in parts.items() if text.strip() and _is_vague(text)]
    if missing:
        yield blocks("hypothesis", f"The test card does not say {_listed(missing)}.")
    if vague:
        yield warns("hypothesis_vague", f"The test card is vague about {_listed(vague)}.")
    if not missing and card.right_if.strip() and not re.search(r"\d", card.right_if):
        yield warns("right_if", "“When you are right” names no number: how many must act?")
    yield from _another_line(design)
    if not missing and not vague:
        yield ok("hypothesis", "The test card is complete.")


def _another_line(design: Draft) -> Iterator[Item]:
    """A card that says one number and a rule that reads another: nobody knows what was agreed."""
    limit = design.rule.threshold
    said = [float(one.replace(",", ".")) for one in _PERCENT.findall(design.hypothesis.right_if)]
    if limit is None or not said or any(abs(one - 100 * limit) < _DUST for one in said):
        return
    yield warns(
        "right_if_line",
        f"“When you are right” says {figures.limit(said[0] / 100)}, and your line is at"
        f" {figures.limit(limit)}:"
        " which of the two is it?",
    )


def _is_vague(text: str) -> bool:
    return len(text.split()) < _VAGUE_WORDS or bool(BLANK.search(text))


def _blanks(design: Draft) -> Iterator[Item]:
    """People would read what a template leaves to its author."""
    for arm, called in Called.each(design.arms):
        texts = {"subject": arm.subject, "preheader": arm.preheader or "", "body": arm.body}
        for field, text in texts.items():
            if blank := BLANK.search(text):
                said = f"{called.its(field)} still says “{blank.group()[:60]}”: fill it in."
                yield warns(f"{field}_blank", said)


def _rule(design: Draft, eligibility: Eligibility, now: datetime) -> Iterator[Item]:
    if eligibility.eligible:
        yield _power(designs.plan(design, people=eligibility.eligible, start=now), design.rule.mde)
    if "event" in design.metric.row.fields and not design.metric.event:
        yield blocks("event", "Name the event that is counted: the metric has none.")
    window = timedelta(hours=design.metric.hours)
    if design.stop_at is not None and design.stop_at <= now:
        yield blocks("stop_at", "Counting would stop in the past: choose a later stop date.")
    elif design.stop_at is not None and design.stop_at < now + window:
        yield warns(
            "stop_at",
            f"Counting stops before a window of {design.metric.hours} hours can close: late"
            f" {design.metric.row.words.nouns} are lost.",
        )
    if all(
        guardrail.metric is not GuardrailMetric.UNSUBSCRIBE_RATE for guardrail in design.guardrails
    ):
        yield warns("guardrails", "No guardrail watches unsubscribes; 1 % is a usual maximum.")


def _power(plan: designs.Plan, mde: float | None) -> Item:
    if plan.answer_by is None:
        return blocks("power", plan.sentence)
    wanted = plan.threshold * _WIDE if plan.threshold else mde
    if plan.detectable is not None and wanted is not None and plan.detectable > wanted:
        return warns("power", f"{plan.sentence} More people would show smaller effects.")
    return ok("power", plan.sentence)


def _key_results(session: Session, design: Draft) -> Iterator[Item]:
    if not design.key_results:
        yield warns("key_result", "No key result is named: what should this move, if it works?")
    rows = list_rows.some(session, [link.key_result_id for link in design.key_results])
    for link in design.key_results:
        key_result = rows.get(link.key_result_id) or okr.key_result_of(session, link.key_result_id)
        item_id, warning = f"key_result:{key_result.id}", warning_of(key_result.title)
        if warning:
            yield warns(item_id, warning)
        else:
            yield ok(item_id, f"Meant to move “{key_result.title}”.")


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
