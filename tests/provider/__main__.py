"""An identity provider in a process of its own, over real HTTP, that can be told to lie.

It knows nothing of the product: OpenID Connect with PKCE (demanded), sessions and both log-outs,
written on joserfc alone. `POST /told` says what it does wrong from now on, and who comes next.
`python -m tests.provider` prints its address.
"""

import base64
import hashlib
import hmac
import json
import secrets
import sys
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "thinslice", "the client's secret"
PEOPLE: dict[str, dict[str, Any]] = {
    "ada": {"groups": ["staff", "admins"]},
    "eli": {"groups": ["staff", "product"]},
    "vera": {"groups": ["staff"]},
    "bob": {"groups": ["guests"]},
}
Fields = dict[str, str]


class World:
    """What the provider knows, and how it lies."""

    def __init__(self) -> None:
        self.key = _key()
        self.strange = RSAKey.generate_key(2048, {"kid": "strange"})
        self.codes: dict[str, dict[str, Any]] = {}
        self.tokens: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.back: list[int] = []
        self.tell({})

    def tell(self, lies: dict[str, Any]) -> None:
        """From now on; what is not named is as it should be."""
        self.lies = lies
        if lies.get("rotate"):
            self.key = _key()

    def now(self) -> int:
        return int(time.time() + self.lies.get("shift", 0))  # noqa: TID251 - of another program

    def changed(self, what: str, honest: dict[str, Any]) -> dict[str, Any]:
        """A document with what was told of it; None takes a name out of it."""
        told = {**honest, **self.lies.get(what, {})}
        return {name: value for name, value in told.items() if value != "(missing)"}

    def signed(self, claims: dict[str, Any], *, typ: str = "JWT") -> str:
        """As the lie about signing has it."""
        header = {"alg": "RS256", "kid": self.key.kid, "typ": typ}
        raw = jwt.encode(header, claims, self.key)
        head, _, tail = raw.split(".")
        public = self.key.as_pem(private=False)
        return {
            "honest": lambda: raw,
            "none": lambda: f"{_b64({**header, 'alg': 'none'})}.{_b64(claims)}.",
            "none, with a signature": lambda: (
                f"{_b64({**header, 'alg': 'none'})}.{_b64(claims)}.{tail}"
            ),
            "public key as a secret": lambda: _hs256(header, claims, public),
            "client's secret": lambda: _hs256(header, claims, SECRET.encode()),
            "other key, same name": lambda: jwt.encode(header, claims, self.strange),
            "other key, own name": lambda: jwt.encode(
                header | {"kid": "strange"}, claims, self.strange
            ),
            "key in the header": lambda: jwt.encode(
                header | {"kid": "strange", "jwk": self.strange.as_dict(private=False)},
                claims,
                self.strange,
            ),
            "changed afterwards": lambda: f"{head}.{_b64(claims | {'groups': ['admins']})}.{tail}",
            "cut off": lambda: raw[:-40],
            "no token at all": lambda: "nothing",
            "far too long": lambda: f"{raw}{'A' * 20_000}",
        }[self.lies.get("signing", "honest")]()


