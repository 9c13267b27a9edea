"""What was typed into a step, taken into the document field by field; what cannot be used is kept.

A part of the document that no typed field belongs to stays as it is, also what no form shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from app.experiments.design_schemas import Draft
from app.experiments.unread import Unread
from app.platform.asked import Kind
from app.platform.errors import Invalid
from app.web.experiments import form_document
from app.web.experiments.form_fields import FIELDS, FILTERS
from app.web.kit.form_state import Typed

Texts = Mapping[str, tuple[str, ...]]  # what was typed, by field
_BEYOND = {"where": FILTERS, "key_results": 1}  # how many of a list the form shows
_FOLLOWS = {"rule": "hypothesis", "metric": "hypothesis"}  # the card's sentences name the line


@dataclass(frozen=True, slots=True)
class Taken:
    """The document as far as it goes, and what waits beside it."""

    draft: Draft
    waiting: tuple[Unread, ...]


def take(design: Mapping[str, Any], typed: Texts, zone: ZoneInfo) -> Taken:
    """Every typed field that can be used, alone or with others."""
    base = form_document.fields(design, zone)
    wanted = {name: texts for name, texts in typed.items() if not _same(texts, base.every(name))}
    work = _Work(design, base, wanted, zone)
    draft, errors = work.all_but_blamed() or work.one_after_another()
    kept = {**base.fields, **wanted}
    dropped = _dropped(kept, form_document.fields(draft.model_dump(mode="json"), zone))
    names = [name for name in FIELDS if name in errors or name in dropped]
    return Taken(draft, tuple(_unread(name, kept.get(name, ()), errors) for name in names))


@dataclass(frozen=True, slots=True)
class _Work:
    """The document, the form that it opens as, and what of it was changed."""

    design: Mapping[str, Any]
    base: Typed
    wanted: Texts
    zone: ZoneInfo

    def all_but_blamed(self) -> tuple[Draft, dict[str, str]] | None:
        """All at once, without the fields that are named; None where no changed field is."""
        errors: dict[str, str] = {}
        while True:
            used = [name for name in self.wanted if name not in errors]
            draft, found = self._tried(used)
            if draft is not None:
                return draft, errors
            blamed = {name: said for name, said in found.items() if name in used}
            if not blamed:
                return None
            errors |= blamed

    def one_after_another(self) -> tuple[Draft, dict[str, str]]:
        """Each that goes with those before it, until none does."""
        used: list[str] = []
        while True:
            waiting = [name for name in self.wanted if name not in used]
            fits = next((name for name in waiting if self._tried([*used, name])[0]), None)
            if fits is None:
                break
            used.append(fits)
        draft, _ = self._tried(used)
        assert draft is not None  # the last that did fit, or what was there
        errors: dict[str, str] = {}
        for name in waiting:
            found = {at: said for at, said in self._tried([*used, name])[1].items() if at in FIELDS}
            errors |= found if name in found else {name: _waits_for(found), **found}
        return draft, errors

    def _tried(self, names: list[str]) -> tuple[Draft | None, Mapping[str, str]]:
        form = replace(
            self.base, fields={**self.base.fields, **{one: self.wanted[one] for one in names}}
        )
        try:
            return Draft.model_validate(self._document(form, names)), {}
        except (ValidationError, Invalid) as error:
            return None, form.mended(error, form_document.names(form)).errors

    def _document(self, form: Typed, names: list[str]) -> dict[str, Any]:
        """Only the parts that something was typed for; the rest stays whatever it was."""
        parts = {FIELDS[name].path.split(".")[0] for name in names}
        parts |= {_FOLLOWS[part] for part in parts if part in _FOLLOWS}
        written = form_document.design(form, self.zone)
        document = dict(self.design)
        for part in parts:
            unseen = (
                list(document.pop(part, None) or ())[_BEYOND[part] :] if part in _BEYOND else []
            )
            document.pop(part, None)
            if part in written:
                document[part] = written[part] + unseen if unseen else written[part]
        return document


def _waits_for(found: Mapping[str, str]) -> str:
    """What must change elsewhere before this can be used."""
    for name, said in found.items():
        return f"Kept, and used as soon as “{FIELDS[name].label}” goes with it: {said}"
    return "Kept, and used as soon as the rest goes with it."


def _same(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return _said(one) == _said(other)


def _said(texts: tuple[str, ...]) -> list[str]:
    return [text.strip() for text in texts if text.strip()]


def _dropped(kept: Texts, opened: Typed) -> set[str]:
    """What was answered and the document does not say: an event, while clicks are counted."""
    return {
        name
        for name, texts in kept.items()
        if name in FIELDS
        and _said(texts)
        and not _said(opened.every(name))
        and not _is_usual(name, texts)
    }


def _is_usual(name: str, texts: tuple[str, ...]) -> bool:
    """What a form sends of itself, where nobody chose anything."""
    field = FIELDS[name]
    usual = Typed.of(usual=field.empty).every("usual")
    first = field.asked.choices[:1] if field.kind is Kind.CHOICE else ()
    return _same(texts, usual) or any(_same(texts, (value,)) for value, _ in first)


def _unread(name: str, texts: tuple[str, ...], errors: Mapping[str, str]) -> Unread:
    return Unread(name, FIELDS[name].label, list(texts), errors.get(name, ""))
