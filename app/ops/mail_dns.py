"""What `doctor` finds in DNS of the domain that mails come from: SPF, DKIM, DMARC, and PTR.

Where DNS does not answer, or there is nothing to ask for, that is said and nothing is wrong.
"""

from collections.abc import Callable, Mapping
from ipaddress import ip_address

import dns.exception
import dns.resolver
import dns.reversename

from app.delivery import transports
from app.delivery.transports import dkim_key
from app.ops.installation import House
from app.platform.config import Settings
from app.platform.errors import AppError, Unavailable

_SECONDS = 3.0  # for one question
_AWAY = "not looked: no DNS answers"
_KINDS = ("A", "AAAA")
# Nobody's in DNS (RFC 6761, RFC 2606).
_NOBODYS = ("localhost", "local", "internal", "test", "invalid", "example")
_EXAMPLES = ("example.com", "example.net", "example.org")

Ask = Callable[[str, str], list[str]]


class NoDnsError(Exception):
    """Nobody answered."""


def ask(name: str, kind: str) -> list[str]:
    """The records of a name as text; none where there are none. Raises NoDnsError."""
    try:
        resolver = dns.resolver.Resolver()
        return [_written(one) for one in resolver.resolve(name, kind, lifetime=_SECONDS)]
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError) as error:
        raise NoDnsError from error


def _written(record: object) -> str:
    strings: tuple[bytes, ...] | None = getattr(record, "strings", None)
    return str(record) if strings is None else b"".join(strings).decode("utf-8", "replace")


class Looking:
    """One look: once nobody answered, nobody is asked again."""

    def __init__(self, ask: Ask = ask) -> None:
        self._ask = ask
        self._is_away = False

    @property
    def parts(self) -> Mapping[str, Callable[[House], str]]:
        """What is looked at, by its subject."""
        return {
            "SPF": self._part(self._spf),
            "DKIM": self._part(self._dkim),
            "DMARC": self._part(self._dmarc),
            "PTR": self._part(self._ptr),
        }

    def _part(self, look: Callable[[Settings], str]) -> Callable[[House], str]:
        def part(house: House) -> str:
            settings = house.settings
            dkim_key.signer(settings)  # what cannot be used is said, whatever DNS says
            if not transports.hosts(settings):
                return "not looked: nothing leaves"
            domain = _domain_of(settings.sender_address)
            if _is_nobodys(domain):
                return f"not looked: {domain} is nobody's in DNS"
            try:
                return look(settings)
            except NoDnsError:
                self._is_away = True
                return _AWAY

        return part

    def _asked(self, name: str, kind: str = "TXT") -> list[str]:
        if self._is_away:
            raise NoDnsError
        return self._ask(name, kind)

    def _spf(self, settings: Settings) -> str:
        domain = _domain_of(settings.bounce_address or settings.sender_address)
        found = [one for one in self._asked(domain) if _is_of(one, "v=spf1")]
        if not found:
            raise _wrong(
                f"{domain} does not say who sends its mail: add a TXT record such as"
                " “v=spf1 include:SERVER -all”, as your mail server's provider writes it."
            )
        if len(found) > 1:
            raise _wrong(f"{domain} has {len(found)} SPF records, so none counts: keep one.")
        if {"+all", "all"} & set(found[0].lower().split()):
            raise _wrong(f"The SPF record of {domain} lets anybody send: end it with -all or ~all.")
        return f"{domain} says {found[0]} (whether that names your mail server is not looked at)"

    def _dkim(self, settings: Settings) -> str:
        signer = dkim_key.signer(settings)
        if signer is None:
            return "mails leave unsigned, unless the mail server signs (THINSLICE_DKIM_KEY)"
        name, ours = dkim_key.record_name(signer), _tags(dkim_key.record_text(signer))
        found = [_tags(one) for one in self._asked(name) if "p=" in one]
        if len(found) != 1:
            many = f"{len(found)} keys stand" if found else "No key stands"
            raise _wrong(f"{many} at {name}: `thinslice dkim` prints what must stand there.")
        if (found[0].get("k", "rsa"), found[0]["p"]) != (ours["k"], ours["p"]):
            raise _wrong(
                f"Another key than ours stands at {name}, so that our signature counts for nothing:"
                " `thinslice dkim` prints what must stand there."
            )
        if weak := dkim_key.weakness(signer):
            raise _wrong(weak)
        return f"{name} has our key"

    def _dmarc(self, settings: Settings) -> str:
        domain = _domain_of(settings.sender_address)
        labels = domain.split(".")
        for above in range(len(labels) - 1):
            name = f"_dmarc.{'.'.join(labels[above:])}"
            if found := [one for one in self._asked(name) if _is_of(one, "v=DMARC1")]:
                return self._said(name, found, settings)
        raise _wrong(
            f"{domain} has no DMARC record: add a TXT record at _dmarc.{domain}, to begin with"
            f" “v=DMARC1; p=none; rua=mailto:postmaster@{domain}”."
        )

    def _said(self, name: str, found: list[str], settings: Settings) -> str:
        if len(found) > 1:
            raise _wrong(f"{name} has {len(found)} DMARC records, so none counts: keep one.")
        signer, sender = dkim_key.signer(settings), _domain_of(settings.sender_address)
        if signer and _tags(found[0]).get("adkim") == "s" and signer.domain != sender:
            raise _wrong(
                f"{name} asks for signatures of {sender} itself (adkim=s), and ours are of"
                f" {signer.domain}: set THINSLICE_DKIM_DOMAIN={sender}, or adkim=r there."
            )
        return f"{name} says {found[0]}"

    def _ptr(self, settings: Settings) -> str:
        hosts = dict.fromkeys(transports.hosts(settings))
        return "; ".join(self._name_of(host) for host in hosts)

    def _name_of(self, host: str) -> str:
        if _is_nobodys(host.lower()):
            return f"not looked: {host} is nobody's in DNS"
        addresses = (
            [host] if _is_ip(host) else [a for kind in _KINDS for a in self._asked(host, kind)]
        )
        public = [address for address in addresses if ip_address(address).is_global]
        if not public:
            return f"not looked: {host} has no public address"
        names = {
            address: self._asked(dns.reversename.from_address(address).to_text(), "PTR")
            for address in public
        }
        if bare := [address for address, own in names.items() if not own]:
            return (
                f"{', '.join(bare)} ({host}) has no name; where it delivers mail itself, its"
                " provider must give it one (reverse DNS)"
            )
        named = sorted({name.rstrip(".") for own in names.values() for name in own})
        return f"{host} is {', '.join(named)}"


def _wrong(sentence: str) -> AppError:
    return Unavailable(sentence)


def _domain_of(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _is_of(record: str, version: str) -> bool:
    """A record of a kind: its version stands first, and alone."""
    begins, rest = record[: len(version)], record[len(version) :]
    return begins.lower() == version.lower() and (not rest or rest[0] in "; ")


def _is_nobodys(host: str) -> bool:
    if _is_ip(host):
        return False
    last_two = ".".join(host.split(".")[-2:])
    return "." not in host or host.rpartition(".")[2] in _NOBODYS or last_two in _EXAMPLES


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _tags(record: str) -> dict[str, str]:
    """`name=value; …`, without the spaces that may stand in it."""
    pairs = (one.partition("=") for one in record.split(";"))
    return {name.strip(): "".join(value.split()) for name, _, value in pairs}
