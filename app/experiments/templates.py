"""An organisation's own templates: the design of an experiment without what was of one run."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session

from app.experiments import template_rows
from app.experiments.design_schemas import Draft, TemplateDraft
from app.experiments.models import ExperimentTemplate
from app.platform.errors import Conflict, Invalid

_OF_ONE_RUN = frozenset(
    {"audience_id", "slice_id", "previous_id", "key_results", "exclude", "stop_at", "name"}
)
_MOST = 100


def keep(session: Session, draft: TemplateDraft, *, by: str, now: datetime) -> ExperimentTemplate:
    """Keep a design to begin from. Raises Conflict where the name is taken or there are many."""
    if template_rows.named(session, draft.name) is not None:
        raise Conflict(f"There is a template “{draft.name}” already.")
    if len(template_rows.every(session)) >= _MOST:
        raise Conflict(f"There are {_MOST} templates. Remove one that nobody uses.")
    row = ExperimentTemplate(
        name=draft.name,
        about=draft.about,
        design=_cleaned(draft.design),
        created_by=by,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def document_of(row: ExperimentTemplate) -> dict[str, Any]:
    """What a new draft begins with; name, audience and slice are still to be said."""
    return dict(row.design) | {"name": "", "audience_id": None}


def _cleaned(design: Mapping[str, Any]) -> dict[str, Any]:
    """The design as a draft would keep it. Raises Invalid for what no draft takes."""
    kept = {name: value for name, value in design.items() if name not in _OF_ONE_RUN}
    try:
        draft = Draft.model_validate(kept | {"name": "A template", "audience_id": None})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, ("design", *first["loc"])))
        raise Invalid.at(place, f"{place}: {first['msg'].removeprefix('Value error, ')}") from error
    written = draft.model_dump(mode="json")
    return {name: value for name, value in written.items() if name not in _OF_ONE_RUN}
