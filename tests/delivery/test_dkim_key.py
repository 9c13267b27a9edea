"""Keys that cannot be used are told at the start, in one sentence, and never repeated."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from app.delivery.transports import dkim_key, open_transports
from app.ops import command_setup
from app.ops.installation import House
from app.platform import config
from app.platform.config import BadSettings
from tests.delivery import signed
from tests.delivery.signed import FROM, pem

# 512 bits: no library makes such keys any more.
SHORT = """-----BEGIN RSA PRIVATE KEY-----
MIIBOgIBAAJBAK3I90qv9ZJ6bxIvZNPw1/EaELMW26xZiHay4z4u8xy3Iki/KP4d
JDALjebdqygWt7wcpleEIqtoXO15G4NXVC0CAwEAAQJAbvdO6DLY9JIXEB6RHD/C
MyJ4nVIwLKny2BA7x/4EoEVF4jQLMWYqhzx4kPWH19OC2IXf9j7ALXXmmXC/IOE5
oQIhAN9RYQVYkkbPQckU7+bm5/Jnau3QOeZNL7Zgl9cXwBN5AiEAxzfVqsewMb+d
qzcveFPuRQivij4Yd5i8I+iUWrJLhVUCIBobu4oSdteMd5Z4uit2p3txl9DB3WMN
dxyNYnMlNbGRAiEAkrS1boybXidj7uA23v+/6aqZys4rqncZpb/y8E94efkCIHHE
3kXVmXTGA4G7ncn4Z2WmeG1Z60vTlrL8Zmfb8J+A
-----END RSA PRIVATE KEY-----
"""

REFUSED = {
    "no such file": ({"dkim_key": "/nowhere/dkim.pem"}, "No such file or directory"),
    "a folder": ({"dkim_key": "/"}, "Is a directory"),
    "a key without its first line": ({"dkim_key": "MIIEvQIBADANBgkqhush\0"}, "could not be opened"),
    "broken": ({"dkim_key": "-----BEGIN PRIVATE KEY-----\nhush\n"}, "no private key"),
    "too short": ({"dkim_key": SHORT}, "has 512 bits"),
    "another kind": ({"dkim_key": pem("ec")}, "RSA or Ed25519"),
    "locked": ({"dkim_key": pem("rsa", password="hush")}, "locked with a passphrase"),
    "somebody else's domain": (
        {"dkim_key": pem("ed25519"), "dkim_domain": "example.net"}, "mails come from",
    ),
    "a domain that ends alike": (
        {"dkim_key": pem("ed25519"), "dkim_domain": "vern.example"}, "mails come from",
    ),
    "no domain": (
        {"dkim_key": pem("ed25519"), "mail_from": "insights@localhost"}, "THINSLICE_MAIL_FROM",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_nothing_starts_with_a_key_that_signs_nothing(name: str, house: House, tmp_path: Path):
    changes, says = REFUSED[name]
    settings = config.load(data_dir=tmp_path, **{"mail_from": FROM} | changes)
    with pytest.raises(BadSettings) as raised:
        command_setup.start_checked(replace(house, settings=settings), migrating=False)

    assert says in str(raised.value)
    assert "THINSLICE_" in str(raised.value)
    assert "hush" not in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("dkim_selector", "two words"), ("dkim_selector", ""), ("dkim_selector", "a..b"),
        ("dkim_domain", "com"), ("dkim_domain", "https://example.com"),
        ("dkim_domain", "a@b.example"),
    ],
)  # fmt: skip
def test_a_name_that_cannot_stand_in_dns_is_a_sentence(setting: str, value: str):
    with pytest.raises(BadSettings, match=f"THINSLICE_{setting.upper()} "):
        config.load(**{setting: value})


@pytest.mark.parametrize(
    "domain", ["", "halvern.example", "mail.halvern.example", "HALVERN.example"]
)
def test_the_domain_is_the_senders_or_one_beside_which_it_stands(domain: str):
    by = dkim_key.signer(signed.settings(dkim_domain=domain))

    assert by is not None
    assert by.domain == (domain.lower() or "halvern.example")
    above = signed.settings(mail_from="a@mail.halvern.example", dkim_domain="halvern.example")
    assert dkim_key.signer(above) is not None


@pytest.mark.parametrize("kind", signed.KINDS)
def test_a_key_is_read_from_a_file_and_from_a_setting_of_one_line(kind: str, tmp_path: Path):
    (tmp_path / "dkim.pem").write_text(pem(kind))
    ways = (pem(kind), str(tmp_path / "dkim.pem"), pem(kind).replace("\n", "\\n"))
    found = [dkim_key.signer(signed.settings(dkim_key=one)) for one in ways]

    assert len({dkim_key.record_text(one) for one in found if one}) == 1
    assert None not in found


def test_without_a_key_mails_leave_as_before():
    plain = config.load(mail="smtp://127.0.0.1:1?tls=none")

    assert dkim_key.signer(plain) is None
    [relay] = open_transports(plain, None)  # type: ignore[arg-type]  # no outbox, no database
    assert relay._signer is None  # type: ignore[attr-defined]


def test_a_short_key_signs_and_is_told(house: House, caplog: pytest.LogCaptureFixture):
    short = config.load(data_dir=house.settings.data_dir, mail_from=FROM, dkim_key=pem("rsa", 1024))
    with caplog.at_level(logging.WARNING):
        command_setup.start_checked(replace(house, settings=short), migrating=False)

    assert "has 1024 bits: make one of 2048" in caplog.text


def test_a_key_stands_in_no_log_of_the_settings():
    assert pem("rsa").splitlines()[1] not in repr(signed.settings())
