"""An arm's mails as bytes with holes: for everybody of whom there is nothing odd to say.

Where nothing but plain placeholders stands in an arm, its mails differ by a few words and signed
addresses. Whoever's words have line breaks, are missing or cannot be said is left to `compose`,
which says the same slowly; so nothing is decided here, and both give mails that read the same.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import escape

from app.delivery.mail import marks, mime
from app.delivery.mail.addressing import Addressee
from app.delivery.mail.filling import Filler, Joined
from app.delivery.mail.filters import OUTPUT_BYTES
from app.delivery.mail.layout import Composer, Layout, broken, encoded
from app.delivery.mail.letterhead import Letterhead
from app.delivery.mail.links import Kind as LinkKind
from app.delivery.mail.links import Link
from app.delivery.mail.liquid import printed
from app.delivery.mail.marks import Piece
from app.links.keyring import Keyring, Kind
from app.links.token import NEVER_COUNTS, NOBODY, SHORTEST, TrackedLink, pack_fills, sign, sign_each

BLANK_LINES = re.compile(r"\n{3,}")
_WIDEST = 5  # characters of one that is escaped in HTML: `&#34;`
_WAY_OUT, _PIXEL = "way out", "pixel"
_IN_TEXT, _IN_HTML = "text:", "html:"


class _Personal(NamedTuple):
    """A link whose address holds something of the person."""

    key: str
    link: int
    fills: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plate:
    """What is the same in all mails of an arm, from its shared headers on."""

    layout: Layout
    set_id: int
    head: Letterhead
    names: tuple[str, ...]
    longest: int  # characters of one value: with more, `filling` says whether it is too long
    links: tuple[int, ...]  # of which every address is as long
    keys: tuple[str, ...]  # of these, in the layout
    personal: tuple[_Personal, ...]
    has_answers: bool  # some link leads to a page of ours
    image: tuple[str, str]  # around the address of the pixel

    def words(self, row: Mapping[str, object]) -> dict[str, str] | None:
        """What each name says to a person; None where anything is missing or odd."""
        said: dict[str, str] = {}
        for name in self.names:
            cell = row.get(name)
            shown = cell if type(cell) is str else "" if cell is None else printed(cell)
            if not shown or "\n" in shown or "\r" in shown or len(shown) > self.longest:
                return None
            said[name] = shown
        return said

    def takes(self, addressee: Addressee) -> bool:
        """Whether nothing about the person asks for other addresses than everybody's."""
        if addressee.send_id in {NEVER_COUNTS, NOBODY}:
            return False
        return addressee.may.clicks or not self.has_answers

    def personal_tokens(
        self, addressee: Addressee, said: Mapping[str, str], keyring: Keyring
    ) -> Iterator[tuple[str, bytes]]:
        """The holes of links that are as long as what a person has. Raises ValueError: too long."""
        number = addressee.send_id if addressee.may.clicks else NOBODY
        for key, link, fills in self.personal:
            packed = pack_fills([said[name] for name in fills])
            made = sign(TrackedLink(self.set_id, number, link, packed), Kind.CLICK, keyring)
            yield key, broken(made.encode("ascii"))

    def raw(
        self,
        begin: bytes,
        addressee: Addressee,
        said: Mapping[str, str],
        *,
        way_out: bytes,
        keyring: Keyring,
    ) -> bytes:
        """A mail behind its own headers. Raises ValueError where an address is too long."""
        number = addressee.send_id if addressee.may.clicks else NOBODY
        tokens = sign_each(
            self.links, set_id=self.set_id, number=number, kind=Kind.CLICK, keyring=keyring
        )
        values = dict(zip(self.keys, tokens, strict=True))
        values.update(self.personal_tokens(addressee, said, keyring))
        for name, shown in said.items():
            written = encoded(shown)
            values[_IN_TEXT + name] = written
            safe = str(escape(shown))
            values[_IN_HTML + name] = written if safe == shown else encoded(safe)
        values[_WAY_OUT] = way_out
        values[_PIXEL] = self._pixel(addressee, keyring) if addressee.may.opens else b""
        return self.layout.filled(begin, values)

    def way_out(self, addressee: Addressee, keyring: Keyring) -> bytes:
        """The token that takes a person off the list."""
        [made] = sign_each(
            [0],
            set_id=self.set_id,
            number=addressee.send_id,
            kind=Kind.UNSUBSCRIBE,
            keyring=keyring,
        )
        return made

    def _pixel(self, addressee: Addressee, keyring: Keyring) -> bytes:
        [made] = sign_each(
            [0], set_id=self.set_id, number=addressee.send_id, kind=Kind.OPEN, keyring=keyring
        )
        before, after = self.image
        address = f"{self.head.tracking_url}/o/{made.decode()}.gif"
        return encoded(f"{before}{address}{after}")


