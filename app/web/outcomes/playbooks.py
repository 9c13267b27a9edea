"""Copy a cycle as a template: into the next one, into a file, and from a file."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.responses import Response

from app.identity import guard
from app.identity.guard import Db, Now, Who
from app.okr import store
from app.outreach import playbooks
from app.platform.errors import Conflict, Invalid
from app.review.playbook import CopyDraft
from app.web.kit.form_state import Form, Typed, of_form
from app.web.kit.pages import go, refuse
from app.web.outcomes import cycles, outcomes

router = APIRouter(prefix="/cycles")
_FIELDS = {"name": "copy_name", "starts": "copy_starts", "ends": "copy_ends"}


async def _sent(request: Request) -> tuple[Typed, str]:
    """The form, and what stands in its file."""
    async with request.form(max_files=1) as form:
        file = form.get("file")
        raw = await file.read(playbooks.MOST_BYTES + 1) if isinstance(file, UploadFile) else b""
        return of_form(form), raw.decode(errors="replace")


@router.get("/{cycle_id}/template")
def download(request: Request, session: Db, now: Now, cycle_id: str) -> Response:
    """The cycle, its cadence, survey and experiment templates as one YAML file."""
    cycle = store.cycle_of(session, cycle_id)
    today = now.astimezone(request.app.state.settings.zone).date()
    name = "".join(one if one.isalnum() and one.isascii() else "-" for one in cycle.name)
    return Response(
        playbooks.written(session, cycle, today=today),
        media_type="application/yaml",
        headers={"Content-Disposition": f'attachment; filename="playbook-{name}.yaml"'},
    )


@router.post("/{cycle_id}/copy")
def copy(
    request: Request, session: Db, *, now: Now, who: Who, form: Form, cycle_id: str
) -> Response:
    """The next cycle from this one."""
    cycle = store.cycle_of(session, cycle_id)
    today = now.astimezone(request.app.state.settings.zone).date()
    try:
        draft = _draft(form)
        made = playbooks.copy_of(session, cycle, draft, today=today, by=who.name, now=now)
    except (ValidationError, Invalid, Conflict) as error:
        refuse(request, cycles.page(session, cycle, copy=form.mended(error, _FIELDS)))
    return go(f"/cycles/{made.cycle.id}", said="created")


@router.post("/from-template")
def take_over(
    request: Request,
    *,
    now: Now,
    who: Who,
    sent: Annotated[tuple[Typed, str], Depends(_sent)],
) -> Response:
    """A cycle from somebody's file."""
    form, text = sent
    try:
        book = playbooks.read(text, allowed_hosts=request.app.state.settings.allow_private_sources)
        draft = _draft(form)
        wants = bool(form.value("copy_settings"))
        with guard.writing(request) as session:
            made = playbooks.take_over(session, book, draft, settings=wants, by=who.name, now=now)
            cycle_id = made.cycle.id
    except (ValidationError, Invalid, Conflict) as error:
        mended = form.mended(error, _FIELDS)
        with request.app.state.database.read() as session:
            refuse(request, outcomes.page(request, session, mended, "template", now=now))
    return go(f"/cycles/{cycle_id}", said="created")


def _draft(form: Typed) -> CopyDraft:
    return CopyDraft.model_validate(
        {
            "name": form.text("copy_name") or "",
            "starts": form.text("copy_starts"),
            "ends": form.text("copy_ends"),
            "begin_at_current": bool(form.value("copy_current")),
        }
    )
