"""Whether our own addresses lead to us, asked from here as a customer would."""

import httpx

from app.ops.installation import House
from app.platform.errors import AppError


class NotReached(AppError):
    """An address of ours does not lead here."""

    title = "An address does not lead here"


def public(house: House) -> str:
    """Whether pages answer where people are told that they are. Raises NotReached."""
    return _answering(house.settings.public_url, "thinslice serve", "THINSLICE_PUBLIC_URL")


def links(house: House) -> str:
    """Whether links in mails lead to us. Raises NotReached."""
    if house.settings.tracking == house.settings.public_url:
        return "the public address"
    return _answering(house.settings.tracking, "thinslice edge", "THINSLICE_TRACKING_URL")


def _answering(url: str, command: str, setting: str) -> str:
    try:
        answer = httpx.get(f"{url}/health", timeout=5)
    except httpx.HTTPError as error:
        raise NotReached(_why(url, error, command, setting)) from None
    if answer.status_code != httpx.codes.OK:
        raise NotReached(f"{url}/health answers {answer.status_code}: another service is there.")
    return f"{url} answers"


def _why(url: str, error: httpx.HTTPError, command: str, setting: str) -> str:
    """A certificate that is not trusted here is no service that is not running."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return (
            f"{url} answers with a certificate that is not trusted here ({error}). Of an authority"
            " of your own? Name its file in SSL_CERT_FILE; else browsers will refuse it, too."
        )
    return f"{url} does not answer ({error}). Is `{command}` running, and {setting} right?"
