"""What a key result's past says: values from before the cycle, and whether it only adds up."""

from datetime import datetime

from fastapi import APIRouter, Request
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import Response

from app.identity.guard import Db, Now, Who
from app.okr import outcomes, store, values
from app.okr.schemas import KeyResultChanges
from app.platform.errors import Conflict, Invalid
from app.web.kit.form_state import Form, Typed
from app.web.kit.pages import go, refuse
from app.web.outcomes import key_result_page, pasted_values

router = APIRouter(prefix="/key-results")


@router.post("/{key_result_id}/past")
def put_past(
    *, request: Request, session: Db, who: Who, now: Now, form: Form, key_result_id: str
) -> Response:
    """Values of days gone by, as they were pasted."""
    row = store.key_result_of(session, key_result_id)
    zone = request.app.state.settings.zone
    try:
        past = pasted_values.read(form.value("past"))
        values.put_past(session, row, past, source="manual", by=who.name, zone=zone, now=now)
    except (Invalid, Conflict) as error:
        _refuse(request, session, key_result_id, form.mended(error, {"date": "past"}), now=now)
    return go(f"/key-results/{key_result_id}", said="saved")


@router.post("/{key_result_id}/running-total")
def answer(*, request: Request, session: Db, now: Now, form: Form, key_result_id: str) -> Response:
    """Say whether the number only adds up."""
    row = store.key_result_of(session, key_result_id)
    try:
        changes = KeyResultChanges.model_validate({"running_total": form.text("running_total")})
        outcomes.change_key_result(session, row, changes, now=now)
    except (ValidationError, Invalid, Conflict) as error:
        session.expire(row)
        _refuse(request, session, key_result_id, form.mended(error), now=now)
    return go(f"/key-results/{key_result_id}", said="saved")


def _refuse(
    request: Request, session: Session, key_result_id: str, form: Typed, *, now: datetime
) -> None:
    refuse(request, key_result_page.page(request, session, key_result_id, past=form, now=now))
