"""The bytes of a mail: headers that are the same for all once per arm, the rest per person.

Quoted-printable throughout: seven bits, short lines, and no boundary can occur by chance, because
`=_` is never written by the encoding (RFC 2045, section 6.7).
"""

import re
from base64 import b64encode
from binascii import a2b_qp, b2a_qp
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache

from app.platform.domains import BadDomain, ascii_host
from app.platform.errors import Invalid

BOUNDARY = "=_thinslice"
END = f"--{BOUNDARY}--\r\n".encode("ascii")
_CHUNK_BYTES = 42  # of a header's word: 56 characters of base64 and 12 around them stay under 75
_FIRST_CHUNK_BYTES = 30  # the header's own name stands on the first line
_BREAKS = re.compile("[\r\n\0\v\f\x1c-\x1e\x85\u2028\u2029]")
# Embeddings, overrides and isolates: what follows them reads in an order of theirs. Marks of a
# direction and joiners (U+200C to U+200F, U+061C) are part of how scripts and signs are written.
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CONTROLS = re.compile("[\x01-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
# What has no width and joins nothing: copying brings it along, and nobody sees it.
_UNSEEN = re.compile("[\u200b\u2060-\u2064\ufeff]")
_PLAIN = re.compile(r"[ !-<>-~]*")  # printable ASCII without "=", which could look encoded
_PLAIN_CHARS = 65  # with the longest header name, a line stays under 78
_ADDRESS = re.compile(r"^[^\s<>()\[\],;:\\\"@\x00-\x20\x7f]+@[^\s<>()\[\],;:\\\"@\x00-\x20\x7f]+")
_ADDRESS_CHARS = 254  # RFC 5321, erratum 1690


class BadHeader(Invalid):
    """Something cannot stand in a mail's header or envelope."""

    title = "This cannot stand in a mail's header"


class Wire(bytes):
    """A mail that is sent as it stands: every line ends with CRLF, and none begins with a dot."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Mail:
    """What a transport takes: the envelope, and the bytes between DATA and the final dot."""

    mail_id: str
    return_path: str
    recipient: str
    subject: str
    raw: bytes
    send_id: int | None = None
    experiment_id: str | None = None
    person_id: str | None = None  # whose columns it shows


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The headers that every mail of an arm shares, as bytes."""

    shared: bytes

    def fill(self, headers: Mapping[str, str], *, text: str, html: str, now: datetime) -> bytes:
        """One person's mail, in full."""
        return b"".join(
            (
                own_headers(headers, now=now),
                self.shared,
                part_head("text/plain"),
                transferable(text),
                part_head("text/html"),
                transferable(html),
                END,
            )
        )


def own_headers(headers: Mapping[str, str], *, now: datetime) -> bytes:
    """The headers of one mail, in whose values nothing is left to encode, and its date."""
    own = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    return f"{own}Date: {_date(now)}\r\n".encode("ascii")


@lru_cache(maxsize=1)
def _date(now: datetime) -> str:
    return format_datetime(now)  # the same for all mails of a batch


def skeleton(headers: Mapping[str, str]) -> Skeleton:
    """Prepare the headers that are the same for all; their values are encoded already."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return Skeleton(
        (
            f"{lines}MIME-Version: 1.0\r\n"
            f'Content-Type: multipart/alternative; boundary="{BOUNDARY}"\r\n\r\n'
        ).encode("ascii")
    )


def words(value: str, *, what: str) -> str:
    """A header's text: as it is where it is plain, else RFC 2047. Raises BadHeader."""
    refuse_unfit(value, what=what)
    if len(value) <= _PLAIN_CHARS and _PLAIN.fullmatch(value) and value == value.strip():
        return value
    return "\r\n ".join(f"=?utf-8?B?{b64encode(chunk).decode()}?=" for chunk in _chunks(value))


def mailbox(name: str, address: str, *, what: str) -> str:
    """`Name <address>` for a header. Raises BadHeader."""
    address = ascii_address(address)
    if not name:
        return address
    shown = words(name, what=what)
    if not shown.startswith("=?"):
        shown = '"' + re.sub(r'(["\\])', r"\\\1", shown) + '"'
    return f"{shown} <{address}>"


def ascii_address(address: str) -> str:
    """The address as every server understands it: the domain in punycode. Raises BadHeader."""
    refuse_unfit(address, what="The address")
    if not _ADDRESS.fullmatch(address) or len(address) > _ADDRESS_CHARS:
        raise BadHeader(f"“{address}” is not an address that mail can be sent to.")
    local, _, domain = address.rpartition("@")
    if not local.isascii():
        raise BadHeader(f"“{address}” has letters before the @ that mail servers do not take.")
    return f"{local}@{_ascii_domain(domain)}"


def one_line(value: str) -> str:
    """A subject as it stands in a header: line breaks are spaces, what nobody sees is left out."""
    lines = _UNSEEN.sub("", value).splitlines()
    return " ".join(filter(None, map(str.strip, lines)))


def quoted(value: str) -> str:
    """A subject of ours that quotes what others wrote, without what no header may hold."""
    shown = one_line(value)
    for unfit in (_BREAKS, _TURNS, _CONTROLS):
        shown = unfit.sub("", shown)
    return shown


def refuse_unfit(value: str, *, what: str) -> None:
    """Raise BadHeader where a value could begin a header, or be read as what it does not say."""
    if value.isascii() and value.isprintable():
        return
    if _BREAKS.search(value):
        raise BadHeader(f"{what} contains a line break or a NUL; take it out.")
    if found := _TURNS.search(value):
        raise BadHeader(
            f"{what} contains a sign that turns the direction of what follows"
            f" ({_code(found)}); take it out."
        )
    if found := _CONTROLS.search(value):
        raise BadHeader(f"{what} contains a sign that is no letter ({_code(found)}); take it out.")
    if found := _UNSEEN.search(value):
        raise BadHeader(f"{what} contains a sign that nobody sees ({_code(found)}); take it out.")


def _code(found: re.Match[str]) -> str:
    return f"U+{ord(found[0]):04X}"


def _ascii_domain(domain: str) -> str:
    try:
        return ascii_host(domain)
    except BadDomain as error:
        raise BadHeader(str(error)) from error


def _chunks(value: str) -> list[bytes]:
    """The text in pieces that end at whole characters."""
    chunks: list[bytes] = []
    piece, room = b"", _FIRST_CHUNK_BYTES
    for letter in value:
        encoded = letter.encode("utf-8", "replace")
        if len(piece) + len(encoded) > room:
            chunks.append(piece)
            piece, room = b"", _CHUNK_BYTES
        piece += encoded
    return [*chunks, piece]


def part_head(kind: str) -> bytes:
    """What a part of a mail begins with."""
    return (
        f"--{BOUNDARY}\r\nContent-Type: {kind}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    ).encode("ascii")


def html_bytes(raw: bytes) -> int:
    """How long the HTML part of a mail of ours is, as its reader's program sees it."""
    return len(a2b_qp(raw.partition(part_head("text/html"))[2].removesuffix(END)))


def transferable(content: str) -> bytes:
    """A part's words, quoted-printable."""
    lines = content.replace("\r\n", "\n").replace("\r", "\n")
    quoted = b2a_qp(lines.encode("utf-8", "replace"), istext=True)
    return quoted.replace(b"\n", b"\r\n") + b"\r\n"
