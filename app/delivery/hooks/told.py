"""What every provider's events come to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from app.delivery.inbox.reading import CameBack, What
from app.delivery.replies import shortened
from app.platform.errors import NotLoggedIn


class Unproven(NotLoggedIn):
    """Nothing shows that the provider sent this."""

    title = "This is not proven to come from the provider"
    challenge = "Basic"


@dataclass(frozen=True, slots=True)
class Brought:
    """A request: its headers by their names in small letters, and its bytes."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Proven:
    """What the provider said.

    `event` is its JSON, None where it says nothing of any mail. `number` is what no other event
    may come with: it counts where the proof covers the number and not the event. `asks` is an
    address to be asked, so that events come.
    """

    event: bytes | None
    number: str = ""
    asks: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """One event of one mail. `token` is ours and names the send, where it is any send's."""

    token: str
    said: CameBack
    unsubscribes: bool = False


class Source(Protocol):
    """How one provider proves its events, and what they say."""

    def prove(self, brought: Brought, *, now: datetime) -> Proven:
        """Raises Unproven."""

    def told(self, document: Any) -> Iterable[Told]:
        """Read it. Raises LookupError, TypeError, ValueError or AttributeError for other shapes."""


def said(what: What, words: str, *, otherwise: str) -> CameBack:
    """What it says, in a line without addresses; `otherwise` where it says nothing."""
    return CameBack(what, shortened(words) or otherwise)
