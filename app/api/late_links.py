"""Key results that an experiment is tied to after its launch."""

from fastapi import APIRouter
from pydantic import ConfigDict

from app.api.address import PREFIX
from app.api.experiments import ExperimentOut, shown
from app.api.once import OnceRoute
from app.experiments import late_links, store
from app.identity.guard import Db, Now
from app.platform.texts import Document, Id

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Experiments"])


class LinkDraft(Document):
    """The key result to tie it to."""

    model_config = ConfigDict(json_schema_extra={"example": {"key_result_id": "1f0c3m8k2tq5w7x9"}})

    key_result_id: Id


@router.post(
    "/experiments/{experiment_id}/key-results",
    status_code=201,
    summary="Link a key result after the launch",
)
def link(experiment_id: str, draft: LinkDraft, session: Db, now: Now) -> ExperimentOut:
    """As evidence, with `linked_at`: it stands beside the key result, and writes nothing there.

    Of a draft (409), change its `key_results`; a rehearsal (409) bears on none.
    """
    row = store.locked(session, experiment_id)
    late_links.link(session, row, draft.key_result_id, now=now)
    return shown(session, row)


@router.delete(
    "/experiments/{experiment_id}/key-results/{key_result_id}",
    status_code=204,
    summary="Take back such a link",
)
def unlink(experiment_id: str, key_result_id: str, session: Db) -> None:
    """One that was made after the launch; what was planned stays (409)."""
    late_links.unlink(session, store.locked(session, experiment_id), key_result_id)
