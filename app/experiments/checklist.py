"""What is missing, and what is risky, before anybody is mailed: each in a sentence."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from app.audience import store as audience
from app.experiments import design as designs
from app.experiments import drafts, eligibility
from app.experiments.eligibility import Eligibility
from app.experiments.enrolment import judge_of
from app.experiments.models import Experiment, Status
from app.experiments.ports import Level, Lint, Problem, Renderable
from app.experiments.schemas import Draft
from app.experiments.terms import GuardrailMetric
from app.okr import store as okr
from app.okr.wording import warning_of
from app.platform.config import Privacy, Settings
from app.platform.errors import Conflict, FieldError

_VAGUE_WORDS = 4  # ours: fewer words than this say nothing that could turn out false
_WIDE = 1.6  # ours: a detectable rate this many times the threshold wants a larger audience
_BLANK = re.compile(r"(?<!\{)\{[^{}%\n]+\}(?!\})")  # {who}: what a template leaves to the author
_NAME = re.compile(r"[\w.\[\]'-]+")  # a column's name; anything else is a sentence


@dataclass(frozen=True, slots=True)
class Item:
    """One thing looked at."""

    id: str
    level: Level
    message: str


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
    now: datetime,
) -> Checklist:
    """Look at everything."""
    if experiment.status != Status.DRAFT:
        return Checklist((Item("launched", Level.OK, _launched(experiment)),), Eligibility())
    design = drafts.design_of(experiment)
    problems = lint.problems(design)
    found = Eligibility()
    if design.audience_id:
        who = renderable if _writable(problems) else _Anybody()
        found = eligibility.count(session, judge_of(experiment, who, settings, now=now))
    items = [
        *_hypothesis(design),
        *_blanks(design),
        *(Item(one.id, Level(one.level), one.message) for one in problems),
        *_audience(session, design, found, settings),
        *_rule(design, found, now),
        *_key_results(session, design),
    ]
    rank = list(Level)
    return Checklist(tuple(sorted(items, key=lambda item: rank.index(item.level))), found)


def refuse_unready(checklist: Checklist) -> None:
    """Raise Conflict with every sentence that blocks."""
    blocks = [item for item in checklist.items if item.level is Level.BLOCKS]
    if blocks:
        raise Conflict(
            " ".join(item.message for item in blocks),
            errors=tuple(FieldError(item.id, item.message) for item in blocks),
        )


class _Anybody:
    """Stands in while the content is broken for everybody, which one sentence says already."""

    def missing(self, _arms: object, _row: object) -> None:
        return None

    def columns_used(self, _arms: object) -> frozenset[str]:
        return frozenset()


def _writable(problems: Sequence[Problem]) -> bool:
    return all(one.level != Level.BLOCKS for one in problems)


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
        yield _blocks("hypothesis", f"The test card does not say {_listed(missing)}.")
    if vague:
        yield _warns("hypothesis_vague", f"The test card is vague about {_listed(vague)}.")
    if not missing and card.right_if.strip() and not re.search(r"\d", card.right_if):
        yield _warns("right_if", "“When you are right” names no number: how many must act?")
    if not missing and not vague:
        yield _ok("hypothesis", "The test card is complete.")


def _is_vague(text: str) -> bool:
    return len(text.split()) < _VAGUE_WORDS or bool(_BLANK.search(text))


def _blanks(design: Draft) -> Iterator[Item]:
    """People would read what a template leaves to its author."""
    for arm in design.arms:
        texts = {"subject": arm.subject, "preheader": arm.preheader or "", "body": arm.body}
        for field, text in texts.items():
            if blank := _BLANK.search(text):
                yield _warns(
                    f"{field}_blank", f"The {field} still says “{blank.group()[:60]}”: fill it in."
                )


def _audience(
    session: Session, design: Draft, found: Eligibility, settings: Settings
) -> Iterator[Item]:
    if design.audience_id is None:
        yield _blocks("audience", "Choose an audience.")
        return
    if settings.privacy is Privacy.AGGREGATE:
        yield _blocks(
            "no_people",
            "THINSLICE_PRIVACY is `aggregate`: nobody is tracked as a person, so no rule can count"
            " people. Run it where people are tracked.",
        )
        return
    name = audience.audience_of(session, design.audience_id).name
    about = "About " if found.estimated else ""
    if found.eligible == 0:
        yield _blocks("audience", f"Nobody of “{name}” ({found.total:,} people) can be mailed.")
    else:
        yield _ok(
            "audience",
            f"{about}{found.eligible:,} of {found.total:,} people of “{name}” will be mailed.",
        )
    yield from _unwritable(found)


def _unwritable(found: Eligibility) -> Iterator[Item]:
    """Whom the content cannot be filled for, by what they lack."""
    for detail, count in found.columns.most_common():
        named = ", ".join(found.examples[detail])
        more = " and others" if count > len(found.examples[detail]) else ""
        what = f"“{detail}” is missing" if _NAME.fullmatch(detail) else "The mail can't be written"
        why = "" if _NAME.fullmatch(detail) else f" {detail}"
        yield _warns(
            f"missing_column:{detail}",
            f"{what} for {count:,} of {found.total:,} people: {named}{more}.{why}"
            " They will not be mailed.",
        )


def _rule(design: Draft, found: Eligibility, now: datetime) -> Iterator[Item]:
    if found.eligible:
        yield _power(designs.plan(design, people=found.eligible, start=now), design.rule.mde)
    if "event" in design.metric.row.fields and not design.metric.event:
        yield _blocks("event", "Name the event that is counted: the metric has none.")
    window = timedelta(hours=design.metric.hours)
    if design.stop_at is not None and design.stop_at <= now:
        yield _blocks("stop_at", "Counting would stop in the past: choose a later stop date.")
    elif design.stop_at is not None and design.stop_at < now + window:
        yield _warns(
            "stop_at",
            f"Counting stops before a window of {design.metric.hours} hours can close: late"
            f" {design.metric.row.words.nouns} are lost.",
        )
    if all(one.metric is not GuardrailMetric.UNSUBSCRIBE_RATE for one in design.guardrails):
        yield _warns("guardrails", "No guardrail watches unsubscribes; 1 % is a usual maximum.")


def _power(plan: designs.Plan, mde: float | None) -> Item:
    if plan.answer_by is None:
        return _blocks("power", plan.sentence)
    wanted = plan.threshold * _WIDE if plan.threshold else mde
    if plan.detectable is not None and wanted is not None and plan.detectable > wanted:
        return _warns("power", f"{plan.sentence} More people would show smaller effects.")
    return _ok("power", plan.sentence)


def _key_results(session: Session, design: Draft) -> Iterator[Item]:
    if not design.key_results:
        yield _warns("key_result", "No key result is named: what should this move, if it works?")
    for link in design.key_results:
        key_result = okr.key_result_of(session, link.key_result_id)
        item_id, warning = f"key_result:{key_result.id}", warning_of(key_result.title)
        if warning:
            yield _warns(item_id, warning)
        else:
            yield _ok(item_id, f"Meant to move “{key_result.title}”.")


def _blocks(item_id: str, message: str) -> Item:
    return Item(item_id, Level.BLOCKS, message)


def _warns(item_id: str, message: str) -> Item:
    return Item(item_id, Level.WARNS, message)


def _ok(item_id: str, message: str) -> Item:
    return Item(item_id, Level.OK, message)


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
