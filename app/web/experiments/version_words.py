"""What a version of a draft changed: labels as the form has them, values as people read them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.audience import store as audience
from app.experiments import feature_store, store
from app.experiments.metrics import of_design
from app.experiments.models import DraftVersion, Made
from app.experiments.versions import Difference
from app.experiments.vocabulary import HOLDOUT, Method
from app.okr import list_rows
from app.platform import figures
from app.platform.asked import Kind
from app.web.experiments.form_fields import FIELDS, FormField
from app.web.kit import formatting

_BY_PATH: Final = {field.path: field for field in FIELDS.values()}
_NAMED = 3  # fields in a sentence; the table has all of them
_TICKED: Final = {None: "", True: "Yes", False: "No"}
# What the document says where nobody chose a way of reading, and how the form says that.
_USUAL: Final = {Method.CURTAILED.value: "", Method.FIXED.value: ""}
_GONE = "one that is removed by now"
Names = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """One field: its label, what it said, what it says; nothing where it said nothing."""

    label: str
    before: str
    after: str


def sentence(version: DraftVersion, changes: Sequence[Change]) -> str:
    """What became of the draft, as one would say it."""
    labels = list(dict.fromkeys(one.label for one in changes))
    rest = len(labels) - _NAMED
    named = ", ".join(labels[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
    if version.made == Made.RESTORED:
        return f"Brought back version {version.of}"
    if version.made == Made.UNDONE:
        return f"Took back what came after version {version.of}"
    if version.made == Made.BEGUN:
        return "Begun"
    if not named:
        return "Changed nothing in the end"
    return (
        f"Filled in from a template: {named}" if version.made == "template" else f"Changed {named}"
    )


def changes_of(
    differences: Iterable[Difference], version: DraftVersion, names: Names, zone: ZoneInfo
) -> list[Change]:
    """Differences with labels and values in words."""
    several = len(version.design.get("arms") or ()) > 1
    words = _Words(names, zone, is_value=of_design(version.design).is_value)
    found = []
    for one in differences:
        field = field_of(one.field)
        if field is None and version.made == Made.BEGUN:
            continue  # what nobody was asked for says nothing of how it began
        said = [words.of(field, one.field, value) for value in (one.before, one.after)]
        if said[0] != said[1]:  # two usual ways of reading are one to whoever chose none
            found.append(Change(_label(field, one.field, several=several), *said))
    return found


def field_of(path: str) -> FormField | None:
    """The field of the form that asks for this part; None where no form shows it."""
    kind, _, rest = path.partition(".")
    if kind == "unread":
        return FIELDS.get(rest)
    if kind == "arms":
        return _BY_PATH.get(f"arms.0.{path.rpartition('.')[2]}")
    if kind == "guardrails":
        return _BY_PATH.get(path.rpartition(".")[0])
    if kind == "waves":
        return _BY_PATH.get("waves" if not path.endswith("after_hours") else "waves.0.after_hours")
    return _BY_PATH.get(path)


def names_in(session: Session, differences: Iterable[Difference]) -> Names:
    """What the things that are named are called, by id."""
    ids: dict[str, set[str]] = {}
    for one in differences:
        part = one.field.rpartition(".")[2]
        if part.endswith(("_id", "_ids")):
            said = [one.before, one.after]
            flat = [
                each for value in said for each in (value if isinstance(value, list) else [value])
            ]
            ids.setdefault(part, set()).update(str(each) for each in flat if each)
    experiments = ids.get("experiment_ids", set()) | ids.get("previous_id", set())
    return {
        **audience.names_of(session, sorted(ids.get("audience_id", ()))),
        **_slices(session, sorted(ids.get("slice_id", ()))),
        **_key_results(session, sorted(ids.get("key_result_id", ()))),
        **(store.names_of(session, sorted(experiments)) if experiments else {}),
    }


def _slices(session: Session, ids: Sequence[str]) -> Names:
    found = feature_store.parents_of(session, ids) if ids else {}
    return {key: f"{feature.title} › {piece.title}" for key, (piece, feature) in found.items()}


def _key_results(session: Session, ids: Sequence[str]) -> Names:
    return {key: row.title for key, row in list_rows.some(session, ids).items()}


def _label(field: FormField | None, path: str, *, several: bool) -> str:
    kind, _, rest = path.partition(".")
    label = field.asked.shown if field else formatting.plain(path.rpartition(".")[2]).capitalize()
    label = label.removesuffix(" …")
    if kind == "unread":
        return f"{label}, as it was typed"
    if kind == "arms" and several:
        return f"{label} of “{rest.partition('.')[0]}”"
    return label


@dataclass(frozen=True, slots=True)
class _Words:
    """What is needed to say any value of one document."""

    names: Names
    zone: ZoneInfo
    is_value: bool

    def of(self, field: FormField | None, path: str, value: Any) -> str:
        """A value as people read it; nothing where it says nothing."""
        if isinstance(value, list):
            return ", ".join(self.of(field, path, one) for one in value)
        if value is None or isinstance(value, bool):
            return _TICKED[value]
        if isinstance(value, str):
            return self._text(field, path, value)
        return self._number(field, path, value)

    def _text(self, field: FormField | None, path: str, value: str) -> str:
        if path.endswith(("_id", "_ids")):
            return self.names.get(value, _GONE)
        if path == "rule.baseline" and value == HOLDOUT:
            return "the group that gets nothing"
        if field is None:
            return formatting.plain(value) if value.isidentifier() else value
        if field.kind is Kind.MOMENT:
            return str(formatting.filters(self.zone)["moment"](datetime.fromisoformat(value)))
        return dict(field.asked.choices).get(_USUAL.get(value, value), value)

    def _number(self, field: FormField | None, path: str, value: float) -> str:
        if path == "rule.mde" and not self.is_value:
            return figures.set_points(value)
        is_share = path.startswith("waves.") and path.endswith("share")
        if is_share or (field is not None and field.kind is Kind.SHARE):
            return figures.limit(value)
        unit = field.asked.unit if field else ""
        return f"{figures.exact(value)} {unit}".strip()
