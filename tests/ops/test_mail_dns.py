"""What the doctor says of the sender's domain in DNS; a world of records that a test writes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import dns.resolver
import pytest

from app.delivery.transports import dkim_key
from app.ops import mail_dns
from app.ops.installation import House
from app.platform.errors import AppError
from tests.commanded import said
from tests.delivery import signed
from tests.serve import Installation

SERVER = "smtp://relay.halvern.io?tls=none"
FROM = "insights@mail.halvern.io"
KEY = "thinslice._domainkey.mail.halvern.io"


def ours(**changes: str) -> Any:
    return signed.settings(mail=SERVER, mail_from=FROM, **changes)


WORLD = {
    "mail.halvern.io TXT": ["other", "v=spf1 include:relay.halvern.io -all"],
    f"{KEY} TXT": [dkim_key.record_text(dkim_key.signer(ours()))],  # type: ignore[arg-type]
    "_dmarc.halvern.io TXT": ["v=DMARC1; p=reject; adkim=s"],
    "relay.halvern.io A": ["93.184.215.14", "10.0.0.7"],
    "14.215.184.93.in-addr.arpa. PTR": ["out.halvern.io."],
}


def told(house: House, world: dict[str, list[str]], **changes: str) -> dict[str, tuple[bool, str]]:
    there = replace(house, settings=ours(**changes))
    looking = mail_dns.Looking(lambda name, kind: world.get(f"{name} {kind}", []))
    found = {}
    for subject, part in looking.parts.items():
        try:
            found[subject] = (True, part(there))
        except AppError as error:
            found[subject] = (False, str(error))
    return found


def test_a_domain_that_is_set_up_is_fine(house: House):
    found = told(house, WORLD)

    assert [subject for subject, (fine, _) in found.items() if not fine] == []
    assert found["DKIM"][1] == f"{KEY} has our key"
    assert found["DMARC"][1] == "_dmarc.halvern.io says v=DMARC1; p=reject; adkim=s"
    assert found["PTR"][1] == "relay.halvern.io is out.halvern.io"


WRONG: dict[str, tuple[str, dict[str, list[str]], dict[str, str], str]] = {
    "no SPF": ("SPF", {"mail.halvern.io TXT": ["v=spf10 -all"]}, {}, "who sends its mail"),
    "two SPF": ("SPF", {"mail.halvern.io TXT": ["v=spf1 -all", "v=spf1"]}, {}, "keep one"),
    "all SPF": ("SPF", {"mail.halvern.io TXT": ["v=spf1 +all"]}, {}, "lets anybody send"),
    "no key": ("DKIM", {f"{KEY} TXT": []}, {}, "No key stands at"),
    "another key": ("DKIM", {f"{KEY} TXT": ["v=DKIM1; p=AAAA"]}, {}, "Another key than ours"),
    "two keys": ("DKIM", {f"{KEY} TXT": ["p=AAAA", "p=BBBB"]}, {}, "2 keys stand"),
    "no DMARC": ("DMARC", {"_dmarc.halvern.io TXT": []}, {}, "has no DMARC record"),
    "two DMARC": ("DMARC", {"_dmarc.halvern.io TXT": ["v=DMARC1; p=none"] * 2}, {}, "keep one"),
    "strict DMARC": ("DMARC", {}, {"dkim_domain": "halvern.io"}, "adkim=s"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_with_what_to_do(name: str, house: House):
    subject, changed, settings, says = WRONG[name]
    fine, sentence = told(house, WORLD | changed, **settings)[subject]

    assert not fine
    assert says in sentence


def test_where_dns_does_not_answer_it_is_asked_once(house: House):
    asked = []

    def ask(name: str, kind: str) -> list[str]:
        asked.append((name, kind))
        raise mail_dns.NoDnsError

    there = replace(house, settings=ours())
    found = {part(there) for part in mail_dns.Looking(ask).parts.values()}

    assert found == {"not looked: no DNS answers"}
    assert len(asked) == 1


@pytest.mark.parametrize(
    "changes",
    [{"mail": "outbox:"}, {"mail_from": "a@localhost.test"}, {"mail_from": "a@example.com"}],
)
def test_what_is_nobodys_is_not_asked_for(changes: dict[str, str], house: House):
    asked: list[str] = []

    def ask(name: str, _kind: str) -> list[str]:
        asked.append(name)
        return []

    there = replace(house, settings=ours().model_copy(update=changes))
    found = [part(there) for part in mail_dns.Looking(ask).parts.values()]

    assert all(one.startswith("not looked") for one in found)
    assert asked == []


def test_a_resolver_that_fails_is_no_dns(monkeypatch: pytest.MonkeyPatch):
    def fail(*_of: object, **_how: object) -> None:
        raise dns.resolver.NoNameservers

    monkeypatch.setattr(dns.resolver.Resolver, "resolve", fail)
    with pytest.raises(mail_dns.NoDnsError):
        mail_dns.ask("halvern.io", "TXT")


def test_a_command_prints_what_must_stand_in_dns(tmp_path: Path):
    (tmp_path / "dkim.pem").write_text(signed.pem("rsa"))
    settings = {"THINSLICE_DKIM_KEY": str(tmp_path / "dkim.pem"), "THINSLICE_MAIL_FROM": FROM}
    done = said(Installation(tmp_path / "data", "", settings=settings), "dkim")
    text = WORLD[f"{KEY} TXT"][0]

    assert done.returncode == 0
    assert done.stdout.splitlines()[:2] == [f"Name: {KEY}", f"TXT:  {text}"]
    assert f'( "{text[:255]}" "{text[255:]}" )' in done.stdout
    assert not (tmp_path / "data").exists()


def test_without_a_key_the_command_says_how_to_make_one(tmp_path: Path):
    done = said(Installation(tmp_path / "data", ""), "dkim")

    assert done.returncode == 1
    assert "openssl genrsa" in done.stderr
