"""Ask an address that somebody typed, without letting it reach what only we can reach.

The name is resolved once, every address it has must be public, and the connection goes to the
address that was looked at: a name that changes its mind in between gains nothing.
"""

import re
import socket
import ssl
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx

from app.platform import errors, figures
from app.platform.public import is_public

Resolve = Callable[[str, int], list[str]]

# A header's value (RFC 9110, 5.5), of ASCII alone: nothing that ends it, no space around it.
_VALUE = re.compile(r"([!-~]([\t -~]*[!-~])?)?")
_SECONDS, _BYTES = 10.0, 1_000_000  # what a polite endpoint needs; chosen by us


class Forbidden(errors.Invalid):
    """This address may not be asked."""

    title = "This address is not asked"


class Unreachable(errors.Unavailable):
    """The other side did not answer, or not in a way that can be used."""

    title = "The other side did not answer"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. A redirect is an answer like any other: it is not followed."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes


def resolve(host: str, port: int) -> list[str]:
    """Every address of a name, in the system's order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


@dataclass(frozen=True, slots=True)
class _Question:
    method: str
    target: httpx.URL
    headers: Mapping[str, str]
    content: bytes | None
    seconds: float
    max_bytes: int


@dataclass(frozen=True, slots=True)
class Outbound:
    """Sends requests to other people's hosts. `resolve` is where names are looked up."""

    resolve: Resolve = resolve

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        timeout_seconds: float = _SECONDS,
        allowed_hosts: Collection[str] = (),
        max_bytes: int = _BYTES,
    ) -> Answer:
        """Ask once. `allowed_hosts` (`host` or `host:port`) may be private: the operator said so.

        The time limit is for the whole exchange, the size limit for the body of the answer; of
        0 bytes at most, none of it is read, however long it is.

        Raises:
            Forbidden: not http(s), a host that is not public and not allowed, or a header's
                value that no header can carry. The value, which may be a secret, is not told.
            Unreachable: no such name, no connection, too slow, too large, or not HTTP.
        """
        target = _parsed(url)
        _refuse_values(headers or {})
        addresses = self._allowed(target, allowed_hosts)
        question = _Question(method, target, headers or {}, content, timeout_seconds, max_bytes)
        for address in addresses[:-1]:
            with suppress(httpx.ConnectError):  # nothing was sent yet: the next address may do
                return _ask(question, address)
        try:
            return _ask(question, addresses[-1])
        except httpx.ConnectError as error:
            raise Unreachable(f"{target.host} could not be connected to: {error}.") from error

    def check(self, url: str, *, allowed_hosts: Collection[str] = ()) -> None:
        """Refuse to keep an address that would not be asked; sending looks again.

        Raises:
            Forbidden: not http(s), or a host that is not public and not allowed.
            Unreachable: no such name.
        """
        self._allowed(_parsed(url), allowed_hosts)

    def _allowed(self, target: httpx.URL, allowed_hosts: Collection[str]) -> list[str]:
        """The addresses of the host, all of them fit to be asked."""
        host, port = _host(target), _port(target)
        try:
            addresses = self.resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise Unreachable(f"There is no host “{host}”: check the address.") from error
        if not addresses:
            raise Unreachable(f"The host “{host}” has no address.")
        named = {allowed_host.lower() for allowed_host in allowed_hosts}
        if not named & {host, f"{host}:{port}"} and not all(map(is_public, addresses)):
            raise Forbidden(
                f"“{host}” leads into a private network. If that is meant, the operator lists"
                f" it: THINSLICE_ALLOW_PRIVATE_SOURCES={host}"
            )
        return addresses


