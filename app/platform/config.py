"""Every setting, read once from the environment (`THINSLICE_…`)."""

import os
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, ValidationError, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from app.platform import setting_forms
from app.platform.dkim_settings import DkimSettings
from app.platform.domains import BadDomain, ascii_host, ascii_url
from app.platform.errors import AppError
from app.platform.provider_settings import ProviderSettings
from app.platform.rate_settings import RateSettings
from app.platform.warm_up import WarmUp


class BadSettings(AppError):
    """A setting cannot be used; the sentence names it."""

    title = "A setting cannot be used"


class Privacy(StrEnum):
    """Who may be tracked as a person."""

    STANDARD = "standard"
    CONSENT = "consent"
    AGGREGATE = "aggregate"


class Durability(StrEnum):
    """What a journalled hit survives: a killed process, or a lost power supply."""

    PROCESS = "process"
    DISK = "disk"


class LogFormat(StrEnum):
    """How lines of the log are written: for people, or one JSON object each."""

    TEXT = "text"
    JSON = "json"


def _as_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an address such as https://insights.example.com")
    if parts.query or parts.fragment or parts.path not in {"", "/"}:
        raise ValueError("must be the bare address of a host, without a path")
    return _in_ascii(ascii_url, url.rstrip("/"), like="https://insights.example.com")


def _in_ascii(write: Callable[[str], str], value: str, *, like: str) -> str:
    try:
        found = write(value)
    except BadDomain as error:
        raise ValueError(f"cannot be used: {error} Write it like {like}") from error
    if not found.isascii() or not found.isprintable() or " " in found:
        raise ValueError(f"cannot be used: only its host may have letters beyond ASCII, as {like}")
    return found


def _as_mailbox(value: str) -> str:
    """An address that mails come from, its host in punycode; empty where none is set."""
    local, at, host = value.rpartition("@")
    if not value:
        return value
    if not (local and at and host) or not _LOCAL.fullmatch(local):
        raise ValueError(
            "must be a plain address such as insights@example.com, with nothing but ASCII before"
            " the @ and no name beside it"
        )
    return f"{local}@{_in_ascii(ascii_host, host, like='insights@example.com')}"


Address = Annotated[str, AfterValidator(_as_address)]
Mailbox = Annotated[str, AfterValidator(_as_mailbox)]

_SQL = setting_forms.PREFIX + setting_forms.SQL
_LOCAL = re.compile(r"[!#-'*+\-./0-9=?A-Z^-~]+")  # signs before the @ that need no quotes
_SHORT = 32  # signs before the @: 64 are allowed, and a send's token and its + take 32
_UNITS = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9}


