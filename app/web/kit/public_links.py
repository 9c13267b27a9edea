"""Links that are good without a log-in, as pages read them."""

from fastapi import Request

from app.languages.error_words import NOT_VALID
from app.links.keyring import Kind
from app.links.token import BadToken, TrackedLink, read
from app.platform.errors import NotFound


def read_public(request: Request, token: str, kind: Kind) -> TrackedLink:
    """What a public token says; a bad one is not here and goes nowhere."""
    try:
        return read(token, kind, request.app.state.keyring)
    except BadToken:
        raise NotFound(NOT_VALID) from None
