"""Who may be tracked as a person: what they said, and where they said nothing, the preset."""

from dataclasses import dataclass

from app.audience.own import Consent
from app.platform.config import Privacy


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may be kept of one person."""

    clicks: bool
    opens: bool


COUNTS_NOWHERE = Allowed(clicks=True, opens=True)  # of previews and test mails: nobody is tracked


def allowed(*, clicks: str, opens: str, privacy: Privacy) -> Allowed:
    """What may be kept of somebody who said this of clicks and of opens."""
    return Allowed(clicks=allows(clicks, privacy), opens=allows(opens, privacy))


def allows(consent: str, privacy: Privacy) -> bool:
    """Whether one of them may be kept."""
    match privacy:
        case Privacy.AGGREGATE:
            return False
        case Privacy.CONSENT:
            return consent == Consent.YES
        case Privacy.STANDARD:
            return consent != Consent.NO
