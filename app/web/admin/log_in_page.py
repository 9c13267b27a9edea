"""Who are you? Asked by a form, and beside it by a button where there is an identity provider."""

from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlencode

from fastapi import Request

from app.web.kit.form_state import Typed
from app.web.kit.pages import Page


@dataclass(frozen=True, kw_only=True)
class LoginPage(Page):
    """Who are you?"""

    template: ClassVar[str] = "admin/login.html"

    form: Typed
    next: str
    provider: str  # what the button calls it; empty: there is none
    address: str  # where the button leads


def log_in_page(request: Request, form: Typed, *, onward: str) -> LoginPage:
    """The page, which leads on to `onward`."""
    return LoginPage(
        form=form,
        next=onward,
        provider=request.app.state.settings.provider_name,
        address=f"/login/oidc?{urlencode({'next': onward})}",
    )
