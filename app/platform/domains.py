"""Names of hosts as every machine understands them: letters beyond ASCII in punycode (RFC 5891)."""

from urllib.parse import urlsplit

import idna

from app.platform.errors import Invalid


class BadDomain(Invalid):
    """Nothing that a host can be called."""

    title = "This is not a host's name"


def ascii_host(host: str) -> str:
    """A host in ASCII; an address of the network as it is. Raises BadDomain."""
    if host.isascii():
        return host
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise BadDomain(f"“{host}” is not a domain.") from error


def ascii_url(url: str) -> str:
    """An address of the web with its host in ASCII; the rest as it stands. Raises BadDomain."""
    if url.isascii():
        return url
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host.isascii():
        return url
    before, at, place = parts.netloc.rpartition("@")
    port = place.partition(":")[2]
    netloc = f"{before}{at}{ascii_host(host)}{':' if port else ''}{port}"
    return parts._replace(netloc=netloc).geturl()
