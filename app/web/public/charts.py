"""Charts in mails, as mail programs ask for them. Who looks at one is noted nowhere."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.delivery import charts
from app.identity.guard import Now
from app.links.keyring import Kind
from app.platform.pictures import drawer
from app.web.kit.public_links import read_public
from app.web.public.images import FOR_MAILS

router = APIRouter()
# An hour, for the reader alone: a mail is read again, and whoever is erased is gone by then.
_FOR_AN_HOUR = "private, max-age=3600"


@router.get("/d/{token}.png")
def show(request: Request, now: Now, token: str) -> Response:
    """One chart of one send. The database waits for no pixel."""
    link = read_public(request, token, Kind.CHART)
    here = now.astimezone(request.app.state.settings.zone)
    with request.app.state.database.read() as session:
        drawing = charts.drawing_of(session, link, now=here)
    headers = FOR_MAILS | {"Cache-Control": _FOR_AN_HOUR, "ETag": f'"{drawer.tag_of(drawing)}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(drawer.png(drawing), media_type="image/png", headers=headers)
