"""Remove what nothing uses. What is used says by what, and stays."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sqlmodel import Session

from app.audience import removal_rows as audience_rows
from app.audience import store as audience
from app.experiments import feature_store, store, usage_rows
from app.experiments.models import Experiment, Status
from app.platform.errors import Conflict, FieldError
from app.review import comments
from app.review import store as decisions


@dataclass(frozen=True, slots=True)
class Use:
    """Something that would miss it, and its page."""

    name: str
    path: str


class InUse(Conflict):
    """It stays; each use is one of the errors, by its address."""

    title = "This is in use"

    def __init__(self, name: str, uses: Sequence[Use]) -> None:
        by = ", ".join(f"“{use.name}” ({use.path})" for use in uses)
        sentence = f"“{name}” is used by {by}. Remove or change that first."
        super().__init__(sentence, errors=tuple(FieldError(one.path, one.name) for one in uses))


@dataclass(frozen=True, slots=True)
class Removable:
    """One thing that somebody wants to remove."""

    name: str
    what_goes: str  # with it, in a sentence
    home: str  # its page, and
    after: str  # where one goes once it is gone
    uses: tuple[Use, ...]
    go: Callable[[], None]

    def remove(self) -> None:
        """Remove it. Raises InUse."""
        if self.uses:
            raise InUse(self.name, self.uses)
        self.go()


def experiment(session: Session, key: str) -> Removable:
    """A draft; what was launched is part of the record."""
    row = store.locked(session, key)
    uses = [_experiment(one) for one in usage_rows.experiments_naming(session, key)]
    home = f"/experiments/{key}"
    if row.status != Status.DRAFT:
        raise Conflict(f"“{row.name}” was launched: it stays. Only drafts can be removed.")
    goes = "The draft goes. Nobody was mailed for it."
    return Removable(
        row.name,
        goes,
        home,
        "/experiments",
        tuple(uses),
        partial(_with_talk, session, key, partial(usage_rows.remove_experiment, session, row)),
    )


def feature(session: Session, key: str) -> Removable:
    """A feature without slices."""
    row = feature_store.feature_of(session, key)
    slices = feature_store.slices_of(session, key)
    return Removable(
        row.title,
        "The feature goes; its key result and its teams stay.",
        f"/features/{key}",
        "/features",
        tuple(Use(one.title, f"/slices/{one.id}") for one in slices),
        partial(_with_talk, session, key, partial(usage_rows.remove_feature, session, row)),
    )


def slice_(session: Session, key: str) -> Removable:
    """A slice that no experiment tests and no decision names."""
    row = feature_store.slice_of(session, key)
    tested = [_experiment(one) for one in store.tests_of(session, [key]).get(key, ())]
    decided = [
        _experiment(store.experiment_of(session, one)) for one in decisions.leading_to(session, key)
    ]
    return Removable(
        row.title,
        "The slice goes; its feature stays.",
        f"/slices/{key}",
        f"/features/{row.feature_id}",
        tuple(dict.fromkeys([*tested, *decided])),
        lambda: usage_rows.remove_slice(session, row),
    )


def audience_(session: Session, key: str) -> Removable:
    """An audience that no experiment names, and into which no file is being read."""
    row = audience.locked_audience(session, key)
    uses = [_experiment(one) for one in usage_rows.experiments_for(session, key)]
    read = [Use("an import", f"/imports/{one}") for one in audience_rows.running(session, key)]
    return Removable(
        row.name,
        "The audience goes, with its columns, imports and refused lines. Its people stay known:"
        " erase them one by one where they ask for it.",
        f"/audiences/{key}",
        "/audiences",
        (*uses, *read),
        lambda: audience_rows.remove(session, row),
    )


KINDS: Mapping[str, Callable[[Session, str], Removable]] = {
    "experiments": experiment,
    "features": feature,
    "slices": slice_,
    "audiences": audience_,
}


def _with_talk(session: Session, key: str, go: Callable[[], None]) -> None:
    """What was said of a thing goes with it."""
    go()
    comments.forget(session, key)


def _experiment(row: Experiment) -> Use:
    return Use(row.name, f"/experiments/{row.id}")
