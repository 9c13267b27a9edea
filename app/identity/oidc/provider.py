"""The identity provider, asked over HTTP: where its parts are, its keys, a token for a code.

All of it goes through our own way out (`platform.outbound`): one address, no redirect, limits. A
process keeps what the provider says of itself for an hour.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import BoundedSemaphore, Lock
from typing import Any
from urllib.parse import urlencode, urlsplit

from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.client import OAuth2Client
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from app.platform.config import Settings
from app.platform.errors import Unavailable
from app.platform.foreign import NotJson, read_json
from app.platform.outbound import Answer, Forbidden, Outbound, Unreachable

_KEPT = timedelta(hours=1)
_KEYS_AGAIN = timedelta(minutes=1)  # a token with an unknown key asks for keys at most this often
_SECONDS = 5.0
_AT_ONCE = 6  # a provider that hangs may not take all the threads that pages are made in
_VISIBLE = re.compile(r"[!-~]+")  # of an address: neither blanks nor what controls
_BASIC, _POST = "client_secret_basic", "client_secret_post"


class ProviderAway(Unavailable):
    """The provider cannot be asked, or says what cannot be used."""

    title = "The identity provider does not answer"


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a provider says of itself (OpenID Connect Discovery 1.0, section 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    end_session_endpoint: str = ""
    auth_methods: tuple[str, ...] = (_BASIC,)
    names_itself: bool = False  # it sends `iss` with every answer (RFC 9207)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a code was exchanged for."""

    id_token: str
    access_token: str