def _parsed(url: str) -> httpx.URL:
    try:
        target = httpx.URL(url)
        host = target.host  # a name in punycode is read here
    except (httpx.InvalidURL, TypeError) as error:
        raise Forbidden(f"This is not an address: {error}.") from error
    except UnicodeError as error:  # half a character, or punycode that stands for nothing
        raise Forbidden("This is not an address: its name cannot be read.") from error
    if target.scheme not in {"http", "https"} or not host:
        raise Forbidden("Only addresses that begin with http:// or https:// are asked.")
    if target.userinfo:
        raise Forbidden("An address with a password in it is not asked: use a header.")
    return target


def _refuse_values(headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if not _VALUE.fullmatch(value):
            raise Forbidden(
                f"The header “{name}” takes plain letters, digits and signs: no line break, no"
                " letters beyond ASCII, no space at either end. Nothing was sent."
            )


def _host(target: httpx.URL) -> str:
    return target.raw_host.decode("ascii").lower()


def _port(target: httpx.URL) -> int:
    return target.port or (443 if target.scheme == "https" else 80)


def _ask(question: _Question, address: str) -> Answer:
    """Connect to this very address, as the host that was asked for."""
    line = _Line()
    request = _request(question, address, line)
    try:
        transport = httpx.HTTPTransport(verify=_trusted())
        with _cut_after(question.seconds, line), transport:
            answer = _read(transport.handle_request(request), question)
    except httpx.ConnectError:
        raise
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        if line.is_cut or isinstance(error, httpx.TimeoutException):
            raise _too_slow(question) from error
        raise Unreachable(f"{question.target.host} broke off: {error}.") from error
    if line.is_cut:  # a body without a length ends with its connection, and so looks whole
        raise _too_slow(question)
    return answer


@cache
def _trusted() -> ssl.SSLContext:
    """Whose certificates are believed: read once, it takes longer than most questions."""
    return httpx.create_ssl_context(trust_env=False)


def _too_slow(question: _Question) -> Unreachable:
    seconds = figures.exact(question.seconds)
    return Unreachable(f"{question.target.host} did not answer within {seconds} seconds.")


def _request(question: _Question, address: str, line: "_Line") -> httpx.Request:
    target = question.target
    return httpx.Request(
        question.method,
        target.copy_with(host=address),
        headers={
            "accept-encoding": "identity",  # nothing small that unpacks into something large
            **{name.lower(): value for name, value in question.headers.items()},
            "host": target.netloc.decode("ascii"),
        },
        content=question.content,
        extensions={
            "sni_hostname": _host(target),
            "trace": line.note,
            "timeout": httpx.Timeout(question.seconds).as_dict(),
        },
    )


def _read(response: httpx.Response, question: _Question) -> Answer:
    body, most = bytearray(), question.max_bytes
    try:
        for chunk in _pieces(response) if most else ():
            body += chunk
            if len(body) > most:
                raise Unreachable(
                    f"{question.target.host} answered with more than {figures.count(most)} bytes."
                )
    finally:
        response.close()
    return Answer(response.status_code, dict(response.headers), bytes(body))


def _pieces(response: httpx.Response) -> Iterator[bytes]:
    stream = response.stream
    assert isinstance(stream, httpx.SyncByteStream)
    yield from stream


class _Line:
    """The connection under way, so that it can be cut: a limit per read lets a drip go on."""

    def __init__(self) -> None:
        self._stream: Any = None
        self.is_cut = False

    def note(self, event: str, info: Mapping[str, Any]) -> None:
        """Told by the HTTP library of each step."""
        if event in {"connection.connect_tcp.complete", "connection.start_tls.complete"}:
            self._stream = info["return_value"]
            if self.is_cut:  # the time was over while it was made: there was nothing to cut yet
                self._end()

    def cut(self) -> None:
        """Whoever waits for it, waits no more."""
        self.is_cut = True
        self._end()

    def _end(self) -> None:
        if self._stream is not None:
            with suppress(OSError):  # it has ended by itself
                self._stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)


@contextmanager
def _cut_after(seconds: float, line: _Line) -> Iterator[None]:
    timer = threading.Timer(seconds, line.cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
