"""What an operator sets so that people log in with the organisation's own identity provider."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, ValidationInfo, field_serializer, field_validator
from pydantic_settings import BaseSettings, NoDecode

ANYBODY = "*"  # in the list of roles: whoever the provider lets in
_ROLES = ("viewer", "editor", "admin")
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_SCOPE = re.compile(r"[!#-\[\]-~]+")  # RFC 6749, 3.3
_VISIBLE = re.compile(r"[!-~]+")
_NAME = re.compile(r"[^\x00-\x1f<>]{1,60}")

Roles = tuple[tuple[str, str], ...]


class ProviderSettings(BaseSettings):
    """All of it is empty where people log in with a password alone."""

    oidc_issuer: str = ""
    oidc_client_id: str = Field(default="", validate_default=True)
    oidc_client_secret: str = ""  # empty: a public client, by PKCE alone
    # A group and the role that it gives, in order: the first that somebody is in counts.
    oidc_roles: Annotated[Roles, NoDecode] = Field(default=(), validate_default=True)
    oidc_groups: str = "groups"  # the claim that names them
    oidc_scopes: Annotated[tuple[str, ...], NoDecode] = ("openid", "profile", "email")
    oidc_join_by_email: bool = False
    oidc_trust_email: bool = False  # an address counts as verified where nothing is said of it
    oidc_name: str = ""  # on the button

    @field_validator("oidc_issuer")
    @classmethod
    def _an_issuer(cls, issuer: str) -> str:
        """As the provider writes it: it is compared letter by letter."""
        if not issuer:
            return issuer
        try:
            parts = urlsplit(issuer)
            host = parts.hostname
        except ValueError as error:
            raise ValueError(_LIKE) from error
        if parts.query or parts.fragment or not host or parts.username:
            raise ValueError(_LIKE)
        if not _VISIBLE.fullmatch(issuer):
            raise ValueError(_LIKE)
        if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
            raise ValueError("must begin with https://: who logs in is told over it")
        return issuer

    @field_validator("oidc_client_id")
    @classmethod
    def _a_client(cls, client_id: str, info: ValidationInfo) -> str:
        if info.data.get("oidc_issuer") and not client_id:
            raise ValueError("must be set where THINSLICE_OIDC_ISSUER is: the provider gives it")
        return _ascii(client_id)

    @field_validator("oidc_client_secret")
    @classmethod
    def _a_secret(cls, secret: str) -> str:
        return _ascii(secret)

    @field_validator("oidc_roles", mode="before")
    @classmethod
    def _split_roles(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(_pair(one) for one in value.split(",") if one.strip())

    @field_validator("oidc_roles")
    @classmethod
    def _some_roles(cls, roles: Roles, info: ValidationInfo) -> Roles:
        if info.data.get("oidc_issuer") and not roles:
            raise ValueError(f"must say who gets in, {_LIKE_ROLES}")
        return roles

    @field_validator("oidc_scopes", mode="before")
    @classmethod
    def _split_scopes(cls, value: object) -> object:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("oidc_scopes")
    @classmethod
    def _with_openid(cls, scopes: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_SCOPE.fullmatch(scope) for scope in scopes):
            raise ValueError("must be words in ASCII, such as openid profile email groups")
        return scopes if "openid" in scopes else ("openid", *scopes)

    @field_validator("oidc_trust_email")
    @classmethod
    def _not_both(cls, trusts: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - as it is asked
        """Who chooses their own address at the provider would choose an admin's of ours."""
        if trusts and info.data.get("oidc_join_by_email"):
            raise ValueError(
                "cannot be set beside THINSLICE_OIDC_JOIN_BY_EMAIL: whoever names somebody's"
                " address at the provider, unverified, would come in as them"
            )
        return trusts

    @field_validator("oidc_name")
    @classmethod
    def _a_name(cls, name: str) -> str:
        if name and not _NAME.fullmatch(name.strip()):
            raise ValueError("must be one line of at most 60 characters")
        return name.strip()

    @field_serializer("oidc_roles", when_used="json")
    def _as_written(self, roles: Roles) -> str:
        """As an operator writes it: processes and backups hand settings on as text."""
        return ", ".join(f"{group}={role}" for group, role in roles)

    @property
    def provider_name(self) -> str:
        """What the button calls the provider; empty where there is none."""
        return self.oidc_name or urlsplit(self.oidc_issuer).hostname or ""


def _ascii(text: str) -> str:
    if not text.isascii() or not text.isprintable():
        raise ValueError("must be plain ASCII, as the provider gave it")
    return text


def _pair(written: str) -> tuple[str, str]:
    group, _, role = (part.strip() for part in written.rpartition("="))
    if not group or role not in _ROLES:
        raise ValueError(f"cannot be read at “{written.strip()}”; write it {_LIKE_ROLES}")
    return group, role


_LIKE = "must be the issuer's address as the provider writes it, such as https://id.example.com"
_LIKE_ROLES = "like thinslice-admins=admin, product=editor, *=viewer"
