"""What fills an audience by itself, set by an admin."""

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import Response

from app.audience import fetching, store
from app.audience.schemas import AudienceSource
from app.identity.guard import Db, Now, Who
from app.platform.errors import AppError
from app.web.audiences import audiences
from app.web.kit.form_state import Form
from app.web.kit.pages import go, refuse

router = APIRouter(prefix="/audiences")
_FIELDS = ("connection", "query", "every")


@router.post("/{audience_id}/query")
def keep(
    *, request: Request, session: Db, who: Who, now: Now, form: Form, audience_id: str
) -> Response:
    """Fill it from there from now on."""
    try:
        wanted = AudienceSource.model_validate({name: form.value(name) for name in _FIELDS})
        fetching.keep(session, audience_id, wanted, by=who.name, now=now)
    except (ValidationError, AppError) as error:
        refuse(request, audiences.page(request, session, audience_id, filled=form.mended(error)))
    return go(f"/audiences/{audience_id}", said="saved")


@router.post("/{audience_id}/query/run")
def run(session: Db, now: Now, audience_id: str) -> Response:
    """As soon as a worker is free."""
    store.audience_of(session, audience_id)
    fetching.run_soon(session, audience_id, now=now)
    return go(f"/audiences/{audience_id}", said="fetching")


@router.post("/{audience_id}/query/remove")
def remove(session: Db, audience_id: str) -> Response:
    """By files alone again; who is in it stays."""
    store.audience_of(session, audience_id)
    fetching.drop(session, audience_id)
    return go(f"/audiences/{audience_id}", said="removed")
