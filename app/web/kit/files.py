"""A page as one file: whoever has it reads it without us, and nothing in it asks for anything."""

import re

from starlette.requests import Request
from starlette.responses import Response

from app.web.kit.assets import ASSETS, SHEET
from app.web.kit.pages import Page, frameless

_FETCHED = '="/static/'  # each in a line of its own; no text of anybody's holds such a quote
_HOME = 'class="brand" href="/"'


def as_file(request: Request, page: Page, name: str) -> Response:
    """The page with its style inside, to be kept under this name."""
    lines = frameless(request, page).splitlines()
    html = "\n".join(line for line in lines if _FETCHED not in line)
    html = html.replace("</head>", f"<style>{ASSETS.text(SHEET)}</style>\n</head>", 1)
    html = html.replace(_HOME, f'class="brand" href="{request.app.state.settings.public_url}"')
    disposition = f'attachment; filename="{_ascii(name)}.html"'
    return Response(html, media_type="text/html", headers={"Content-Disposition": disposition})


def _ascii(name: str) -> str:
    """What every system takes as the name of a file."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:80] or "page"
