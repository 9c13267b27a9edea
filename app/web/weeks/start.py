"""What the start list's forms do: each makes what its step needs, and leads back to the list."""

from collections.abc import Iterable
from datetime import date, datetime

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import HTMLResponse, Response

from app.audience import imports, store
from app.audience.schemas import AudienceDraft
from app.identity import guard, requests_noted
from app.identity.guard import Db, Now, Who
from app.platform.errors import AppError
from app.review import start
from app.review.start import Number
from app.web.kit.form_numbers import Reader
from app.web.kit.form_state import Form
from app.web.kit.pages import go, refuse, render
from app.web.kit.uploads import Upload, Uploaded
from app.web.weeks import weeks
from app.web.weeks.start_list import ReadingFragment

router = APIRouter(prefix="/start")
_WRONG = (ValidationError, AppError)


@router.post("/number")
def number(request: Request, session: Db, who: Who, now: Now, form: Form) -> Response:
    """The number that should move, with what it hangs on."""
    said = Number(
        title=form.value("title").strip(),
        start=form.text("start"),
        target=form.text("target"),
        unit=form.value("unit"),
        outcome=form.text("outcome"),
        ends=form.text("ends"),
    )
    try:
        start.add_number(session, said, by=who.name, today=_today(request, now), now=now)
    except _WRONG as error:
        refuse(request, weeks.page(request, session, form.mended(error), now=now))
    return go("/", said="added")


@router.post("/people")
def people(*, request: Request, who: Who, now: Now, sent: Uploaded) -> Response:
    """People that were typed, pasted, or chosen as a file; they are read by the ingester."""
    house, form = request.app.state.house, sent.form
    try:
        name, pieces = _people(sent)
        draft = AudienceDraft.model_validate({"name": form.value("name")})
        with guard.writing(request) as session:
            audience = store.named(session, draft.name, by=who.name, now=now)
        begun = imports.begin(
            house.database,
            audience_id=audience.id,
            format="csv",
            folder_id=house.folder_id,
            stream=pieces,
            imports_dir=house.imports,
            filename=name,
            by=who.name,
            by_id=who.user_id,
            now=now,
        )
    except _WRONG as error:
        with request.app.state.database.read() as session:
            refuse(request, weeks.page(request, session, form.mended(error), now=now))
    requests_noted.done(request, who, begun.audience_id, import_id=begun.id)
    return go("/", said="importing")


@router.post("/experiment")
def experiment(request: Request, session: Db, who: Who, now: Now, form: Form) -> Response:
    """A draft with its feature and slice, and on to the launch."""
    try:
        reader = Reader(form)
        line = reader.share("threshold")
        reader.refuse_unread()
        said = {name: form.value(name) for name in ("title", "subject", "body", "answer")}
        row = start.add_experiment(
            session, start.standing(session), said | {"threshold": line}, by=who.name, now=now
        )
    except _WRONG as error:
        refuse(request, weeks.page(request, session, form.mended(error, _NAMES), now=now))
    return go(f"/experiments/{row.id}/launch", said="created")


@router.post("/away")
def away(session: Db, now: Now) -> Response:
    """Nobody is led any more."""
    start.put_away(session, now=now)
    return go("/", said="put-away")


@router.get("/reading")
def reading(request: Request, session: Db) -> HTMLResponse:
    """Whether a file of people is being read, for the page that waits for it."""
    return render(request, ReadingFragment(is_reading=start.standing(session).is_reading))


def _today(request: Request, now: datetime) -> date:
    return now.astimezone(request.app.state.settings.zone).date()


_NAMES = {"name": "title", "rule.threshold": "threshold", "arms.0.subject": "subject"}


def _people(sent: Upload) -> tuple[str, Iterable[bytes]]:
    if sent.file is not None:
        return sent.name, sent.pieces()
    return "typed.csv", [start.file_of(sent.form.value("typed"))]
