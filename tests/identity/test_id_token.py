"""What a provider signed is checked claim by claim: each missing, of each wrong type, wrong."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import KeySet, RSAKey

from app.identity.oidc import id_token, log_out
from app.identity.oidc.id_token import Untrue

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
_AT = int(NOW.timestamp())
ISSUER, CLIENT, NONCE = "https://id.example/x", "thinslice", "n0"
MISSING = "(missing)"
VALUES: tuple[Any, ...] = (
    MISSING, None, True, False, 0, 7, -1, 2**70, 1.5, float("nan"), float("inf"), "", "x", "\x00",
    "\ud800", "x" * 256, [], ["x"], [CLIENT, "x"], [[CLIENT]], {}, {"x": 1}, {CLIENT: 1}, str(_AT),
    ISSUER + "/", ISSUER.upper(), CLIENT.upper(), f" {CLIENT}",
)  # fmt: skip
HONEST: dict[str, Any] = {
    "iss": ISSUER, "aud": CLIENT, "sub": "s1", "nonce": NONCE, "iat": _AT, "exp": _AT + 300,
}  # fmt: skip
EVENTS: dict[str, Any] = {"http://schemas.openid.net/event/backchannel-logout": {}}
TOLD: dict[str, Any] = {
    "iss": ISSUER, "aud": CLIENT, "iat": _AT, "exp": _AT + 120, "jti": "j", "sid": "s",
    "events": EVENTS,
}  # fmt: skip


def check(claims: dict[str, Any]) -> None:
    id_token.check(claims, issuer=ISSUER, client_id=CLIENT, nonce=NONCE, now=NOW)


def check_told(claims: dict[str, Any]) -> None:
    log_out.check_told(claims, issuer=ISSUER, client_id=CLIENT, now=NOW)


def changed(honest: dict[str, Any], names: tuple[str, ...]) -> Iterator[tuple[str, Any, Any]]:
    for name in names:
        for value in VALUES:
            claims = {**honest, name: value}
            if value == MISSING:
                del claims[name]
            yield name, value, claims


def taken(honest: dict[str, Any], names: tuple[str, ...], look: Any) -> list[tuple[str, Any]]:
    found = []
    for name, value, claims in changed(honest, names):
        try:
            look(claims)
        except Untrue:
            continue
        found.append((name, value))
    return found


def test_as_it_should_be_it_is_taken():
    check(HONEST)
    check({**HONEST, "aud": [CLIENT]})
    check({**HONEST, "aud": [CLIENT, "x"], "azp": CLIENT})
    check_told(TOLD)
    check_told({name: value for name, value in TOLD.items() if name != "exp"})


def test_of_every_claim_only_what_it_must_be_is_taken():
    assert taken(HONEST, tuple(HONEST), check) == [
        *(("sub", value) for value in VALUES if isinstance(value, str) and _is_subject(value)),
    ]


def _is_subject(value: str) -> bool:
    return value not in {MISSING, "", "\x00", "\ud800", "x" * 256}


@pytest.mark.parametrize("name", ["azp", "nbf"])
def test_what_may_be_missing_is_checked_where_it_stands(name: str):
    fits = {"azp": (MISSING, None), "nbf": (MISSING, False, 0, 7, -1, 1.5)}[name]

    found = [value for _, value in taken({**HONEST, name: 1}, (name,), check)]

    assert found == [value for value in VALUES if value in fits and value is not False]


def test_of_every_claim_of_a_log_out_only_what_it_must_be_is_taken():
    found = taken(TOLD, ("iss", "aud", "iat", "events", "nonce", "jti"), check_told)

    assert {name for name, _ in found} == {"nonce", "jti"}
    assert [value for name, value in found if name == "nonce"] == [MISSING]
    assert all(isinstance(value, str) and value for name, value in found if name == "jti")
    assert "sid" in TOLD
    with pytest.raises(Untrue):
        check_told({**TOLD, "sid": ""})


def test_what_is_nested_without_end_is_untrue():
    key = RSAKey.generate_key(2048, {"kid": "k"})
    payload = b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}"
    raw = jws.serialize_compact({"alg": "RS256", "kid": "k"}, payload, key)
    newer = jws.serialize_compact({"alg": "RS256", "kid": "n"}, payload, key)

    for token, keys in ((raw, KeySet([key])), (newer, KeySet([RSAKey.generate_key(2048)]))):
        with pytest.raises(Untrue):
            id_token.opened(token, keys, lambda: KeySet([_named(key, "n")]))


def _named(key: RSAKey, kid: str) -> RSAKey:
    return RSAKey.import_key(key.as_dict(private=False), {"kid": kid})


def test_a_token_of_several_audiences_names_whom_it_was_given_to():
    for azp in (None, "x"):
        with pytest.raises(Untrue, match="azp"):
            check({**HONEST, "aud": [CLIENT, "x"], "azp": azp})
