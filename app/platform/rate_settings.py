"""What an operator sets so that no more mails leave in a minute, or a day, than receivers take."""

from collections.abc import Mapping

from pydantic import field_validator
from pydantic_settings import BaseSettings

from app.platform.domains import BadDomain, ascii_host
from app.platform.warm_up import WarmUp

_MOST = 1_000_000
_LIKE = (
    "must be mails a minute, for all of them or for those to one domain, with spaces between, such"
    " as 600 gmail.com=100"
)


class RateSettings(BaseSettings):
    """Nothing here: as fast as relays take mails."""

    mail_rates: str = ""
    warm_up: str = ""

    @field_validator("mail_rates")
    @classmethod
    def _some_rates(cls, written: str) -> str:
        """In ASCII, each once."""
        rates = [_pair(one) for one in written.replace(",", " ").split()]
        if len(dict(rates)) < len(rates):
            raise ValueError("names something twice: one rate for each domain, and one for all")
        return " ".join(f"{domain}={rate}" if domain else str(rate) for domain, rate in rates)

    @field_validator("warm_up")
    @classmethod
    def _some_day(cls, written: str) -> str:
        if written.strip():
            WarmUp.read(written)
        return written.strip()

    @property
    def warming(self) -> WarmUp | None:
        """The daily limit that rises, if there is one; it may be over."""
        return WarmUp.read(self.warm_up) if self.warm_up else None

    @property
    def rate_of_all(self) -> int | None:
        """Mails of experiments a minute, over all machines; None: as fast as they are taken."""
        return self._rates.get("")

    def slower_of(self, rate: int | None) -> int | None:
        """Mails a minute that leave at most where somebody asked for a rate of their own."""
        rates = [one for one in (rate, self.rate_of_all) if one is not None]
        return min(rates, default=None)

    @property
    def domain_rates(self) -> Mapping[str, int]:
        """The same of those to people of one domain."""
        return {domain: rate for domain, rate in self._rates.items() if domain}

    @property
    def _rates(self) -> dict[str, int]:
        return dict(_pair(one) for one in self.mail_rates.split())


def _pair(written: str) -> tuple[str, int]:
    domain, _, number = written.rpartition("=")
    if not (number.isascii() and number.isdigit() and 1 <= int(number[:8]) <= _MOST):
        raise ValueError(_LIKE)
    try:
        host = ascii_host(domain.lower()) if domain else ""
    except BadDomain as error:
        raise ValueError(f"{_LIKE}: {error}") from error
    if domain and "." not in host:
        raise ValueError(_LIKE)
    return host, int(number)