@dataclass(slots=True)
class Provider:
    """The one provider of an installation. One per process."""

    settings: Settings
    outbound: Outbound = field(default_factory=Outbound)
    _lock: Lock = field(default_factory=Lock)
    _turns: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(_AT_ONCE))
    _metadata: tuple[datetime, Metadata] | None = None
    _keys: tuple[datetime, KeySet] | None = None

    def metadata(self, *, now: datetime) -> Metadata:
        """Where its parts are. Raises ProviderAway."""
        held = self._metadata
        if held is None or now - held[0] > _KEPT:
            address = f"{self.settings.oidc_issuer.rstrip('/')}/.well-known/openid-configuration"
            held = now, _metadata(self._document(address), issuer=self.settings.oidc_issuer)
            with self._lock:
                self._metadata = held
        return held[1]

    def keys(self, *, now: datetime) -> KeySet:
        """The keys that it signs with. Raises ProviderAway."""
        held = self._keys
        if held is None or now - held[0] > _KEPT:
            held = self._fetched_keys(now=now)
        return held[1]

    def newer_keys(self, *, now: datetime) -> KeySet | None:
        """The keys as they are now, for a token whose key is unknown; None: asked a moment ago."""
        held = self._keys
        if held is not None and now - held[0] < _KEYS_AGAIN:
            return None
        return self._fetched_keys(now=now)[1]

    def address_of_log_in(self, *, state: str, nonce: str, verifier: str, now: datetime) -> str:
        """Where a browser is sent to log in."""
        where = self.metadata(now=now).authorization_endpoint
        url, _ = self._client().create_authorization_url(
            where, state=state, code_verifier=verifier, nonce=nonce
        )
        return str(url)

    def tokens_for(self, code: str, *, verifier: str, now: datetime) -> Tokens:
        """Exchange a code (PKCE, RFC 7636). Raises ProviderAway, also where the code is refused."""
        metadata = self.metadata(now=now)
        client = self._client(_auth_method(metadata, secret=self.settings.oidc_client_secret))
        try:
            said = client.fetch_token(
                metadata.token_endpoint,
                grant_type="authorization_code",
                code=code,
                code_verifier=verifier,
            )
        except (AuthlibBaseError, ValueError, TypeError) as error:
            raise ProviderAway(
                "The identity provider did not take the code that it had given: begin again. If it"
                f" happens again, its client's secret may be wrong ({_kind(error)})."
            ) from error
        tokens = Tokens(*(said.get(name) for name in ("id_token", "access_token")))
        if not isinstance(tokens.id_token, str) or not isinstance(tokens.access_token, str):
            raise ProviderAway("The identity provider gave no id_token: is `openid` allowed to us?")
        return tokens

    def userinfo(self, access_token: str, *, now: datetime) -> Mapping[str, Any]:
        """What else it says of somebody; nothing where it has no such part."""
        where = self.metadata(now=now).userinfo_endpoint
        if not where:
            return {}
        return self._document(where, headers={"authorization": f"Bearer {access_token}"})

    def _client(self, auth_method: str = _BASIC) -> OAuth2Client:
        return OAuth2Client(
            _Session(self._asked),
            client_id=self.settings.oidc_client_id,
            client_secret=self.settings.oidc_client_secret or None,
            token_endpoint_auth_method=auth_method,
            scope=" ".join(self.settings.oidc_scopes),
            redirect_uri=f"{self.settings.public_url}/login/oidc/callback",
            code_challenge_method="S256",
        )

    def _fetched_keys(self, *, now: datetime) -> tuple[datetime, KeySet]:
        document = self._document(self.metadata(now=now).jwks_uri)
        try:
            held = now, KeySet.import_key_set(document)  # type: ignore[arg-type] # as it came
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise ProviderAway("The identity provider's keys cannot be read.") from error
        with self._lock:
            self._keys = held
        return held

    def _document(self, url: str, *, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        answer = self._asked("GET", url, headers={"accept": "application/json", **(headers or {})})
        document = _json(answer.body)
        if answer.status != 200 or not isinstance(document, dict):
            raise ProviderAway(
                f"The identity provider answered {answer.status} at {urlsplit(url).path}, and"
                " nothing that can be used."
            )
        return document

    def _asked(
        self, method: str, url: str, *, headers: Mapping[str, str], content: bytes | None = None
    ) -> Answer:
        issuer = urlsplit(self.settings.oidc_issuer).hostname or ""
        with _turn(self._turns):
            try:
                return self.outbound.send(
                    method,
                    url,
                    headers=headers,
                    content=content,
                    timeout_seconds=_SECONDS,
                    allowed_hosts=(issuer, *self.settings.allow_private_sources),
                )
            except (Unreachable, Forbidden) as error:
                raise ProviderAway(f"The identity provider cannot be asked: {error}") from error


@contextmanager
def _turn(turns: BoundedSemaphore) -> Iterator[None]:
    if not turns.acquire(blocking=False):
        raise ProviderAway("Many people are logging in right now. Try again in a few seconds.")
    try:
        yield
    finally:
        turns.release()


@dataclass(frozen=True, slots=True)
class _Session:
    """What Authlib's client sends its requests by: ours, in the shape that it expects."""

    ask: Callable[..., Answer]

    def post(
        self, url: str, *, data: Mapping[str, str], headers: Mapping[str, str], auth: Any
    ) -> "_Said":
        target, given, body = auth.prepare("POST", url, dict(headers), urlencode(data))
        return _Said(self.ask("POST", target, headers=given, content=body.encode()))


@dataclass(frozen=True, slots=True)
class _Said:
    """An answer, in the shape that Authlib's client reads."""

    answer: Answer

    @property
    def status_code(self) -> int:
        return self.answer.status

    def json(self) -> Any:
        return _json(self.answer.body)

    def raise_for_status(self) -> None:
        raise ProviderAway(f"The identity provider answered {self.answer.status} for a code.")


def _json(body: bytes) -> Any:
    """What stands there, or None."""
    try:
        return read_json(body)
    except NotJson:
        return None


def _metadata(document: Mapping[str, Any], *, issuer: str) -> Metadata:
    if document.get("issuer") != issuer:
        raise ProviderAway(
            f"The identity provider calls itself “{str(document.get('issuer'))[:200]}”, and not"
            f" {issuer} as THINSLICE_OIDC_ISSUER says: they must agree letter by letter."
        )
    methods = document.get("token_endpoint_auth_methods_supported")
    return Metadata(
        issuer=issuer,
        authorization_endpoint=_endpoint(document, "authorization_endpoint", issuer),
        token_endpoint=_endpoint(document, "token_endpoint", issuer),
        jwks_uri=_endpoint(document, "jwks_uri", issuer),
        userinfo_endpoint=_endpoint(document, "userinfo_endpoint", issuer, needed=False),
        end_session_endpoint=_endpoint(document, "end_session_endpoint", issuer, needed=False),
        auth_methods=tuple(map(str, methods)) if isinstance(methods, list) else (_BASIC,),
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _endpoint(document: Mapping[str, Any], name: str, issuer: str, *, needed: bool = True) -> str:
    """An address of the provider: over TLS where the provider itself is."""
    url = document.get(name)
    if url is None and not needed:
        return ""
    schemes = ("https://",) if issuer.startswith("https://") else ("https://", "http://")
    if not isinstance(url, str) or not url.startswith(schemes) or not _VISIBLE.fullmatch(url):
        raise ProviderAway(f"The identity provider names no {name} that can be used.")
    return url


def _auth_method(metadata: Metadata, *, secret: str) -> str:
    if not secret:
        return "none"
    for method in (_BASIC, _POST):
        if method in metadata.auth_methods:
            return method
    raise ProviderAway(
        "The identity provider takes neither client_secret_basic nor client_secret_post from us."
    )


def _kind(error: Exception) -> str:
    """The provider's own word for it, where it has one; never what else it says."""
    word = str(getattr(error, "error", "") or "no reason given")
    return word[:60] if word.isascii() and word.isprintable() else "no reason given"
