"""Amazon SES's events (docs.aws.amazon.com/ses, event publishing), as its topic at SNS brings them.

A configuration set says `eventType` and hands our tag back; an identity says `notificationType`,
and hands it back with the mail's headers alone, where it is told to include them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import SplitResult

from app.delivery.hooks import sns
from app.delivery.hooks.told import Brought, Proven, Told, Unproven, said
from app.delivery.inbox import reading
from app.delivery.inbox.reading import CameBack, What
from app.platform.config import BadSettings
from app.platform.foreign import read_json

_LIKE = (
    "THINSLICE_MAIL_EVENTS must name Amazon SES by its topic at SNS, like"
    " ses:arn:aws:sns:eu-west-1:123456789012:thinslice."
)
_TAGS = "x-ses-message-tags"
_TAG = re.compile(r"(?:^|[,;\s])send=([a-z2-7]+)")
_TRIED = {"General", "NoEmail"}  # of what is permanent; others are on a list there, never tried
_NO_COMPLAINT = {"not-spam", "auth-failure", "virus"}
_Shapes = (TypeError, AttributeError, LookupError, ValueError)


@dataclass(frozen=True, slots=True)
class SesEvents:
    """What one topic tells."""

    topic: sns.Topic

    @classmethod
    def read(cls, parts: SplitResult) -> "SesEvents":
        """Read the setting. Raises BadSettings."""
        topic = sns.Topic.read(parts.path)
        if topic is None or parts.netloc or parts.query or parts.fragment:
            raise BadSettings(_LIKE)
        return cls(topic)

    def prove(self, brought: Brought, *, now: datetime) -> Proven:
        """Raises Unproven, and Unreachable where SNS cannot be asked for its certificate."""
        try:
            return sns.proven(read_json(brought.body), self.topic, now=now)
        except _Shapes:
            raise Unproven("It is no message as Amazon SNS documents it.") from None

    def told(self, document: Any) -> Iterable[Told]:
        """One document, one event; of kinds that say nothing of a mail's end, nothing."""
        kind = document.get("eventType") or document["notificationType"]
        token = _token(document["mail"])
        if kind == "Delivery":
            yield Told(token, said(What.DELIVERED, "", otherwise="It was delivered."))
        elif kind == "Bounce":
            yield Told(token, _bounce(document["bounce"]))
        elif kind == "Complaint":
            yield Told(token, _complaint(document["complaint"]))
        elif kind == "Reject":
            words = str(document["reject"].get("reason") or "")
            yield Told(token, said(What.REFUSED, words, otherwise="Amazon SES rejected it."))


def _token(mail: Any) -> str:
    tags = (mail.get("tags") or {}).get("send") or []
    if tags:
        return str(tags[0])
    for header in mail.get("headers") or []:
        if str(header["name"]).lower() == _TAGS and (found := _TAG.search(str(header["value"]))):
            return found[1]
    return ""


def _bounce(bounce: Any) -> CameBack:
    """A server's own words count, where there are any; where there are none, SES's."""
    kind, detail = str(bounce["bounceType"]), str(bounce.get("bounceSubType") or "")
    called = f"Amazon SES: {kind}, {detail}"
    one = (bounce.get("bouncedRecipients") or [{}])[0]
    status, words = str(one.get("status") or ""), str(one.get("diagnosticCode") or "")
    if detail == "MailboxFull":
        return said(What.FULL, words, otherwise=called)
    if kind != "Permanent" or detail not in _TRIED:
        return said(What.REFUSED, words, otherwise=called)
    if status or words:
        return reading.of_failure(status, words)
    return said(What.GONE, "", otherwise=called)


def _complaint(complaint: Any) -> CameBack:
    if complaint.get("complaintSubType"):  # on a list of theirs: never tried
        return said(What.REFUSED, "", otherwise="Amazon SES: on the account's suppression list")
    if complaint.get("complaintFeedbackType") in _NO_COMPLAINT:
        return said(What.NOTHING, "", otherwise="A report, and no complaint.")
    return said(What.COMPLAINT, "", otherwise="Amazon SES: complaint")
