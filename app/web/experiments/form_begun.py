"""What an experiment begins from, and what another template may put into one that is written.

A template fills in what is empty, and what a template wrote itself. Nobody's own words go.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlmodel import Session

from app.experiments import drafts, store, template_rows, templates
from app.experiments.design_schemas import Draft
from app.experiments.models import ExperimentTemplate
from app.platform import garbled
from app.web.experiments.starters import STARTERS, Starter, starter
from app.web.kit.form_state import Typed

_OWN = "own-"  # before the id of a template of the organisation's own
_UNNAMED = "New experiment"
_COUNTS: Final = ("metric", "rule", "holdout", "waves")  # these go together, or not at all
_ALONE: Final = ("riskiest", "guardrails", "segments")
_TEXTS: Final = ("subject", "preheader", "body", "answer")  # of a version

Design = Mapping[str, Any]


def every(session: Session) -> tuple[Starter, ...]:
    """Those that ship, and the organisation's own."""
    read = (garbled.read(_own, row) for row in template_rows.every(session))
    return (*STARTERS, *filter(None, read))


def chosen(session: Session, key: str | None) -> Starter:
    """A template of the organisation's own, or one that ships."""
    if key and key.startswith(_OWN):
        return _own(template_rows.template_by_id(session, key.removeprefix(_OWN)))
    return starter(key)


def first_design(session: Session, *, previous_id: str | None, key: str | None) -> dict[str, Any]:
    """The document that a form opens with: of the run before, or of a template."""
    if previous_id:
        return drafts.again(session, store.experiment_of(session, previous_id))
    return design_of(chosen(session, key))


def design_of(one: Starter) -> dict[str, Any]:
    """A template's document, whole, under a name that stands in for one."""
    named = {**one.document, "name": one.document.get("name") or _UNNAMED, "audience_id": None}
    return Draft.model_validate(named).model_dump(mode="json")


def filled(design: Design, one: Starter, known: Iterable[Starter]) -> dict[str, Any]:
    """The document with what a template has for it, the author's own words untouched."""
    new, ours = design_of(one), _designs(known)
    card = {
        name: new["hypothesis"].get(name, "")
        if not text.strip() or any(text == each["hypothesis"].get(name) for each in ours)
        else text
        for name, text in design["hypothesis"].items()
    }
    written = {**design, "hypothesis": card}
    for part in _ALONE:
        if _is_anybodys(design, ours, (part,)):
            written[part] = new[part]
    if _is_anybodys(design, ours, _COUNTS) and len(design["arms"]) <= _most_arms(ours):
        written |= {part: new[part] for part in _COUNTS}
        written["arms"] = _arms(design["arms"], new["arms"], ours)
    return written


def name_of(form: Typed, known: Iterable[Starter]) -> str | None:
    """The name that was typed, or the beginning of what somebody believes in their own words."""
    if name := form.text("name"):
        return name
    believed = form.text("believe")
    if believed is None or believed in {one["hypothesis"]["believe"] for one in _designs(known)}:
        return None
    return _beginning(" ".join(believed.split()))


def _beginning(text: str, most: int = 60) -> str:
    if len(text) <= most:
        return text.rstrip(".")
    return f"{text[:most].rpartition(' ')[0] or text[:most]} …"


def _designs(known: Iterable[Starter]) -> list[dict[str, Any]]:
    """Of all that can be read."""
    return [found for one in known if (found := garbled.read(design_of, one))]


def _is_anybodys(design: Design, ours: list[dict[str, Any]], parts: tuple[str, ...]) -> bool:
    """Whether a template wrote these, or nobody did."""
    said = [design.get(part) for part in parts]
    return not any(said) or any(said == [each[part] for part in parts] for each in ours)


def _most_arms(ours: list[dict[str, Any]]) -> int:
    return max(len(each["arms"]) for each in ours)


def _arms(
    written: list[dict[str, Any]], new: list[dict[str, Any]], ours: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The new versions, with what the author wrote in the old ones."""
    known = {(name, arm.get(name)) for each in ours for arm in each["arms"] for name in _TEXTS} | {
        (name, empty) for name in _TEXTS for empty in (None, "")
    }
    found = [dict(arm) for arm in new]
    for arm, old in zip(found, written, strict=False):
        arm |= {name: old[name] for name in _TEXTS if (name, old.get(name)) not in known}
    return found


def _own(row: ExperimentTemplate) -> Starter:
    about = row.about or f"Kept by {row.created_by}."
    return Starter(f"{_OWN}{row.id}", row.name, about, templates.document_of(row))
