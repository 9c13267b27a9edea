"""What the outside may send about connectors, webhooks and the digest."""

import re
from typing import Annotated

from pydantic import EmailStr, Field, field_validator

from app.platform.texts import Trimmed
from app.platform.weekly import DAYS

Text = Annotated[str, Field(min_length=1, max_length=500)]
_SENDS_AT = re.compile(rf"({'|'.join(DAYS)}) ([01]\d|2[0-3]):[0-5]\d")


class ConnectorDraft(Trimmed):
    """A connector to an OKR tool or a chat. `settings` holds what its kind needs, secrets too."""

    kind: Text
    name: Text
    settings: dict[Text, Text]


class WebhookDraft(Trimmed):
    """An address that is told of events; none named means all. Without a secret one is made."""

    url: Annotated[str, Field(min_length=1, max_length=2000)]
    name: Text | None = None
    events: list[Text] = Field(default=[])
    secret: Text | None = None


class LinkDraft(Trimmed):
    """What a key result is called in a connector's system."""

    connector_id: Text
    external: dict[Text, Text]


class DigestDraft(Trimmed):
    """Who gets the week by mail, and when: `monday 08:00`, in the organisation's zone."""

    recipients: list[EmailStr] = Field(max_length=200)
    sends_at: str | None = None

    @field_validator("sends_at")
    @classmethod
    def _a_time_of_the_week(cls, text: str | None) -> str | None:
        if text is not None and not _SENDS_AT.fullmatch(text.lower()):
            raise ValueError("write a day and a time, like monday 08:00")
        return text.lower() if text else None
