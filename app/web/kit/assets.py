"""Our own CSS and scripts: read once, one style sheet, addressed by their content."""

import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from app.platform import paths

SHEET = "site.css"
_FIRST = ("tokens.css", "base.css")  # tokens.css declares the order of the layers
_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, and the hash that its address carries."""

    body: bytes
    kind: str
    tag: str


class Assets:
    """A small ASGI application for /static, and the addresses that pages put into their head."""

    def __init__(self, folder: Path) -> None:
        self._assets = {name: _asset(name, body) for name, body in _bodies(folder).items()}
        self.scripts = tuple(name for name in sorted(self._assets) if name.endswith(".js"))

    def address(self, name: str) -> str:
        """Where a browser finds this file, for ever: another content has another address."""
        return f"/static/{name}?v={self._assets[name].tag}"

    def text(self, name: str) -> str:
        """What stands in it."""
        return self._assets[name].body.decode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request for a file."""
        request = Request(scope, receive)
        await self._answer(request)(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        asset = self._assets.get(request.scope["path"].removeprefix("/static").lstrip("/"))
        if asset is None or request.method not in {"GET", "HEAD"}:
            return PlainTextResponse("No such file.", 404)
        headers = {"ETag": f'"{asset.tag}"', "Cache-Control": _cache(request, asset)}
        if asset.tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(asset.body, media_type=asset.kind, headers=headers)


def _cache(request: Request, asset: Asset) -> str:
    return _FOR_EVER if request.query_params.get("v") == asset.tag else "no-cache"


def _bodies(folder: Path) -> dict[str, bytes]:
    sheets = sorted((folder / "css").glob("*.css"), key=lambda p: (p.name not in _FIRST, p.name))
    sheets.sort(key=lambda p: _FIRST.index(p.name) if p.name in _FIRST else len(_FIRST))
    scripts = {path.name: path.read_bytes() for path in (folder / "js").glob("*.js")}
    pictures = {path.name: path.read_bytes() for path in folder.glob("*.svg")}
    return {SHEET: b"\n".join(path.read_bytes() for path in sheets)} | scripts | pictures


def _asset(name: str, body: bytes) -> Asset:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Asset(body, kind, hashlib.sha256(body).hexdigest()[:16])


ASSETS = Assets(paths.STATIC)
