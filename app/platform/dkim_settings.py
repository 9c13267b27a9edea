"""What an operator sets so that mails leave signed with the sender's own domain (DKIM)."""

import re

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

from app.platform.domains import BadDomain, ascii_host

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_SELECTOR = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
_MOST_CHARS = 253  # of a name in DNS


class DkimSettings(BaseSettings):
    """All of it does nothing without a key."""

    dkim_key: str = Field(default="", repr=False)  # a PEM file's path, or what stands in it
    dkim_selector: str = "thinslice"
    dkim_domain: str = ""  # empty: the domain of the sender's address

    @field_validator("dkim_selector")
    @classmethod
    def _a_selector(cls, selector: str) -> str:
        if not _SELECTOR.fullmatch(selector) or len(selector) > _MOST_CHARS:
            raise ValueError("must be a name in DNS such as thinslice or mail2026")
        return selector.lower()

    @field_validator("dkim_domain")
    @classmethod
    def _a_domain(cls, domain: str) -> str:
        if not domain:
            return domain
        try:
            written = ascii_host(domain)
        except BadDomain as error:
            raise ValueError(f"cannot be used: {error} Write it like example.com") from error
        if not _DOMAIN.fullmatch(written) or len(written) > _MOST_CHARS:
            raise ValueError("must be a domain such as example.com, and nothing beside it")
        return written.lower()
