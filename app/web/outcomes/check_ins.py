"""One click beside a check-in: whoever has read it says so, and its author sees it."""

from fastapi import APIRouter
from starlette.responses import Response

from app.identity.guard import Db, Now, Who
from app.platform.errors import Conflict
from app.review import seen
from app.web.kit.form_state import Form
from app.web.kit.pages import go, local

router = APIRouter(prefix="/key-results/{key_result_id}/check-ins/{check_in_id}")


@router.post("/seen")
def say(
    *, session: Db, who: Who, now: Now, form: Form, key_result_id: str, check_in_id: str
) -> Response:
    """Say so, or take it back; on to the page on which it stood."""
    onward = local(form.value("onward") or f"/key-results/{key_result_id}")
    if form.value("seen") == "no":
        seen.take_back(session, key_result_id, check_in_id, who.id)
        return go(onward, said="unseen")
    try:
        seen.say(session, key_result_id, check_in_id, who.id, now=now)
    except Conflict:
        return go(onward, said="another-value")
    return go(onward, said="seen")
