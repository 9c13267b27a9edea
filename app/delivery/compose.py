"""What is the same for all is made once per arm; per person only the slots are filled."""

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from app.audience.columns import UNTYPED, Columns
from app.audience.consent import Allowed
from app.delivery import cells, content, filling, letterhead, marks, mime
from app.delivery.filling import Filler
from app.delivery.letterhead import Letterhead
from app.delivery.links import BadLink, Link
from app.delivery.links import Kind as LinkKind
from app.delivery.mime import Mail
from app.links.keyring import Keyring, Kind
from app.links.token import NEVER_COUNTS, NOBODY, TrackedLink, pack_fills, sign

HIDDEN = "honeypot"  # the label of the link that only a scanner finds
_WAY_OUT = "unsubscribe_url"
_IMAGE = re.compile(f"<img[^>]*{marks.PIXEL}[^>]*>")  # the whole pixel
_BLANK_LINES = re.compile(r"\n{3,}")
_Address = Callable[[int, tuple[str, ...]], str]


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
class Rendered:
    """An arm's content for one person, links and all."""

    subject: str
    preheader: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class ComposedArm:
    """An arm, ready for people.

    `set_id` is None where nothing was launched yet: its links lead straight to their addresses.
    """

    arm: str
    set_id: int | None
    head: Letterhead
    links: tuple[Link, ...]
    skeleton: mime.Skeleton
    subject: Filler
    preheader: Filler
    html: Filler
    text: Filler
    columns: Columns  # how the cells of the people are read
    names: frozenset[str]  # the columns that the content prints or looks at

    def fill(self, addressee: Addressee, *, keyring: Keyring, now: datetime) -> Mail:
        """One person's mail. Raises MissingColumn, BrokenLiquid or BadHeader."""
        said = self.render(addressee, keyring=keyring)
        recipient = mime.ascii_address(addressee.email)
        headers = self._headers(
            addressee,
            to=recipient,
            mail_id=addressee.mail_id,
            subject=said.subject,
            keyring=keyring,
        )
        return Mail(
            mail_id=addressee.mail_id,
            return_path=self.head.return_path,
            recipient=recipient,
            subject=said.subject,
            raw=self.skeleton.fill(headers, text=said.text, html=said.html, now=now),
            send_id=addressee.send_id or None,
            experiment_id=self.head.experiment_id,
        )

    def test_headers(
        self, addressee: Addressee, *, to: str, mail_id: str, keyring: Keyring
    ) -> dict[str, str]:
        """The headers of a test mail: as a person would get them, to somebody else."""
        subject = self.render(addressee, keyring=keyring).subject
        own = self._headers(
            addressee,
            to=mime.ascii_address(to),
            mail_id=mail_id,
            subject=subject,
            keyring=keyring,
        )
        return own | self.head.headers(arm=self.arm)

    def _headers(
        self, addressee: Addressee, *, to: str, mail_id: str, subject: str, keyring: Keyring
    ) -> dict[str, str]:
        return {
            "To": to,
            "Subject": mime.words(subject, what="The subject"),
            "Message-ID": f"<{mail_id}@{self.head.host}>",
            "List-Unsubscribe": f"<{self._way_out(addressee, keyring)}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }

    def render(self, addressee: Addressee, *, keyring: Keyring) -> Rendered:
        """What one person reads. Raises MissingColumn, BrokenLiquid or BadHeader."""
        columns = cells.of(addressee.columns, self.names, self.columns)
        subject = mime.one_line(self.subject.fill(columns))
        mime.refuse_breaks(subject, what="The subject")
        columns[_WAY_OUT] = marks.UNSUBSCRIBE
        address = self._addresses(addressee, keyring)
        way_out = self._way_out(addressee, keyring)
        pixel = self._pixel(addressee, keyring)
        return Rendered(
            subject=subject,
            preheader=mime.one_line(self.preheader.fill(columns)),
            html=_place(self.html.fill(columns), address, way_out, pixel, read=html.unescape),
            text=_BLANK_LINES.sub(
                "\n\n", _place(self.text.fill(columns), address, way_out, "", read=str)
            ),
        )

    def _addresses(self, addressee: Addressee, keyring: Keyring) -> _Address:
        """How a link's address is made for this person."""

        def address(position: int, fills: tuple[str, ...]) -> str:
            link = self.links[position - 1]
            number = addressee.send_id
            if number != NEVER_COUNTS and not addressee.may.clicks:
                number = NOBODY
            if link.kind is LinkKind.ANSWER and number in {NEVER_COUNTS, NOBODY}:
                fills = (self.head.experiment_id, self.arm, addressee.person_id)
            if self.set_id is None:
                return self._untracked(link, fills, keyring)
            return self._tracked(link, number, fills, keyring)

        return address

    def _tracked(self, link: Link, send_id: int, fills: tuple[str, ...], keyring: Keyring) -> str:
        try:
            packed = pack_fills(fills) if fills else b""
            tracked = TrackedLink(self.set_id or 0, send_id, link.position, packed)
            return f"{self.head.tracking_url}/c/{sign(tracked, Kind.CLICK, keyring)}"
        except ValueError as error:
            raise BadLink(
                "link_too_long",
                f"The address of “{link.label}” is too long with this person's data.",
            ) from error

    def _untracked(self, link: Link, fills: tuple[str, ...], keyring: Keyring) -> str:
        if link.kind is LinkKind.ANSWER:
            answer = TrackedLink(0, NEVER_COUNTS, 0, pack_fills(fills))
            return f"{self.head.public_url}/a/{sign(answer, Kind.ANSWER, keyring)}"
        return filled_address(link.address, fills)

    def _way_out(self, addressee: Addressee, keyring: Keyring) -> str:
        token = TrackedLink(self.set_id or 0, addressee.send_id, 0, b"")
        return f"{self.head.public_url}/u/{sign(token, Kind.UNSUBSCRIBE, keyring)}"

    def _pixel(self, addressee: Addressee, keyring: Keyring) -> str:
        """The address of their pixel; nothing for whoever does not want one."""
        if not addressee.may.opens:
            return ""
        token = TrackedLink(self.set_id or 0, addressee.send_id, 0, b"")
        return f"{self.head.tracking_url}/o/{sign(token, Kind.OPEN, keyring)}.gif"


def compose_arm(
    arm: Mapping[str, Any],
    *,
    head: Letterhead,
    columns: Columns = UNTYPED,
    set_id: int | None = None,
    hidden_address: str | None = None,
) -> ComposedArm:
    """Do once what is the same for all. Raises BrokenLiquid, BadLink or BadHeader.

    `hidden_address` is where the honeypot leads, if the experiment has one.
    """
    body = str(arm.get("body") or "")
    filling.text(body)  # its own lines are what an error should name
    written = content.write_out(body)
    links = _with_hidden(written.links, hidden_address)
    words = _words(written, str(arm.get("preheader") or ""), hidden=links[len(written.links) :])
    parts = {
        "subject": filling.text(str(arm.get("subject") or "")),
        "preheader": filling.text(str(arm.get("preheader") or "")),
        "html": filling.html(written.protected.restore_html(letterhead.html_letter(head, words))),
        "text": filling.text(written.protected.restore(letterhead.text_letter(head, words))),
    }
    return ComposedArm(
        arm=str(arm["key"]),
        set_id=set_id,
        head=head,
        links=links,
        skeleton=mime.skeleton(head.headers(arm=str(arm["key"]))),
        columns=columns,
        names=frozenset(name for part in parts.values() for name in part.columns) - {_WAY_OUT},
        **parts,
    )


def links_of(arm: Mapping[str, Any], *, hidden_address: str | None) -> tuple[Link, ...]:
    """The tracked links of an arm, in their order. Raises BadLink."""
    written = content.write_out(str(arm.get("body") or ""))
    return _with_hidden(written.links, hidden_address)


def filled_address(address: str, fills: tuple[str, ...]) -> str:
    """A personal address with a person's values in it, as the redirect would fill it."""
    for place, value in enumerate(fills):
        address = address.replace(f"{{{place}}}", quote(value, safe=""))
    return address


def _with_hidden(links: tuple[Link, ...], address: str | None) -> tuple[Link, ...]:
    if address is None:
        return links
    return (*links, Link(len(links) + 1, LinkKind.FIXED, HIDDEN, address))


def _words(
    written: content.Content, preheader: str, *, hidden: tuple[Link, ...]
) -> letterhead.Words:
    return letterhead.Words(
        preheader=marks.protect(preheader, written.protected.pieces).text,
        html=written.html,
        text=written.text.strip("\n"),
        has_way_out=has_way_out(written),
        hidden_link=marks.link(hidden[0].position, ()) if hidden else None,
    )


def has_way_out(written: content.Content) -> bool:
    """The body brings its own unsubscribe link."""
    return (
        marks.UNSUBSCRIBE in written.html
        or _WAY_OUT in filling.text(written.protected.restore(written.text)).columns
    )


def _place(
    filled: str, address: _Address, way_out: str, pixel: str, *, read: Callable[[str], str]
) -> str:
    """Put addresses where their marks stand."""
    with_links = marks.place_links(
        filled, lambda position, fills: address(position, tuple(map(read, fills)))
    )
    with_links = with_links.replace(marks.UNSUBSCRIBE, way_out)
    return with_links.replace(marks.PIXEL, pixel) if pixel else _IMAGE.sub("", with_links)
