"""Mail providers over HTTP, by the scheme that `THINSLICE_MAIL` names them by.

In: finished mails. Out: replies, in the words that a mail server has for the same. Refuses to know:
what a mail is about, and what is told of it later (`app.delivery.hooks`).
"""

from collections.abc import Callable, Mapping
from urllib.parse import SplitResult, urlsplit

from app.delivery.transports.providers.mailgun import Mailgun
from app.delivery.transports.providers.over_http import Provider
from app.delivery.transports.providers.postmark import Postmark
from app.delivery.transports.providers.resend import Resend
from app.delivery.transports.providers.ses import Ses
from app.platform.config import BadSettings

_READ: Mapping[str, Callable[[SplitResult], Provider]] = {
    "mailgun": Mailgun.read,
    "postmark": Postmark.read,
    "resend": Resend.read,
    "ses": Ses.read,
}


def is_named(mail: str) -> bool:
    """Whether a setting names a provider."""
    return mail.partition(":")[0] in _READ


def read(mail: str) -> Provider:
    """Read `postmark://TOKEN@/?stream=…`. Raises BadSettings, without the secrets in it."""
    try:
        return _READ[mail.partition(":")[0]](urlsplit(mail))
    except ValueError:  # brackets that do not close, and a port that is none
        raise BadSettings("THINSLICE_MAIL cannot be read: look at the characters in it.") from None
