"""What is the same for all is made once per arm; per person only the slots are filled."""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.audience.columns import UNTYPED, Columns
from app.delivery.mail import cells, content, filling, letterhead, marks, mime
from app.delivery.mail.addressing import Address, Addressee, Places
from app.delivery.mail.filling import Filler
from app.delivery.mail.letterhead import Letterhead
from app.delivery.mail.links import Kind as LinkKind
from app.delivery.mail.links import Link
from app.delivery.mail.mime import Mail
from app.links import return_address
from app.links.keyring import Keyring, Kind
from app.links.token import NEVER_COUNTS
from app.platform.errors import AppError, or_raise, tried

HIDDEN = "honeypot"  # the label of the link that only a scanner finds
_WAY_OUT = "unsubscribe_url"
_IN_THE_MAIL = {_WAY_OUT: marks.UNSUBSCRIBE}  # what a subject cannot print
_IMAGE = re.compile(f"<img[^>]*{marks.PIXEL}[^>]*>")  # the whole pixel
_BLANK_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class Rendered:
    """An arm's content for one person, links and all."""

    subject: str
    preheader: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Texts:
    """The same before its addresses stand in it."""

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
    alone: frozenset[str]  # of them, those that a condition asks for without comparing
    made: frozenset[str]  # and those of which it asks for what a filter made of them

    def fill(self, addressee: Addressee, *, keyring: Keyring, now: datetime) -> Mail:
        """One person's mail. Raises MissingColumn, BrokenLiquid, OverLimit or BadHeader."""
        [found] = self.fill_all([addressee], keyring=keyring, now=now)
        return or_raise(found)

    def fill_all(
        self, people: Sequence[Addressee], *, keyring: Keyring, now: datetime
    ) -> list[Mail | AppError]:
        """Each person's mail, or why it cannot be written."""
        said = self.render_all(people, keyring=keyring, now=now)
        return [
            app_error
            if isinstance(app_error, AppError)
            else tried(self._mail, addressee, app_error, keyring=keyring, now=now)
            for addressee, app_error in zip(people, said, strict=True)
        ]

    def _mail(
        self, addressee: Addressee, said: Rendered, *, keyring: Keyring, now: datetime
    ) -> Mail:
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
            return_path=self._return_path(addressee, keyring),
            recipient=recipient,
            subject=said.subject,
            raw=self.skeleton.fill(headers, text=said.text, html=said.html, now=now),
            send_id=addressee.send_id or None,
            experiment_id=self.head.experiment_id,
            person_id=addressee.person_id,
        )

    def _return_path(self, addressee: Addressee, keyring: Keyring) -> str:
        """Where a bounce comes back to: signed, where bounces have an address of their own."""
        if not self.head.signs_returns or addressee.send_id == NEVER_COUNTS:
            return self.head.return_path
        token = return_address.sign(addressee.send_id, Kind.RETURN, keyring)
        return return_address.with_token(self.head.return_path, token)

    def test_headers(
        self, addressee: Addressee, *, to: str, mail_id: str, subject: str, keyring: Keyring
    ) -> dict[str, str]:
        """The headers of a test mail: as a person would get them, to somebody else."""
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
            "List-Unsubscribe": f"<{self._places(keyring).way_out(addressee)}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }

    def _places(self, keyring: Keyring) -> Places:
        return Places(self.arm, self.set_id, self.head, self.links, keyring)

    def render(self, addressee: Addressee, *, keyring: Keyring, now: datetime) -> Rendered:
        """What one person reads. Raises MissingColumn, BrokenLiquid, OverLimit or BadHeader."""
        [found] = self.render_all([addressee], keyring=keyring, now=now)
        return or_raise(found)

    def render_all(
        self, people: Sequence[Addressee], *, keyring: Keyring, now: datetime
    ) -> list[Rendered | AppError]:
        """What each person reads, or why nothing can be written for them."""
        written = self.write_all(people, now=now)
        return [
            tried(self.placed, addressee, texts, keyring=keyring)
            for addressee, texts in zip(people, written, strict=True)
        ]

    def write_all(self, people: Sequence[Addressee], *, now: datetime) -> list[Texts | AppError]:
        """What can be slow of it: to be done outside a transaction. All parts know one moment."""
        here = now.astimezone(self.head.zone)
        rows = [cells.seen(person.columns, self.names, self.columns, now=here) for person in people]
        subjects = filling.fill_all([self.subject], rows)
        inside = [row if isinstance(row, AppError) else row | _IN_THE_MAIL for row in rows]
        parts = filling.fill_all([self.preheader, self.html, self.text], inside)
        return [tried(_texts, *both) for both in zip(subjects, parts, strict=True)]

    def placed(
        self, addressee: Addressee, texts: Texts | AppError, *, keyring: Keyring
    ) -> Rendered:
        """Put this person's addresses into what was written to them; raises where it was not."""
        written = or_raise(texts)
        places = self._places(keyring)
        address, way_out = places.of_links(addressee), places.way_out(addressee)
        pixel = places.pixel(addressee)
        return Rendered(
            subject=written.subject,
            preheader=written.preheader,
            html=_place(written.html, address, way_out, pixel, read=html.unescape),
            text=_BLANK_LINES.sub("\n\n", _place(written.text, address, way_out, "", read=str)),
        )


def _texts(subjects: list[str] | AppError, parts: list[str] | AppError) -> Texts:
    subject = mime.one_line(or_raise(subjects)[0])
    mime.refuse_unfit(subject, what="The subject")
    preheader, in_html, text = or_raise(parts)
    return Texts(subject, mime.one_line(preheader), in_html, text)


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
        alone=frozenset(name for part in parts.values() for name in part.alone) - {_WAY_OUT},
        made=frozenset(name for part in parts.values() for name in part.made) - {_WAY_OUT},
        **parts,
    )


def links_of(arm: Mapping[str, Any], *, hidden_address: str | None) -> tuple[Link, ...]:
    """The tracked links of an arm, in their order. Raises BadLink."""
    written = content.write_out(str(arm.get("body") or ""))
    return _with_hidden(written.links, hidden_address)


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
    filled: str, address: Address, way_out: str, pixel: str, *, read: Callable[[str], str]
) -> str:
    """Put addresses where their marks stand."""
    with_links = marks.place_links(
        filled, lambda position, fills: address(position, tuple(map(read, fills)))
    )
    with_links = with_links.replace(marks.UNSUBSCRIBE, way_out)
    return with_links.replace(marks.PIXEL, pixel) if pixel else _IMAGE.sub("", with_links)
