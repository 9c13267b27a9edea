"""Cookies of a log-in that is under way: for minutes, and out of reach of scripts.

Over TLS they are `__Host-`: a sibling host can set none, and lead somebody into its own account.
"""

from datetime import timedelta

from fastapi import Request
from starlette.responses import Response


def secret_of(request: Request, name: str) -> str:
    """What this browser was given to take along; empty where it was nothing."""
    return request.cookies.get(_full(request, name), "")


def give(request: Request, response: Response, name: str, secret: str, *, lasts: timedelta) -> None:
    """Let this browser take a secret along."""
    response.set_cookie(
        _full(request, name),
        secret,
        max_age=int(lasts.total_seconds()),
        path="/",
        secure=_is_secure(request),
        httponly=True,
        samesite="lax",
    )


def take_back(request: Request, response: Response, name: str) -> None:
    """It was used."""
    response.delete_cookie(
        _full(request, name), path="/", secure=_is_secure(request), httponly=True
    )


def _full(request: Request, name: str) -> str:
    return f"__Host-{name}" if _is_secure(request) else name


def _is_secure(request: Request) -> bool:
    return bool(request.app.state.settings.secure)
