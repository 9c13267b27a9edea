"""What a backup may hold: forged ones are refused, settings mean the same again."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from app.ops import backing_up
from app.ops.backup_contents import Contents
from app.ops.installation import House, prepare
from app.platform import config
from app.platform.config import Settings
from app.platform.sealed import Broken, Sealed, Sealing


@pytest.fixture
def file(house: House, tmp_path: Path) -> Path:
    prepare(house)
    path = tmp_path / "one.tar"
    backing_up.write_to(path, house)
    return path


@dataclass(frozen=True)
class Forged:
    """A whole and sealed file of somebody else's making."""

    parts: Mapping[str, bytes] = field(default_factory=dict)  # instead of ours, or beside them
    about: Mapping[str, object] = field(default_factory=dict)
    names: Sequence[object] = ()  # of the manifest's parts

    def write_to(self, path: Path, known: Sealed) -> None:
        with path.open("wb") as out:
            sealing = Sealing(out, micros=0)
            mine = {name: known.content(name) for name in known.names[1:]} | dict(self.parts)
            for name, content in mine.items():
                sealing.add(name, content)
            sealing._parts += [{"name": name} for name in self.names]
            sealing.seal({**known.about, **self.about})


FORGED = {
    "a file below a file": Forged({"imports/a": b"x", "imports/a/b": b"y"}),
    "a file where a folder is": Forged({"hits/ranges": b"x"}),
    "no key": Forged({"keys": b"\n"}),
    "keys that are no text": Forged({"keys": b"\xff\xfe\n"}),
    "no folder": Forged({"folder-id": b""}),
    "a folder that leads elsewhere": Forged({"folder-id": b"../../x\n"}),
    "settings that are no text": Forged({"settings.env": b"\xff\xfe"}),
    "settings without an end": Forged({"settings.env": b"THINSLICE_MAIL='a\n"}),
    "settings that draw on the screen": Forged({"settings.env": b"THINSLICE_\x1b[2J=a\n"}),
    "no setting of ours": Forged({"settings.env": b"PATH=/evil\n"}),
    "a moment before all": Forged(about={"made_at": "0001-01-01T00:00:00+14:00"}),
    "a moment after all": Forged(about={"made_at": "9999-12-31T23:59:59-14:00"}),
    "a part that is a list": Forged(names=[["a"]]),
    "a part that is a document": Forged(names=[{}]),
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED.keys())
def test_what_nobody_could_start_with_is_refused_before_anything_is_written(
    file: Path, tmp_path: Path, forged: Forged
):
    forged.write_to(tmp_path / "evil.tar", Sealed(file))

    with pytest.raises(Broken):
        Contents(tmp_path / "evil.tar")


SETTINGS = {
    "data_dir": "/somewhere else/data", "database_url": "postgresql://a:b%20c@db/x",
    "public_url": "https://a.example", "tracking_url": "https://b.example",
    "secret_keys": "0123456789abcdefghijklmnopqrstuv\nanother-0123456789abcdefghijklmnop",
    "mail": "smtp://user:pa'ss@m.example:587", "mail_from": "a@b.example",
    "postal_address": "Example Ltd\n1 High = Street\n“Oslo” $HOME `id`",
    "bounce_address": "bounce@b.example", "mail_replies": "replies@b.example",
    "mailbox": "imap://a:b%20c@m.example:993?tls=tls&folder=INBOX",
    "dkim_key": "/keys/dkim key.pem", "dkim_selector": "s1", "dkim_domain": "b.example",
    "mail_events": "postmark://user:0123456789abcdef@ mailgun://0123456789abcdef%2F@"
    " ses:arn:aws:sns:eu-west-1:123456789012:x",
    "mail_rates": "600 gmail.com=100", "warm_up": "2026-12-01 50 1.5",
    "timezone": "Europe/Oslo", "privacy": "consent",
    "durability": "disk", "spool_limit": "3 GB", "keep_events_months": "5", "backup_days": "0",
    "approve_above": "5000",
    "agents_log_in": "0",
    "require_totp": "1",
    "trusted_proxies": "10.0.0.0/8, 127.0.0.1", "allowed_hosts": "a.local b.local",
    "allow_private_sources": "wiki.local:8080", "metrics_token": "0123456789'abcdef",
    "demo": "true", "log_format": "json",
    "oidc_issuer": "https://id.example", "oidc_client_id": "us", "oidc_client_secret": "it's $x",
    "oidc_roles": "the admins=admin, CN=a=editor, *=viewer", "oidc_groups": "roles",
    "oidc_scopes": "openid, email", "oidc_join_by_email": "yes", "oidc_trust_email": "0",
    "oidc_name": "Our “house”",
}  # fmt: skip


def test_every_setting_that_a_backup_holds_means_the_same_again(monkeypatch: pytest.MonkeyPatch):
    for name, value in {**SETTINGS, "sql_shop": "postgresql://r@db/shop"}.items():
        monkeypatch.setenv(f"THINSLICE_{name.upper()}", value)
    before, sources = config.load(), config.load().sql_connections
    said = dict(word.split("=", 1) for word in shlex.split(backing_up.environment_of(before)))
    for name in SETTINGS:
        monkeypatch.delenv(f"THINSLICE_{name.upper()}")
    for name, value in said.items():
        monkeypatch.setenv(name, value)

    assert set(SETTINGS) == set(Settings.model_fields)
    assert (config.load(), config.load().sql_connections) == (before, sources)


def test_settings_that_differ_are_named_and_no_line_of_a_value_is(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("THINSLICE_POSTAL_ADDRESS", "Example\nsecond line\nthird=line")
    made = config.load(data_dir=house.settings.data_dir)
    prepare(house)
    backing_up.write_to(tmp_path / "one.tar", replace(house, settings=made))
    monkeypatch.delenv("THINSLICE_POSTAL_ADDRESS")

    differing = Contents(tmp_path / "one.tar").differing(config.load(data_dir=tmp_path / "new"))
    assert "THINSLICE_POSTAL_ADDRESS" in differing
    assert not [name for name in differing if not name.startswith("THINSLICE_")]
