"""Who holds an address of a mail that shows their own columns: an answer page, a chart."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session

from app.audience.columns import Columns
from app.delivery import person_store, preview
from app.delivery.models import Send
from app.delivery.reserving import columns_of
from app.experiments import cell_types
from app.experiments.models import Experiment
from app.languages.error_words import NOT_HERE
from app.links.token import NEVER_COUNTS, NOBODY, TrackedLink, unpack_fills
from app.platform.errors import NotFound


@dataclass(frozen=True, slots=True)
class Holder:
    """A person of an experiment as their mail knew them. `send_id` may be NEVER_COUNTS."""

    experiment: Experiment
    arm: str
    row: Mapping[str, object]
    columns: Columns
    send_id: int


def holder_of(session: Session, token: TrackedLink) -> Holder:
    """Whoever a token was signed for.

    A token that never counts says in its fills whose it is: experiment, arm, person.
    Raises NotFound where they are erased, or never were there.
    """
    if token.id in {NEVER_COUNTS, NOBODY}:
        return _uncounted(session, token)
    send = session.get(Send, token.id)
    people = person_store.people_of(session, [token.id])
    if send is None or token.id not in people:
        raise NotFound(NOT_HERE)
    experiment = session.get_one(Experiment, send.experiment_id)
    row = columns_of(people[token.id])
    columns = cell_types.columns_of(session, experiment)
    return Holder(experiment, send.arm, row, columns, token.id)


def _uncounted(session: Session, token: TrackedLink) -> Holder:
    try:
        experiment_id, arm, person_id = unpack_fills(token.fills)
    except ValueError:
        raise NotFound(NOT_HERE) from None
    experiment = session.get(Experiment, experiment_id)
    if experiment is None:
        raise NotFound(NOT_HERE)
    person = preview.addressee(session, experiment, person_id)
    columns = cell_types.columns_of(session, experiment)
    return Holder(experiment, arm, person.columns, columns, NEVER_COUNTS)
