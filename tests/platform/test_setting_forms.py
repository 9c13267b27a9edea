"""Settings that are misspelt, in their name or in what they say: told, never a crash or silence."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.ops import command_setup, doctor, mail_findings
from app.ops.installation import House
from app.platform import config, setting_forms
from app.platform.errors import AppError
from app.platform.provider_settings import ProviderSettings

BROKEN = {
    "a proxy's name": ("trusted_proxies", "nginx", "such as 10.0.0.5"),
    "a network too wide": ("trusted_proxies", "127.0.0.1, 10.0.0.0/40", "“10.0.0.0/40”"),
    "a proxy's address": ("trusted_proxies", "http://10.0.0.5", "such as 10.0.0.5"),
    "a host's address": ("allowed_hosts", "https://a.example.com", "without https://"),
    "a host's port": ("allowed_hosts", "a.example.com:8000", "without https://"),
    "no port": ("database_url", "postgresql://a:b@host:port/name", "cannot be read"),
    "a colon and no port": ("database_url", "postgresql://a:b@host:54x2/name", "%3A for :"),
    "another kind": ("database_url", "mysql://a:b@host/name", "must begin with"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_setting_that_cannot_be_used_is_a_sentence(name: str):
    setting, value, says = BROKEN[name]
    with pytest.raises(config.BadSettings) as raised:
        config.load(**{setting: value})

    assert f"THINSLICE_{setting.upper()} " in str(raised.value)
    assert says in str(raised.value)


def test_what_is_in_an_address_with_a_password_is_said_to_nobody():
    with pytest.raises(config.BadSettings) as raised:
        config.load(database_url="postgresql://a:hush@host:port/name")

    assert "hush" not in str(raised.value)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("trusted_proxies", "127.0.0.1, 10.0.0.0/8 ::1"),
        ("trusted_proxies", "10.1.2.3/8"),
        ("allowed_hosts", "thinslice.internal, 10.0.0.5 ::1 smörgås.example"),
        ("database_url", "postgresql://a:b%2Fc@host:5432/name?sslmode=require"),
        ("database_url", "postgresql:///name?host=/run/postgresql"),
    ],
)
def test_what_can_be_used_is_taken(setting: str, value: str):
    assert getattr(config.load(**{setting: value}), setting)


def _without_a_letter() -> dict[str, str]:
    """Every setting with one letter left out, and what was meant."""
    ours = [name.upper() for name in config.Settings.model_fields]
    short = {name[:-2] + name[-1]: name for name in ours}
    return {name: meant for name, meant in short.items() if name not in ours}


@pytest.mark.parametrize("name", _without_a_letter())
def test_a_name_without_a_letter_is_told_with_what_was_meant(name: str):
    (said,) = setting_forms.nobodys({f"THINSLICE_{name}": "1"}, config.Settings.model_fields)

    assert said.startswith(f"THINSLICE_{name} is set, and no setting has this name")
    assert f"Did you mean THINSLICE_{_without_a_letter()[name]}?" in said


def test_what_is_ours_or_of_kubernetes_is_not_told():
    ours = [f"THINSLICE_{name.upper()}" for name in config.Settings.model_fields]
    others = [
        "PATH", "THINSLICE_SQL_SHOP", "THINSLICE_TOKEN", "THINSLICE_CLOCK_SHIFT_SECONDS",
        "THINSLICE_PORT", "THINSLICE_WEB_SERVICE_HOST", "THINSLICE_WEB_SERVICE_PORT_HTTP",
        "THINSLICE_WEB_PORT_80_TCP_ADDR",
    ]  # fmt: skip

    assert (
        setting_forms.nobodys(dict.fromkeys(ours + others, "1"), config.Settings.model_fields) == []
    )


def test_half_of_what_belongs_together_is_told():
    half = {f"THINSLICE_{name.upper()}": "1" for name in ProviderSettings.model_fields}
    issuer = half.pop("THINSLICE_OIDC_ISSUER")
    said = setting_forms.idle(half)

    assert said == [
        f"{name} is set, and does nothing without THINSLICE_OIDC_ISSUER." for name in sorted(half)
    ]
    assert setting_forms.idle(half | {"THINSLICE_OIDC_ISSUER": issuer}) == []
    assert setting_forms.idle(dict.fromkeys(half, "")) == []  # as compose hands on what is not set


UNUSABLE = (
    "", "smtp:", "smtp://", "smpt://mail.example.com", "mail.example.com:587", "outbox",
    "smtp://mail.example.com?tls=maybe", "smtp://mail.example.com:port",
    "smtp://mail.example.com:99999", "postmark://", "resend:", "ses:eu-west-1", "smtp://one.example postmark://",
    "smtp://one.example, smtp://two.example",
)  # fmt: skip


def test_nothing_starts_with_a_mail_server_that_nobody_could_send_by(house: House, tmp_path: Path):
    for mail in UNUSABLE:
        there = replace(house, settings=config.load(data_dir=tmp_path, mail=mail))
        with pytest.raises(AppError, match="THINSLICE_MAIL"):
            command_setup.start_checked(there, migrating=False)


def test_nothing_starts_with_events_that_nobody_could_prove(house: House, tmp_path: Path):
    for events in ("postmark://us@", "sendgrid://us:a-password-of-our-own@", "resend://key@"):
        there = replace(house, settings=config.load(data_dir=tmp_path, mail_events=events))
        with pytest.raises(config.BadSettings, match="THINSLICE_MAIL_EVENTS"):
            command_setup.start_checked(there, migrating=False)


def test_the_doctor_says_who_tells_of_mails(house: House, tmp_path: Path):
    events = "postmark://us:a-password-of-our-own@"
    settings = config.load(data_dir=tmp_path, mail="postmark://TOKEN@/", mail_events=events)

    said = mail_findings.comes_back(replace(house, settings=settings))

    assert "events of postmark; nothing has come back yet" in said
    assert "a-password" not in said


def test_the_doctor_tells_a_misspelt_setting(house: House, monkeypatch: pytest.MonkeyPatch):
    assert doctor._finding("settings", doctor._settings, house).fine

    monkeypatch.setenv("THINSLICE_PRIVCY", "consent")
    found = doctor._finding("settings", doctor._settings, house)

    assert not found.fine
    assert "Did you mean THINSLICE_PRIVACY?" in found.sentence


def test_the_doctor_says_once_why_the_database_is_not_reached(tmp_path: Path):
    settings = config.load(
        data_dir=tmp_path,
        database_url="postgresql://nobody:hush@127.0.0.1:1/none",
        secret_keys="one-that-stands-on-each-machine-7Hq2vPz",
    )
    found = {one.subject: one.sentence for one in doctor.look(settings) if not one.fine}

    assert "refused" in found["database"], "the reason, and not only that it is so"
    assert "hush" not in str(found)
    assert found["migrations"] == found["keys"] == "as said under database"


def test_every_start_warns_of_a_misspelt_setting(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setenv("THINSLICE_SECRETKEYS", "x")
    command_setup.warn_of_settings()

    assert "Did you mean THINSLICE_SECRET_KEYS?" in caplog.text
