"""What every connector is made of: a parcel in, requests out, and what an answer means."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from app.platform import foreign
from app.platform.errors import Invalid
from app.platform.outbound import Answer

_LONGEST_WAIT = 86_400.0  # seconds; more than a day is not waited for, whoever asks
_LATER = {408, 425, 429}  # RFC 9110, 8470, 6585: the same request may succeed later
_SHOWN = 200  # characters of an answer that stand on a page
_LEAST_SECRET = 3  # characters; what is shorter is taken out of no answer


@dataclass(frozen=True, slots=True)
class Need:
    """A field that somebody fills in."""

    name: str
    label: str
    secret: bool = False
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One request over HTTP."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes | None


@dataclass(frozen=True, slots=True)
class Parcel:
    """One push with all that is needed to write it down. `secrets` are open here, and only here."""

    event_id: str
    kind: str
    subject: str
    happened_at: datetime
    facts: Mapping[str, Any]
    external: Mapping[str, str]
    settings: Mapping[str, Any]
    secrets: Mapping[str, str]
    old_secrets: Mapping[str, str] | None
    now: datetime

    @property
    def value(self) -> float:
        """The key result's new value."""
        return float(self.facts["value"])

    @property
    def comment(self) -> str:
        """What was said with it."""
        return str(self.facts.get("comment") or "")


class Verdict(StrEnum):
    """What becomes of a push."""

    DONE = "done"
    RETRY = "retry"
    STOP = "stop"
    DISABLE = "disable"  # the receiver is gone for good


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an answer means, in a sentence for the person who looks after it."""

    verdict: Verdict
    sentence: str = ""
    status: int | None = None
    wait_seconds: float = 0.0


class Refused(Invalid):
    """The other system would not take this; nothing is sent."""

    title = "This cannot be pushed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connector(ABC):
    """One OKR tool, chat or webhook. Pure: it writes requests and reads answers.

    `names` is what a key result is called over there; without any, no link is needed.
    Where `keeps_days`, a value carries its day, so an earlier day's may follow a later one's.
    """

    kind: str
    label: str
    needs: tuple[Need, ...]
    names: tuple[Need, ...] = ()
    keeps_days: bool = False

    def look(self, parcel: Parcel) -> Request | None:  # noqa: ARG002 - one of them needs it
        """A request that must be read before the push; None where there is none."""
        return None

    @abstractmethod
    def write(self, parcel: Parcel, looked: Answer | None) -> Request:
        """The push. Raises Refused where the other system would not take it."""

    def read(self, answer: Answer, parcel: Parcel) -> Outcome:
        """2xx is done; 5xx and 429 are tried again; anything else stops with a sentence."""
        return by_status(answer, now=parcel.now, label=self.label)


def unsaid(answer: Answer, parcel: Parcel) -> Answer:
    """The answer without our secrets: many say back what they were sent, and pages show it."""
    body = answer.body
    for secret in sorted(_secrets(parcel), key=len, reverse=True):
        body = body.replace(secret.encode(), b"***")
    return replace(answer, body=body)


def by_status(answer: Answer, *, now: datetime, label: str) -> Outcome:
    """What a status means to a caller who cannot change the request."""
    status = answer.status
    if 200 <= status < 300:
        return Outcome(Verdict.DONE, status=status)
    said = f"{label} answered {status}{_excerpt(answer)}"
    if status in _LATER or status >= 500:
        wait = retry_after(answer, now=now)
        return Outcome(Verdict.RETRY, f"{said}; it is tried again.", status, wait)
    return Outcome(Verdict.STOP, f"{said}. {_advice(status)}", status)


def retry_after(answer: Answer, *, now: datetime) -> float:
    """The seconds that the other side asks for (RFC 9110, 10.2.3); 0 where it says nothing."""
    said = answer.headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return min(float(said), _LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(said)
    except (ValueError, OverflowError):  # the latter of a year, or a zone, of twenty digits
        return 0.0
    if moment.tzinfo is None:
        return 0.0
    return min(max((moment - now).total_seconds(), 0.0), _LONGEST_WAIT)


def as_json(body: object) -> bytes:
    """A body as every one of these systems reads it."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def body_of(answer: Answer) -> dict[str, Any]:
    """A JSON object; anything else is empty."""
    try:
        body = foreign.read_json(answer.body)
    except foreign.NotJson:
        return {}
    return body if isinstance(body, dict) else {}


def number(value: float) -> float | int:
    """12 and not 12.0, which some systems refuse."""
    return int(value) if value.is_integer() else value


def _secrets(parcel: Parcel) -> set[str]:
    """Every secret; of an address also its path and the path's end, as servers name them."""
    whole = [*parcel.secrets.values(), *(parcel.old_secrets or {}).values()]
    paths = [urlsplit(one).path for one in whole if one.startswith(("http://", "https://"))]
    ends = [path.rpartition("/")[2] for path in paths]
    return {one for one in (*whole, *paths, *ends) if len(one) >= _LEAST_SECRET}


def _excerpt(answer: Answer) -> str:
    text = " ".join(answer.body.decode("utf-8", "replace").replace("\x00", "").split())
    return f": {text[:_SHOWN]}" if text else ""


def _advice(status: int) -> str:
    if 300 <= status < 400:
        return "It redirects, and redirects are not followed: enter the final address."
    if status in {401, 403}:
        return "Check the token and what it may do, then replay."
    if status in {404, 410}:
        return "Check the ids of the link, then replay."
    return "Mend what it names, then replay."
