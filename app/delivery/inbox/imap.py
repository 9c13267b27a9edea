"""A mailbox at a mail server, read over IMAP (RFC 9051): what is new in it, and what was settled.

A mail is looked at without marking it (`BODY.PEEK`); only what we settled is marked as seen.
"""

import imaplib
import re
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs, unquote, urlsplit

from app.delivery.inbox.reading import MOST_BYTES
from app.platform.config import BadSettings
from app.platform.errors import Unavailable

_PORTS = {"tls": 993, "starttls": 143, "none": 143}
_ALONE = {"localhost", "127.0.0.1", "::1"}  # to whom a password may go without TLS
_TIMEOUT_SECONDS = 20
_SPAN = 10_000  # numbers asked for at once: an answer stays short, however many mails there are
_INTERNAL = re.compile(rb'INTERNALDATE "([^"]{20,30})"')
_LIKE = "imap://user:password@mail.example.com:993?tls=tls&folder=INBOX"
_MISREAD = f"THINSLICE_MAILBOX must be like {_LIKE} (tls is tls, or starttls)."


@dataclass(frozen=True, slots=True)
class Account:
    """Where the mailbox is, read from `THINSLICE_MAILBOX`."""

    host: str
    port: int
    tls: str
    user: str
    password: str
    folder: str

    @classmethod
    def read(cls, url: str) -> "Account":
        """Read `imap://user:password@host:port?tls=…&folder=…`. Raises BadSettings."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise BadSettings(_MISREAD) from error
        asked = parse_qs(parts.query)
        tls = asked.get("tls", ["starttls" if port == _PORTS["starttls"] else "tls"])[0]
        folder = asked.get("folder", ["INBOX"])[0]
        fits = parts.scheme == "imap" and host and parts.username and tls in _PORTS
        if not fits or not (folder.isascii() and folder.isprintable()):
            raise BadSettings(_MISREAD)
        if tls == "none" and host not in _ALONE:
            raise BadSettings(
                "THINSLICE_MAILBOX: a password goes over TLS alone (tls or starttls)."
            )
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return cls(host, port or _PORTS[tls], tls, user, password, folder)

    @property
    def name(self) -> str:
        """What tells it from others; no password is in it."""
        return f"{self.user}@{self.host}:{self.port}/{self.folder}"


@dataclass(frozen=True, slots=True)
class Lying:
    """A mail as it lies there: its first bytes, and when it came."""

    raw: bytes
    at: datetime | None


class Mailbox:
    """An open folder."""

    def __init__(self, server: imaplib.IMAP4) -> None:
        self._server = server
        self.validity = self._told("UIDVALIDITY")  # once it is another, so are all numbers
        self._next = self._told("UIDNEXT")

    def newer(self, than: int, *, since: datetime | None, limit: int) -> tuple[list[int], int]:
        """Numbers of mails after one, in their order; and up to which number all are among them.

        Args:
            since: no mail is meant that came on an earlier day.
        """
        found: list[int] = []
        until = max(than, self._next - 1)
        for start in range(than + 1, self._next, _SPAN):
            end = min(start + _SPAN - 1, self._next - 1)
            found += [number for number in self._search(start, end, since) if number > than]
            if len(found) >= limit:
                found = found[:limit]
                return found, found[-1]
        return found, until

    def mail(self, number: int) -> Lying | None:
        """One of them; None where it was taken away meanwhile."""
        asked = f"(INTERNALDATE BODY.PEEK[]<0.{MOST_BYTES}>)"
        for one in self._ask("UID", "FETCH", str(number), asked):
            if isinstance(one, tuple):
                return Lying(one[1], _came_at(one[0]))
        return None

    def mark(self, number: int) -> None:
        """Let whoever opens the mailbox see that it was read; what was, we remember ourselves."""
        with suppress(imaplib.IMAP4.error):  # a folder may be for reading alone
            self._server.uid("STORE", str(number), "+FLAGS.SILENT", r"(\Seen)")

    def _search(self, start: int, end: int, since: datetime | None) -> Sequence[int]:
        asked = ["UID", f"{start}:{end}", *(["SINCE", _day(since)] if since else [])]
        lines = self._ask("UID", "SEARCH", *asked)
        return sorted(
            int(word) for line in lines if isinstance(line, bytes) for word in line.split()
        )

    def _ask(self, *asked: str) -> list[object]:
        how, came = self._server.uid(*asked[1:])
        if how != "OK":
            raise imaplib.IMAP4.error(f"{asked[1]} was refused")
        return list(came)

    def _told(self, name: str) -> int:
        _, came = self._server.response(name)
        if not came or not isinstance(came[-1], bytes):
            raise imaplib.IMAP4.error(f"it does not say its {name}")
        return int(came[-1])


@contextmanager
def opened(account: Account) -> Iterator[Mailbox]:
    """Log in, and open the folder. Raises Unavailable, with what to look at, and no password."""
    where = f"The mailbox at {account.host}"
    try:
        server = _connected(account)
    except (OSError, imaplib.IMAP4.error) as error:
        raise Unavailable(f"{where} does not answer ({_kind(error)}).") from error
    try:
        _log_in(server, account)
        how, _ = server.select(_quoted(account.folder))
        if how != "OK":
            raise Unavailable(f"{where} has no folder {account.folder}.")
        yield Mailbox(server)
    except (OSError, imaplib.IMAP4.error, ValueError) as error:
        raise Unavailable(f"{where} broke off ({_kind(error)}).") from error
    finally:
        with suppress(OSError, imaplib.IMAP4.error):
            server.logout()
        with suppress(OSError):  # after a line that broke off, too
            server.shutdown()


def _connected(account: Account) -> imaplib.IMAP4:
    secure = ssl.create_default_context()
    if account.tls == "tls":
        return imaplib.IMAP4_SSL(
            account.host, account.port, ssl_context=secure, timeout=_TIMEOUT_SECONDS
        )
    server = imaplib.IMAP4(account.host, account.port, timeout=_TIMEOUT_SECONDS)
    if account.tls == "starttls":
        try:
            server.starttls(secure)
        except BaseException:
            server.shutdown()
            raise
    return server


def _log_in(server: imaplib.IMAP4, account: Account) -> None:
    try:
        if "AUTH=PLAIN" in server.capabilities:
            said = f"\0{account.user}\0{account.password}".encode()
            server.authenticate("PLAIN", lambda _challenge: said)
        else:
            server.login(account.user, account.password)
    except imaplib.IMAP4.abort:
        raise
    except (imaplib.IMAP4.error, UnicodeError) as error:
        raise Unavailable(
            f"The mailbox at {account.host} does not let us in: look at THINSLICE_MAILBOX."
        ) from error


def _came_at(head: bytes) -> datetime | None:
    found = _INTERNAL.search(head)
    if found is None:
        return None
    with suppress(ValueError):
        return datetime.strptime(
            found[1].decode("ascii", "replace").strip(), "%d-%b-%Y %H:%M:%S %z"
        )
    return None


_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def _day(moment: datetime) -> str:
    return f"{moment.day}-{_MONTHS[moment.month - 1]}-{moment.year}"


def _quoted(folder: str) -> str:
    escaped = folder.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _kind(error: Exception) -> str:
    """What went wrong, without what a server says: it may repeat what it was told."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate cannot be trusted: {error.verify_message}"
    return error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
