"""Images in mails, as mail programs ask for them: the same for everybody, and nobody is counted."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.delivery import images
from app.identity.guard import Db
from app.languages.error_words import NOT_HERE
from app.platform.errors import NotFound

router = APIRouter()
FOR_MAILS = {
    # A mail is read on pages of other hosts, and they show what is in it.
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
_FOR_A_YEAR = "public, max-age=31536000, immutable"  # another image has another address


@router.get("/i/{key}")
def show(request: Request, session: Db, key: str) -> Response:
    """The image itself."""
    found = images.by_key(session, key)
    if found is None:
        raise NotFound(NOT_HERE)
    headers = FOR_MAILS | {"Cache-Control": _FOR_A_YEAR, "ETag": f'"{found.hash}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(found.body, media_type=f"image/{found.kind}", headers=headers)
