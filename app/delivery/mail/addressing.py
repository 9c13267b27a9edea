"""The addresses that stand in one person's mail: of its links, the way out, the pixel."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from app.audience.consent import Allowed
from app.delivery.mail.letterhead import Letterhead
from app.delivery.mail.links import BadLink, Link
from app.delivery.mail.links import Kind as LinkKind
from app.links.keyring import Keyring, Kind
from app.links.token import NEVER_COUNTS, NOBODY, TrackedLink, pack_fills, sign

Address = Callable[[int, tuple[str, ...]], str]


@dataclass(frozen=True, slots=True)
class Addressee:
    """One person, as a mail needs them. `send_id` is NEVER_COUNTS where nobody shall be counted."""

    email: str
    person_id: str
    columns: Mapping[str, object]
    mail_id: str  # the left side of the Message-ID: the same for every attempt
    may: Allowed  # what may be kept of them
    send_id: int = NEVER_COUNTS


@dataclass(frozen=True, slots=True)
class Places:
    """Where the links of an arm lead, for whoever reads it."""

    arm: str
    set_id: int | None
    head: Letterhead
    links: tuple[Link, ...]
    keyring: Keyring

    def of_links(self, addressee: Addressee) -> Address:
        """How a link's address is made for this person."""

        def address(position: int, fills: tuple[str, ...]) -> str:
            link = self.links[position - 1]
            number = addressee.send_id
            if number != NEVER_COUNTS and not addressee.may.clicks:
                number = NOBODY
            if link.kind is LinkKind.ANSWER and number in {NEVER_COUNTS, NOBODY}:
                fills = (self.head.experiment_id, self.arm, addressee.person_id)
            if self.set_id is None:
                return self._untracked(link, fills)
            return self._tracked(link, number, fills)

        return address

    def _tracked(self, link: Link, send_id: int, fills: tuple[str, ...]) -> str:
        try:
            packed = pack_fills(fills) if fills else b""
            tracked = TrackedLink(self.set_id or 0, send_id, link.position, packed)
            return f"{self.head.tracking_url}/c/{sign(tracked, Kind.CLICK, self.keyring)}"
        except ValueError as error:
            raise BadLink(
                "link_too_long",
                f"The address of “{link.label}” is too long with this person's data: fill in less.",
            ) from error

    def _untracked(self, link: Link, fills: tuple[str, ...]) -> str:
        if link.kind is LinkKind.ANSWER:
            answer = TrackedLink(0, NEVER_COUNTS, 0, pack_fills(fills))
            return f"{self.head.public_url}/a/{sign(answer, Kind.ANSWER, self.keyring)}"
        return filled_address(link.address, fills)

    def way_out(self, addressee: Addressee) -> str:
        """The address that takes them off the list."""
        token = TrackedLink(self.set_id or 0, addressee.send_id, 0, b"")
        return f"{self.head.public_url}/u/{sign(token, Kind.UNSUBSCRIBE, self.keyring)}"

    def of_charts(self, addressee: Addressee) -> Callable[[int], str]:
        """How a chart's address is made for this person: it names its send, and opens nothing."""

        def address(number: int) -> str:
            fills = b""
            if addressee.send_id == NEVER_COUNTS:
                fills = pack_fills((self.head.experiment_id, self.arm, addressee.person_id))
            token = TrackedLink(self.set_id or 0, addressee.send_id, number, fills)
            return f"{self.head.tracking_url}/d/{sign(token, Kind.CHART, self.keyring)}.png"

        return address

    def pixel(self, addressee: Addressee) -> str:
        """The address of their pixel; nothing for whoever does not want one."""
        if not addressee.may.opens:
            return ""
        token = TrackedLink(self.set_id or 0, addressee.send_id, 0, b"")
        return f"{self.head.tracking_url}/o/{sign(token, Kind.OPEN, self.keyring)}.gif"


def filled_address(address: str, fills: tuple[str, ...]) -> str:
    """A personal address with a person's values in it, as the redirect would fill it."""
    for place, value in enumerate(fills):
        address = address.replace(f"{{{place}}}", quote(value, safe=""))
    return address