class Settings(ProviderSettings, DkimSettings, RateSettings):
    """What an operator may set. Names and defaults are fixed (contract)."""

    model_config = SettingsConfigDict(env_prefix="THINSLICE_", extra="ignore", frozen=True)

    data_dir: Path = Path("thinslice-data")
    database_url: str = ""
    public_url: Address = "http://127.0.0.1:8000"
    tracking_url: Address | None = None
    secret_keys: str = ""
    mail: str = "outbox:"
    mail_from: Mailbox = ""
    postal_address: str = ""
    bounce_address: Mailbox = ""
    mail_replies: Mailbox = ""  # where people's answers come back to
    mailbox: str = ""  # one at a mail server, over IMAP, in which mail that comes back lies
    mail_events: str = ""  # providers that tell here what became of mails, and their proof
    timezone: str = "UTC"
    privacy: Privacy = Privacy.STANDARD
    durability: Durability = Durability.PROCESS
    spool_limit: int = 2 * 10**9  # bytes
    keep_events_months: int = Field(default=13, ge=1, le=1200)  # raw clicks and opens
    approve_above: int = Field(default=0, ge=0)  # people that one person may send to; 0: any number
    require_totp: bool = False  # everybody with a password here also says a code of an app
    # Days without a backup before `doctor` warns: nobody types a week of work again. 0: never.
    backup_days: int = Field(default=7, ge=0, le=3650)
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()  # names beside those of the addresses
    allow_private_sources: Annotated[tuple[str, ...], NoDecode] = ()  # `host` or `host:port`
    log_format: LogFormat = LogFormat.TEXT
    metrics_token: str = ""  # reads /metrics, and opens nothing else
    agents_log_in: bool = True  # whether people let agents in from a page of ours (OAuth)
    demo: bool = Field(default=False, description="set by `thinslice demo` for its own processes")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError("is not a time zone; write it like Europe/Oslo") from error
        return name

    @field_validator("bounce_address", "mail_replies")
    @classmethod
    def _room_for_a_signature(cls, address: str) -> str:
        local = address.rpartition("@")[0]
        if len(local) > _SHORT or "+" in local:
            raise ValueError(
                f"must have at most {_SHORT} characters before the @, and no +: each mail has an"
                " address of its own made of it, such as bounces+TOKEN@example.com"
            )
        return address

    @field_validator("metrics_token")
    @classmethod
    def _hard_to_guess(cls, token: str) -> str:
        if token and not re.fullmatch(r"[!-~]{16,}", token):
            raise ValueError("must have 16 characters or more, plain ASCII and no spaces")
        return token

    @field_validator("mail")
    @classmethod
    def _ascii_server(cls, mail: str) -> str:
        return " ".join(
            _in_ascii(ascii_url, one, like="smtp://user:password@mail.example.com:587")
            for one in mail.split()
        )

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        return setting_forms.database(url)

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        return setting_forms.networks(addresses)

    @field_validator("allowed_hosts")
    @classmethod
    def _hosts(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return setting_forms.hosts(names)

    @field_validator("spool_limit", mode="before")
    @classmethod
    def _bytes(cls, value: object) -> object:
        match = re.fullmatch(r"(\d+)\s*(|KB|MB|GB)", str(value).strip(), re.IGNORECASE)
        if match is None:
            raise ValueError("must be a number of bytes, or like 500 MB or 2 GB")
        return int(match[1]) * _UNITS[match[2].upper()]

    @field_validator("trusted_proxies", "allowed_hosts", "allow_private_sources", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("allow_private_sources")
    @classmethod
    def _ascii_hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(
            _in_ascii(ascii_url, f"//{host}", like="wiki.example.com")[2:] for host in hosts
        )

    @property
    def database(self) -> str:
        """The database's address, SQLAlchemy's way."""
        if not self.database_url:
            return f"sqlite:///{self.data_dir.resolve() / 'thinslice.db'}"
        return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", self.database_url)

    @property
    def tracking(self) -> str:
        """Where tracked links point."""
        return self.tracking_url or self.public_url

    @property
    def hosts(self) -> frozenset[str]:
        """The names under which pages and API answer, as requests write them."""
        named = {urlsplit(url).hostname or "" for url in (self.public_url, self.tracking)}
        return frozenset(map(_as_written, named | set(self.allowed_hosts)))

    @property
    def rehearses(self) -> bool:
        """What is launched here is a rehearsal: no mail reaches anybody. A demo plays customers."""
        return self.mail.strip() == "outbox:" and not self.demo

    @property
    def warming(self) -> WarmUp | None:
        """The daily limit that rises, which may be over. Nothing leaves in a rehearsal."""
        return None if self.rehearses else super().warming

    @property
    def mails_by_provider(self) -> bool:
        """Mails leave over HTTP: a provider makes their return paths, and hands our tokens back."""
        return any(not one.startswith(("outbox:", "smtp:")) for one in self.mail.split())

    @property
    def sender_address(self) -> str:
        """The address in `From:`; its default is `insights@` the public host."""
        if self.mail_from:
            return self.mail_from
        host = urlsplit(self.public_url).hostname or "localhost"
        return f"insights@{'localhost' if _is_ip(host) else host}"

    @property
    def hits(self) -> Path:
        """Where the journal of hits is."""
        return self.data_dir / "hits"

    @property
    def zone(self) -> ZoneInfo:
        """Decides when a week begins."""
        return ZoneInfo(self.timezone)

    @property
    def sql_connections(self) -> Mapping[str, str]:
        """Databases that values may be read from, by the name that follows `THINSLICE_SQL_`."""
        return {
            name.removeprefix(_SQL).lower(): url.replace("postgres://", "postgresql://", 1)
            for name, url in os.environ.items()
            if name.startswith(_SQL) and url
        }

    @property
    def secure(self) -> bool:
        """Pages are served over TLS (by the proxy in front)."""
        return self.public_url.startswith("https://")


def _as_written(host: str) -> str:
    """A name in lower case and ASCII, as browsers send it."""
    try:
        return host.encode("idna").decode().lower()
    except UnicodeError:
        return host.lower()


def _is_ip(host: str) -> bool:
    return bool(re.fullmatch(r"[0-9.]+", host)) or ":" in host


def load(**overrides: object) -> Settings:
    """Read the environment; raise BadSettings with one sentence a setting."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic validates what comes in
    except ValidationError as error:
        raise BadSettings("; ".join(_sentences(error))) from error


def without_effect() -> list[str]:
    """What is set in the environment and does nothing, a sentence each: misspelt, or half of it."""
    return [
        *setting_forms.nobodys(os.environ, Settings.model_fields),
        *setting_forms.idle(os.environ),
    ]


def _sentences(error: ValidationError) -> list[str]:
    return [
        f"THINSLICE_{str(e['loc'][0]).upper()} {e['msg'].removeprefix('Value error, ')}"
        for e in error.errors()
    ]
