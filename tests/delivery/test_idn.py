"""Names with letters beyond ASCII are punycode wherever a machine reads them."""

import asyncio
import email
import re
from email import policy
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlmodel import col, select

from app.audience.models import Person
from app.delivery import notices
from app.delivery.mail import links, marks
from app.delivery.models import State
from app.delivery.sending import Sender
from app.links.token import TrackedLink, pack_fills
from app.platform.config import BadSettings, Durability, load
from app.platform.db import Database
from app.platform.domains import ascii_host, ascii_url
from app.platform.journal import Journal
from app.tracking.targets import Target, TargetKind, address_of
from tests.delivery import scenes
from tests.delivery.scenes import KEYS, NOW, Ticks
from tests.delivery.servers import Mailbox, serving

NAMES = {
    "bäckerei.example": "xn--bckerei-5wa.example",
    "BÄCKEREI.example": "xn--bckerei-5wa.example",
    "例え.テスト": "xn--r8jz45g.xn--zckzah",
    "xn--bckerei-5wa.example": "xn--bckerei-5wa.example",
    "straße.example": "xn--strae-oqa.example",
}
URLS = ("public_url", "tracking_url")
MAILBOXES = ("mail_from", "bounce_address", "mail_replies")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("setting", [*URLS, *MAILBOXES, "mail", "allow_private_sources"])
def test_a_setting_is_punycode(name: str, setting: str):
    before, after = {"mail": ("smtp://user:pw@", ":587")}.get(
        setting, ("https://", ":8443") if setting in URLS else ("", "")
    )
    value = f"ann@{name}" if setting in MAILBOXES else f"{before}{name}{after}"
    found = str(getattr(load(**{setting: value}), setting))

    assert NAMES[name] in found
    assert found.isascii()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("public_url", "https://bäcker ei.example"),
        ("public_url", "https://\u2024\u2024.example"),
        ("tracking_url", "https://-ä-.example"),
        ("mail_from", "jürgen@shop.example"),
        ("mail_from", "Ann <ann@shop.example>"),
        ("mail_from", "ann"),
        ("bounce_address", "ann@-ä-.example"),
        ("mail", "smtp://us\u00e4r@mail.example"),
    ],
)
def test_what_cannot_be_written_so_is_refused_at_the_start(setting: str, value: str):
    with pytest.raises(BadSettings, match=f"THINSLICE_{setting.upper()} (must|cannot)"):
        load(**{setting: value})


@pytest.mark.parametrize("name", NAMES)
def test_a_mail_and_its_envelope_hold_no_other_letters(
    database: Database, tmp_path: Path, name: str
):
    mailbox = Mailbox()
    settings = load(
        public_url=f"https://{name}", mail_from=f"ann@{name}", bounce_address=f"back@{name}",
        postal_address="Oslo",
    )  # fmt: skip
    body = f"Hello. [Show](https://{name}/ä?q=ö)"
    scenes.launched(
        database, people=1, arms=[scenes.ARM | {"body": body}],
        sender={"from_name": "Bäckerei", "reply_to": f"bo@{name}"},
    )  # fmt: skip
    with database.write() as session:
        for person in session.exec(select(Person).where(col(Person.email).like("p0@%"))):
            person.email = f"p0@{name}"
        notices.queue(
            session, settings, kind="friday", to=f"bo@{name}", subject="Ä", text="x", html="x",
            now=NOW,
        )  # fmt: skip

    async def send() -> None:
        async with serving(mailbox) as transport:
            journal = Journal.open(tmp_path, durability=Durability.PROCESS, limit=10**8)
            sender = Sender(database, settings, KEYS, journal, transport, ticks=Ticks())
            await sender.step(NOW)

    asyncio.run(send())
    ascii_name = NAMES[name]

    assert sorted(mailbox.addresses()) == [f"bo@{ascii_name}", f"p0@{ascii_name}"]
    assert scenes.states(database) == [State.SENT]
    for _, raw in mailbox.taken:
        assert raw.isascii()
        head = raw.partition(b"\r\n\r\n")[0].decode()
        assert len(re.findall(re.escape(ascii_name), head)) >= 3  # From, To, Message-ID, …
    (mail,) = (raw for to, raw in mailbox.taken if to.startswith("p0@"))
    message = email.message_from_bytes(mail, policy=policy.default)
    assert f"https://{ascii_name}/u/" in str(message["List-Unsubscribe"])
    assert str(message["Reply-To"]) == f"bo@{ascii_name}"
    part = message.get_body(("html",))
    assert part is not None
    urls = re.findall(r'href="(https?://[^"]+)', part.get_content())
    assert {urlsplit(url).hostname for url in urls} == {ascii_name}


@pytest.mark.parametrize("name", NAMES)
def test_a_redirect_leads_to_punycode(name: str):
    link = TrackedLink(1, 2, 0, fills=pack_fills(["ö"]))
    read = links.link_to(f"https://{name}/ä", position=0, label="x", liquid=marks.Protected("", []))
    for target in (
        Target(TargetKind.FIXED, f"https://{name}/ä?q=ö"),
        Target(TargetKind.PERSONAL, f"https://{name}/ä?q={{0}}"),
        Target(TargetKind.FIXED, read.address),
    ):
        address = address_of(target, link, keyring=KEYS, public_url="https://x.example")

        assert address.startswith(f"https://{NAMES[name]}/%C3%A4")
        assert address.isascii()


@pytest.mark.parametrize("name", NAMES)
def test_written_twice_it_stays_what_it_is(name: str):
    assert ascii_host(ascii_host(name)) == NAMES[name]
    assert ascii_url(f"smtp://u:p@{name}:25/ä") == f"smtp://u:p@{NAMES[name]}:25/ä"
