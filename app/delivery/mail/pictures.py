"""Pictures inside a mail: in our rows they stand in the HTML, on the wire beside it (RFC 2387).

A row's HTML holds a picture as its own address (`data:`), which no mail program shows; what leaves
names a part of the same mail (`cid:`), which every one does, and nothing is fetched.
"""

import re
from base64 import b64decode, b64encode, encodebytes
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage

from app.delivery.mail import mime

_INSIDE = re.compile(r'src="data:image/png;base64,([A-Za-z0-9+/=]+)"')
_RELATED = "=_thinslice-related"


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG, and in words what it shows: for whoever doesn't see it."""

    body: bytes
    says: str

    @property
    def address(self) -> str:
        """As it stands in a row's HTML."""
        return f"data:image/png;base64,{b64encode(self.body).decode()}"


def filled(headers: Mapping[str, str], *, text: str, html: str, now: datetime) -> bytes:
    """A mail with its pictures beside its HTML; without any it is as every other."""
    bodies: list[bytes] = []

    def named(found: re.Match[str]) -> str:
        bodies.append(b64decode(found[1]))
        return f'src="cid:{_name(len(bodies))}"'

    named_html = _INSIDE.sub(named, html)
    shared = mime.skeleton({})
    if not bodies:
        return shared.fill(headers, text=text, html=html, now=now)
    return b"".join((
        mime.own_headers(headers, now=now),
        shared.shared,
        mime.part_head("text/plain"),
        mime.transferable(text),
        _related(mime.transferable(named_html), bodies),
        mime.END,
    ))  # fmt: skip


def as_seen(message: EmailMessage, html: str) -> str:
    """A mail's HTML with the pictures that came along in it, for a page of ours."""
    for part in message.walk():
        if name := str(part.get("Content-ID", "")).strip("<>"):
            body = part.get_payload(decode=True)
            if isinstance(body, bytes):
                html = html.replace(f'src="cid:{name}"', f'src="{Picture(body, "").address}"')
    return html


def _related(html: bytes, bodies: list[bytes]) -> bytes:
    """The HTML and its pictures as one part: either is nothing without the other."""
    head = (
        f"--{mime.BOUNDARY}\r\n"
        f'Content-Type: multipart/related; boundary="{_RELATED}";\r\n type="text/html"\r\n\r\n'
        f"--{_RELATED}\r\nContent-Type: text/html; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    parts = [_part(number, body) for number, body in enumerate(bodies, 1)]
    return b"".join((head.encode("ascii"), html, *parts, f"--{_RELATED}--\r\n".encode("ascii")))


def _part(number: int, body: bytes) -> bytes:
    head = (
        f"--{_RELATED}\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n"
        f"Content-ID: <{_name(number)}>\r\n"
        f'Content-Disposition: inline; filename="picture-{number}.png"\r\n\r\n'
    )
    return head.encode("ascii") + encodebytes(body).replace(b"\n", b"\r\n")


def _name(number: int) -> str:
    return f"picture-{number}@thinslice"
