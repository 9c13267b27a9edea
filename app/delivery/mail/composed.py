"""An arm that is ready for people: only what is a person's own is filled in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.audience.columns import Columns
from app.delivery.mail import cells, filling, links, marks, mime
from app.delivery.mail.addressing import Address, Addressee, Places
from app.delivery.mail.cells import MisfitCell
from app.delivery.mail.filling import Filler
from app.delivery.mail.letterhead import Letterhead
from app.delivery.mail.links import Link
from app.delivery.mail.mime import Mail
from app.delivery.mail.plate import BLANK_LINES, Plate
from app.links import return_address
from app.links.keyring import Keyring, Kind
from app.links.token import NEVER_COUNTS
from app.platform.errors import AppError, or_raise, tried

_IN_THE_MAIL = {marks.WAY_OUT: marks.UNSUBSCRIBE}  # what a subject cannot print


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
    plate: Plate | None  # of mails that hold nothing but plain placeholders

    def fill(self, addressee: Addressee, *, keyring: Keyring, now: datetime) -> Mail:
        """One person's mail. Raises MissingColumn, BrokenLiquid, OverLimit or BadHeader."""
        [found] = self.fill_all([addressee], keyring=keyring, now=now)
        return or_raise(found)

    def fill_all(
        self, people: Sequence[Addressee], *, keyring: Keyring, now: datetime
    ) -> list[Mail | AppError]:
        """Each person's mail, or why it cannot be written."""
        made = self._pressed(people, keyring=keyring, now=now)
        rest = [person for person, mail in zip(people, made, strict=True) if mail is None]
        filled = iter(self._fill_all(rest, keyring=keyring, now=now)) if rest else iter(())
        return [next(filled) if mail is None else mail for mail in made]

    def _pressed(
        self, people: Sequence[Addressee], *, keyring: Keyring, now: datetime
    ) -> list[Mail | None]:
        """The mails of all of whom the plate has nothing odd to say."""
        plate = self.plate
        if plate is None:
            return [None] * len(people)
        here = now.astimezone(self.head.zone)
        return [self._press(plate, one, keyring=keyring, now=now, here=here) for one in people]

    def _press(
        self, plate: Plate, addressee: Addressee, *, keyring: Keyring, now: datetime, here: datetime
    ) -> Mail | None:
        row = self._seen(addressee, now=here)
        if isinstance(row, AppError) or not plate.takes(addressee):
            return None
        said = plate.words(row)
        subject = tried(self._subject, row)
        to = tried(mime.ascii_address, addressee.email)
        if said is None or isinstance(subject, AppError) or isinstance(to, AppError):
            return None
        way_out = plate.way_out(addressee, keyring)
        address = f"{self.head.public_url}/u/{way_out.decode()}"
        headers = self._headers(addressee.mail_id, to=to, subject=subject, way_out=address)
        begin = mime.own_headers(headers, now=now)
        try:
            raw = plate.raw(begin, addressee, said, way_out=way_out, keyring=keyring)
        except ValueError:  # some address is too long
            return None
        return self._mail_of(addressee, to=to, subject=subject, raw=raw, keyring=keyring)

    def _seen(self, addressee: Addressee, *, now: datetime) -> dict[str, object] | MisfitCell:
        """What the templates see of a person."""
        return cells.seen(
            addressee.columns, self.names, self.columns, now=now, language=self.head.language
        )

    def _subject(self, row: Mapping[str, object]) -> str:
        return _fit_subject(self.subject.fill(row))

    def _fill_all(
        self, people: Sequence[Addressee], *, keyring: Keyring, now: datetime
    ) -> list[Mail | AppError]:
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
        to = mime.ascii_address(addressee.email)
        way_out = self._places(keyring).way_out(addressee)
        headers = self._headers(addressee.mail_id, to=to, subject=said.subject, way_out=way_out)
        raw = self.skeleton.fill(headers, text=said.text, html=said.html, now=now)
        return self._mail_of(addressee, to=to, subject=said.subject, raw=raw, keyring=keyring)

    def _mail_of(
        self, addressee: Addressee, *, to: str, subject: str, raw: bytes, keyring: Keyring
    ) -> Mail:
        return Mail(
            mail_id=addressee.mail_id,
            return_path=self._return_path(addressee, keyring),
            recipient=to,
            subject=subject,
            raw=raw,
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
            mail_id,
            to=mime.ascii_address(to),
            subject=subject,
            way_out=self._places(keyring).way_out(addressee),
        )
        return own | self.head.headers(arm=self.arm)

    def _headers(self, mail_id: str, *, to: str, subject: str, way_out: str) -> dict[str, str]:
        return {
            "To": to,
            "Subject": mime.words(subject, what="The subject"),
            "Message-ID": f"<{mail_id}@{self.head.host}>",
            "List-Unsubscribe": f"<{way_out}>",
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
        rows = [self._seen(person, now=here) for person in people]
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
            html=marks.place_breaks(
                marks.place_charts(
                    _place(written.html, address, way_out, pixel, read=marks.unescaped),
                    places.of_charts(addressee),
                )
            ),
            text=BLANK_LINES.sub(
                "\n\n", marks.place_lines(_place(written.text, address, way_out, "", read=str))
            ),
        )


def _texts(subjects: list[str] | AppError, parts: list[str] | AppError) -> Texts:
    subject = _fit_subject(or_raise(subjects)[0])
    preheader, in_html, text = or_raise(parts)
    return Texts(subject, mime.one_line(preheader), in_html, text)


def _fit_subject(said: str) -> str:
    subject = mime.one_line(said)
    mime.refuse_unfit(subject, what="The subject")
    return subject


def _place(
    filled: str, address: Address, way_out: str, pixel: str, *, read: Callable[[str], str]
) -> str:
    """Put addresses where their marks stand."""
    with_values = marks.place_values(filled, lambda place, value: links.encoded(place, read(value)))
    with_links = marks.place_links(
        with_values, lambda position, fills: address(position, tuple(map(read, fills)))
    )
    with_links = with_links.replace(marks.UNSUBSCRIBE, way_out)
    return with_links.replace(marks.PIXEL, pixel) if pixel else marks.IMAGE.sub("", with_links)
