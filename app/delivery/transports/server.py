"""Where mails go, read from a setting."""

from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from app.platform.config import BadSettings

_PORTS = {"none": 25, "starttls": 587, "tls": 465}
_LIKE = (
    "THINSLICE_MAIL must be outbox: or like"
    " smtp://user:password@host:587?tls=starttls (tls is none, starttls or tls); the signs"
    " # / ? in a password are written %23 %2F %3F, and several addresses have spaces between."
)


@dataclass(frozen=True, slots=True)
class Server:
    """Where mails go, read from `THINSLICE_MAIL`."""

    host: str
    port: int
    tls: str
    user: str
    password: str

    @classmethod
    def read(cls, url: str) -> "Server":
        """Read `smtp://user:password@host:port?tls=…`. Raises BadSettings."""
        try:
            parts = urlsplit(url)
            port = parts.port
            asked = parse_qs(parts.query, keep_blank_values=True)
        except ValueError:  # a port that is none, and may be part of a password
            raise BadSettings(_LIKE) from None
        host = parts.hostname or ""
        tls = asked.pop("tls", [_usual_tls(parts)])[0]
        is_more = asked or parts.path.strip("/") or parts.fragment  # a password's # or / among them
        if parts.scheme != "smtp" or not host or "," in host or tls not in _PORTS or is_more:
            raise BadSettings(_LIKE)
        return cls(
            host=host,
            port=port or _PORTS[tls],
            tls=tls,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )


def _usual_tls(parts: SplitResult) -> str:
    """What is meant where the address does not say: as little as on our own machine, or TLS."""
    if parts.port == _PORTS["tls"]:
        return "tls"
    return "none" if parts.hostname in {"localhost", "127.0.0.1", "::1"} else "starttls"
