"""Email addresses: checked for their form only, never by asking a name server."""

import re
from functools import lru_cache

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

from app.platform.errors import Invalid

_LONGEST = 254  # characters, RFC 5321
_LONGEST_LOCAL = 64  # characters, RFC 5321
CONTROL = re.compile(r"[\x00-\x1f\x7f]")  # line breaks among them
_PLAIN = re.compile(r"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*")  # local parts that need no second look


class BadAddress(Invalid):
    """An address that no mail can be sent to: a sentence for people, a code and why for files."""

    def __init__(self, why: str, code: str = "bad_address") -> None:
        super().__init__(f"This address cannot be used: {why}.")
        self.on_a_line = f"{code}: {why}"


def key_of(email: str) -> str:
    """What makes two addresses one: lower case, the domain as punycode.

    Raises:
        BadAddress: with a sentence that says what is wrong.
    """
    if CONTROL.search(email):
        raise BadAddress("it contains a line break or another control character")
    text = email.strip()
    if not text:
        raise BadAddress("it is empty")
    if len(text) > _LONGEST:
        raise BadAddress("it is too long")
    local, at, domain = text.rpartition("@")
    if at and len(local) <= _LONGEST_LOCAL and _PLAIN.fullmatch(local):
        return f"{local}@{_ascii_domain(domain)}".lower()
    parsed = _parsed(text)
    if not parsed.local_part.isascii():
        raise BadAddress("signs beyond ASCII stand before the @", "unsupported_address")
    return f"{parsed.local_part}@{parsed.ascii_domain}".lower()


@lru_cache(maxsize=65_536)
def _ascii_domain(domain: str) -> str:
    """A file of a million people has some thousand domains: each is checked once."""
    return str(_parsed(f"a@{domain}").ascii_domain)


def _parsed(text: str) -> ValidatedEmail:
    try:
        return validate_email(
            text, check_deliverability=False, allow_smtputf8=True, test_environment=True
        )
    except EmailNotValidError as error:
        raise BadAddress(str(error).rstrip(".")) from error