def press(
    shared: bytes,
    *,
    head: Letterhead,
    set_id: int | None,
    links: Sequence[Link],
    html: Filler,
    text: Filler,
) -> Plate | None:
    """Lay out an arm's mails; None where they differ by more than a plate has holes for."""
    pieces = _pieces(text), _pieces(html)
    if set_id is None or pieces[0] is None or pieces[1] is None:
        return None
    written = [_collapsed(pieces[0]), pieces[1]]
    found = [piece for piece in (*written[0], *written[1]) if isinstance(piece, Piece)]
    images = {piece.pixel for piece in found if piece.pixel}
    if len(images) > 1 or any(marks.WAY_OUT in piece.fills for piece in found):
        return None
    every = sorted({(piece.link, piece.fills) for piece in found if piece.link})
    fixed = tuple(link for link, fills in every if not fills)
    before, _, after = next(iter(images), "").partition(marks.PIXEL)
    values = sum(bool(piece.value) for piece in found)
    return Plate(
        layout=_laid_out(shared, head, written),
        set_id=set_id,
        head=head,
        names=tuple(sorted({piece.value for piece in found if piece.value}.union(*_fills(found)))),
        longest=OUTPUT_BYTES // (_WIDEST * max(1, values)),
        links=fixed,
        keys=tuple(_key(link, ()) for link in fixed),
        personal=tuple(_Personal(_key(link, fills), link, fills) for link, fills in every if fills),
        has_answers=any(link.kind is LinkKind.ANSWER for link in links),
        image=(before, after),
    )


def _pieces(filler: Filler) -> list[str | Piece] | None:
    if not isinstance(filler, Joined):
        return None
    return marks.pieces(filler.literals, filler.names)


def _collapsed(pieces: Sequence[str | Piece]) -> list[str | Piece]:
    """Without several blank lines in a row, as a text part has it; no hole holds a line's end."""
    return [BLANK_LINES.sub("\n\n", one) if isinstance(one, str) else one for one in pieces]


def _fills(pieces: Sequence[Piece]) -> list[tuple[str, ...]]:
    return [piece.fills for piece in pieces]


def _laid_out(shared: bytes, head: Letterhead, written: Sequence[Sequence[str | Piece]]) -> Layout:
    composer = Composer()
    composer.raw(shared)
    for kind, of, pieces in zip(
        ("text/plain", "text/html"), (_IN_TEXT, _IN_HTML), written, strict=True
    ):
        composer.raw(mime.part_head(kind))
        for piece in pieces:
            _lay(composer, piece, head, of)
        composer.raw(b"\r\n")
    composer.raw(mime.END)
    return composer.done()


def _lay(composer: Composer, piece: str | Piece, head: Letterhead, of: str) -> None:
    if isinstance(piece, str):
        composer.text(piece)
    elif piece.value:
        composer.hole(of + piece.value)
    elif piece.pixel:
        composer.hole(_PIXEL)
    elif piece.is_way_out:
        composer.text(f"{head.public_url}/u/")
        composer.slot(_WAY_OUT, width=SHORTEST)
    else:
        composer.text(f"{head.tracking_url}/c/")
        key = _key(piece.link, piece.fills)
        if piece.fills:
            composer.hole(key)
        else:
            composer.slot(key, width=SHORTEST)


def _key(link: int, fills: tuple[str, ...]) -> str:
    return ":".join(("link", str(link), *fills))
