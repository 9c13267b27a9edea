"""An arm as one real person would read it. Its links never count."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from app.audience.consent import COUNTS_NOWHERE
from app.audience.own import told
from app.delivery import destination_store, person_store
from app.delivery.arms import composed
from app.delivery.mail.addressing import Addressee
from app.delivery.mail.composed import ComposedArm, Rendered
from app.delivery.models import DestinationSet
from app.experiments import cell_types
from app.experiments.models import Experiment
from app.links.keyring import Keyring
from app.platform.config import Settings
from app.platform.errors import Invalid, NotFound
from app.platform.ids import new_id

_ADDRESS = re.compile(r"(?<![^\s@<>,;:])[^\s@<>,;:]*+@[^\s@<>,;:]*+")
_SOMEBODY = "somebody@example.com"


def preview_of(
    session: Session,
    experiment: Experiment,
    arm_key: str,
    person_id: str,
    *,
    names_people: bool,
    settings: Settings,
    keyring: Keyring,
    now: datetime,
) -> Rendered:
    """Render an arm for a person of its audience; unless it may name people, without addresses.

    Raises MissingColumn, BrokenLiquid, BadBody or BadHeader with what to mend. Before launch the
    links lead straight to their addresses; afterwards they are tracked links that never count.
    """
    arm = _arm_of(session, experiment, arm_key, settings)
    person = addressee(session, experiment, person_id)
    reader = person if names_people else veiled(person)
    return arm.render(reader, keyring=keyring, now=now)


def arms_of(session: Session, experiment: Experiment, *, settings: Settings) -> list[ComposedArm]:
    """Every version, to be previewed for several people. Raises as `of` does."""
    known = destination_store.sets_of(session, experiment.id)
    keys = [arm["key"] for arm in experiment.design["arms"]]
    return [_composed(session, experiment, key, known.get(key), settings) for key in keys]


def _arm_of(session: Session, experiment: Experiment, key: str, settings: Settings) -> ComposedArm:
    known = destination_store.set_of(session, experiment.id, key)
    return _composed(session, experiment, key, known, settings)


def _composed(
    session: Session,
    experiment: Experiment,
    key: str,
    known: DestinationSet | None,
    settings: Settings,
) -> ComposedArm:
    return composed(
        experiment,
        key,
        columns=cell_types.columns_of(session, experiment),
        settings=settings,
        set_id=known.id if known else None,
        links=known.links if known else None,
    )


def addressee(session: Session, experiment: Experiment, person_id: str) -> Addressee:
    """A person of the audience, with the columns that a mail would see, uncounted."""
    return addressees(session, experiment, (person_id,))[0]


def addressees(
    session: Session, experiment: Experiment, person_ids: Sequence[str]
) -> list[Addressee]:
    """The same of several people, in their order."""
    if experiment.audience_id is None:
        raise Invalid.at("audience_id", "Choose an audience first: a preview is for a real person.")
    rows = person_store.members(session, experiment.audience_id, person_ids)
    if rows.keys() != set(person_ids):
        raise NotFound("This person is not in the experiment's audience.")
    return [_addressee(rows[person_id]) for person_id in person_ids]


def addressees_left(
    session: Session, audience_id: str, person_ids: Sequence[str]
) -> list[Addressee]:
    """Those of them who still are in an audience, in their order."""
    rows = person_store.members(session, audience_id, person_ids)
    return [_addressee(rows[person_id]) for person_id in person_ids if person_id in rows]


def _addressee(row: Row[Any]) -> Addressee:
    return Addressee(
        email=row.email,
        person_id=row.person_id,
        columns=columns_of(row),
        mail_id=f"preview.{new_id()}",
        may=COUNTS_NOWHERE,
    )


def veiled(person: Addressee) -> Addressee:
    """The same person for whoever may not read addresses: another stands wherever one does."""
    columns = {name: without_addresses(value) for name, value in person.columns.items()}
    return replace(person, email=_SOMEBODY, columns=columns)


def without_addresses(value: object) -> object:
    """A text in which another stands wherever an address does; everything else as it is."""
    return _ADDRESS.sub(_SOMEBODY, value) if isinstance(value, str) else value


def columns_of(row: Row[Any]) -> dict[str, object]:
    """The columns that a template sees."""
    return {**told(row), **row.data}