class Handler(BaseHTTPRequestHandler):
    """One request."""

    world: World
    issuer: str
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""

    def do_GET(self) -> None:
        path, query = urlsplit(self.path).path, dict(parse_qsl(urlsplit(self.path).query))
        self.world.asked.append(path)
        if self.world.lies.get("status"):
            self._say({"error": "broken"}, self.world.lies["status"])
            return
        answer = {
            "/.well-known/openid-configuration": self._discovery,
            "/jwks": self._keys,
            "/authorize": lambda: self._authorize(query),
            "/favicon.ico": lambda: self._say({}),
            "/userinfo": self._userinfo,
            "/end_session": lambda: self._end_session(query),
            "/told": lambda: self._say({"asked": self.world.asked, "back": self.world.back}),
        }.get(path, lambda: self._say({"error": "not here"}, 404))
        answer()

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        body = self.rfile.read(length).decode()
        if self.path == "/told":
            self.world.tell(json.loads(body))
            self._say({})
            return
        if self.path == "/sign":
            self._page(self.world.signed(json.loads(body), typ="logout+jwt"))
            return
        self.world.asked.append(self.path)
        fields = dict(parse_qsl(body))
        (self._authorize if self.path == "/authorize" else self._token)(fields)

    def _discovery(self) -> None:
        self._say(self.world.changed("metadata", self._metadata()))

    def _keys(self) -> None:
        self._say(self.world.changed("jwks", {"keys": [self.world.key.as_dict(private=False)]}))

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "end_session_endpoint": f"{self.issuer}/end_session",
            "authorization_response_iss_parameter_supported": True,
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def _authorize(self, asked: Fields) -> None:
        """PKCE and a nonce are demanded; whoever was told of is logged in, or a person chooses."""
        needed = {"response_type", "client_id", "redirect_uri", "state", "nonce", "code_challenge"}
        if needed - set(asked) or asked.get("code_challenge_method") != "S256":
            return self._say(
                {"error": "invalid_request", "lacks": sorted(needed - set(asked))}, 400
            )
        if asked["client_id"] != CLIENT or "openid" not in asked.get("scope", "").split():
            return self._say({"error": "unauthorized_client"}, 400)
        who = asked.get("person") or self.world.lies.get("who")
        if not who:
            return self._ask_who(asked)
        code, sid = secrets.token_urlsafe(16), secrets.token_urlsafe(8)
        self.world.codes[code] = {**asked, "who": who, "sid": sid}
        answer = {"code": code, "state": asked["state"], "iss": self.issuer}
        return self._redirect(
            f"{asked['redirect_uri']}?{urlencode(self.world.changed('answer', answer))}"
        )

    def _ask_who(self, asked: Fields) -> None:
        hidden = "".join(
            f'<input type="hidden" name="{name}" value="{value}">' for name, value in asked.items()
        )
        buttons = "".join(f'<button name="person" value="{who}">{who}</button>' for who in PEOPLE)
        self._page(
            f'<h1>Who are you?</h1><form method="post" action="/authorize">{hidden}{buttons}'
        )

    def _token(self, asked: Fields) -> None:
        if not self._is_client(asked):
            return self._say({"error": "invalid_client"}, 401)
        code = self.world.codes.pop(asked.get("code", ""), None)
        proof = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(proof).rstrip(b"=").decode()
        if (
            code is None
            or code["code_challenge"] != challenge
            or code["redirect_uri"] != asked.get("redirect_uri")
        ):
            return self._say({"error": "invalid_grant"}, 400)
        access = secrets.token_urlsafe(16)
        self.world.tokens[access] = code
        claims = self.world.changed("claims", self._claims(code))
        honest = {
            "id_token": self.world.signed(claims),
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": 300,
        }
        return self._say(self.world.changed("tokens", honest))

    def _claims(self, code: dict[str, Any]) -> dict[str, Any]:
        who, now = code["who"], self.world.now()
        return {
            "iss": self.issuer, "sub": f"sub-{who}", "aud": CLIENT, "exp": now + 300, "iat": now,
            "nonce": code["nonce"], "sid": code["sid"], **self._person(who),
        }  # fmt: skip

    def _person(self, who: str) -> dict[str, Any]:
        honest = {"groups": PEOPLE.get(who, {}).get("groups", [])}
        return honest | {
            "email": f"{who}@halvern.example", "email_verified": True, "name": who.capitalize(),
        }  # fmt: skip

    def _userinfo(self) -> None:
        bearer = self.headers.get("authorization", "").removeprefix("Bearer ")
        code = self.world.tokens.get(bearer)
        if code is None:
            return self._say({"error": "invalid_token"}, 401)
        honest = {"sub": f"sub-{code['who']}", **self._person(code["who"])}
        return self._say(self.world.changed("userinfo", honest))

    def _end_session(self, asked: Fields) -> None:
        """The hint says whose session it is; whoever was let in by it is told, then we go back."""
        hint = jwt.decode(asked["id_token_hint"], self.world.key, algorithms=["RS256"]).claims
        now = self.world.now()
        claims = {
            "iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 120,
            "jti": secrets.token_urlsafe(8), "sub": hint["sub"], "sid": hint["sid"],
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        }  # fmt: skip
        if address := self.world.lies.get("back_channel"):
            self._tell_back(address, self.world.signed(claims, typ="logout+jwt"))
        self._redirect(asked["post_logout_redirect_uri"])

    def _tell_back(self, address: str, token: str) -> None:
        body = urlencode({"logout_token": token}).encode()
        with urllib.request.urlopen(urllib.request.Request(address, body), timeout=5) as answer:
            self.world.back.append(answer.status)

    def _is_client(self, asked: Fields) -> bool:
        scheme, _, given = self.headers.get("authorization", "").partition(" ")
        if scheme == "Basic":
            return base64.b64decode(given).decode() == f"{CLIENT}:{SECRET}"
        return (asked.get("client_id"), asked.get("client_secret")) == (CLIENT, SECRET)

    def _redirect(self, where: str) -> None:
        self.send_response(302)
        self.send_header("Location", where)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _say(self, document: dict[str, Any], status: int = 200) -> None:
        self._send(json.dumps(document).encode(), "application/json", status)

    def _page(self, html: str) -> None:
        self._send(html.encode(), "text/html; charset=utf-8", 200)

    def _send(self, body: bytes, kind: str, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig", "alg": "RS256"})


def _hs256(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    """By hand: joserfc takes no public key for a shared secret."""
    body = f"{_b64({**header, 'alg': 'HS256'})}.{_b64(claims)}"
    mac = hmac.new(secret, body.encode(), "sha256").digest()
    return f"{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def _b64(document: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


if __name__ == "__main__":
    Handler.world = World()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Handler.issuer = f"http://127.0.0.1:{server.server_port}"
    sys.stdout.write(f"{Handler.issuer}\n")
    sys.stdout.flush()
    server.serve_forever()
