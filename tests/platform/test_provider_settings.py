"""What an operator sets of the identity provider: said at the start where it cannot be used."""

import pytest

from app.identity.roles import Role
from app.ops import backing_up, supervise
from app.platform import config, provider_settings
from app.platform.config import BadSettings

WHOLE = {
    "OIDC_ISSUER": "https://id.example.com/realms/main",
    "OIDC_CLIENT_ID": "thinslice",
    "OIDC_CLIENT_SECRET": "s=3, cret",
    "OIDC_ROLES": "a b = admin,cn=x=editor, *=viewer",
    "OIDC_SCOPES": "profile email,groups",
    "OIDC_JOIN_BY_EMAIL": "1",
    "OIDC_NAME": "Halvern & Co",
}


def given(monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(f"THINSLICE_{name}", value)


def test_groups_and_roles_are_read_in_order(monkeypatch: pytest.MonkeyPatch):
    given(monkeypatch, WHOLE)

    settings = config.load()

    assert settings.oidc_roles == (("a b", "admin"), ("cn=x", "editor"), ("*", "viewer"))
    assert settings.oidc_scopes == ("openid", "profile", "email", "groups")
    assert settings.provider_name == "Halvern & Co"


def test_a_process_of_ours_and_a_backup_read_the_same(monkeypatch: pytest.MonkeyPatch):
    given(monkeypatch, WHOLE)
    settings = config.load()
    handed_on = supervise._environment_of(settings)
    for name, value in handed_on.items():
        monkeypatch.setenv(name, value)

    assert config.load() == settings
    assert "a b=admin, cn=x=editor, *=viewer" in backing_up.environment_of(settings)


def test_roles_are_those_that_there_are():
    assert tuple(Role) == provider_settings._ROLES


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("OIDC_ISSUER", "id.example.com", "OIDC_ISSUER must be the issuer's address"),
        ("OIDC_ISSUER", "https://id.example.com?x=1", "OIDC_ISSUER must be the issuer's"),
        ("OIDC_ISSUER", "https://me:secret@id.example.com", "OIDC_ISSUER must be the issuer's"),
        ("OIDC_ISSUER", "http://[", "OIDC_ISSUER must be the issuer's"),
        ("OIDC_ISSUER", "http://id.example.com", "OIDC_ISSUER must begin with https://"),
        ("OIDC_CLIENT_ID", "", "OIDC_CLIENT_ID must be set"),
        ("OIDC_CLIENT_SECRET", "é", "OIDC_CLIENT_SECRET must be plain ASCII"),
        ("OIDC_ROLES", "", "OIDC_ROLES must say who gets in"),
        ("OIDC_ROLES", "admins", "cannot be read at “admins”"),
        ("OIDC_ROLES", "admins=owner", "cannot be read at “admins=owner”"),
        ("OIDC_ROLES", "=admin", "cannot be read at “=admin”"),
        ("OIDC_SCOPES", 'open"id', "OIDC_SCOPES must be words"),
        ("OIDC_NAME", "x" * 61, "OIDC_NAME must be one line"),
        ("OIDC_ISSUER", "https://id.example.com/a b", "OIDC_ISSUER must be the issuer's"),
        ("OIDC_TRUST_EMAIL", "1", "OIDC_TRUST_EMAIL cannot be set beside THINSLICE_OIDC_JOIN_BY"),
        ("OIDC_JOIN_BY_EMAIL", "perhaps", "OIDC_JOIN_BY_EMAIL"),
    ],
)
def test_what_cannot_be_used_is_told_by_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
):
    given(monkeypatch, {**WHOLE, name: value})

    with pytest.raises(BadSettings, match=said):
        config.load()


def test_a_provider_on_this_machine_needs_no_tls(monkeypatch: pytest.MonkeyPatch):
    given(monkeypatch, {**WHOLE, "OIDC_ISSUER": "http://127.0.0.1:8080", "OIDC_NAME": ""})

    assert config.load().provider_name == "127.0.0.1"
