"""A customer answers their mail; the words stand on the readout, and go on to whoever asked."""

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.browser import chromium, complaints_of
from tests.journeys.conftest import migrated
from tests.journeys.test_by_page import set_up
from tests.journeys.test_mail_comes_back import launched, taking
from tests.ports import free_port
from tests.serve import Installation, Mailbox, wait_until

pytestmark = pytest.mark.browser
_HOST = "mail.halvern.example"
_REPLIES = {"kind": "reply_rate", "window_hours": 168}
_ASKS = "pm@halvern.example"
_WORDS = "Too late for Monday.\n\nThe dough is set on Sunday noon."


@pytest.fixture(params=["sqlite", "postgresql"])
def answered(
    request: pytest.FixtureRequest, tmp_path: Path, mailbox_and_setting: tuple[Mailbox, str]
) -> Iterator[Installation]:
    """`serve`, to whose inbox answers come."""
    with migrated(request, tmp_path / "data") as url:
        installation = Installation(tmp_path / "data", url, mail=mailbox_and_setting[1])
        installation.settings["THINSLICE_MAIL_REPLIES"] = f"replies@{_HOST}"
        installation.settings["THINSLICE_BOUNCE_ADDRESS"] = f"bounces@{_HOST}"
        installation.start("--migrate")
        try:
            yield installation
        finally:
            installation.stop()


def test_what_a_customer_answers_stands_on_the_readout_and_goes_on_to_who_asked(
    answered: Installation, mailbox: Mailbox
):
    port, sender = free_port(), {"from_name": "Halvern", "reply_to": _ASKS}
    with chromium() as browser:
        context = browser.new_context()
        complaints, page = complaints_of(context), context.new_page()
        set_up(page, answered)
        with answered.api("editor") as api, taking(answered, port):
            experiment = launched(api, metric=_REPLIES, sender=sender)
            wait_until(lambda: len(mailbox.mails()) >= 12, what="the mails")
            [first, second, *_] = [mail for _, mail in mailbox.mails()]
            said = [_answer(port, first, _WORDS)]
            said.append(_answer(port, second, "I am away.", **{"Auto-Submitted": "auto-replied"}))
            said.append(_answer(port, first, _WORDS))
            passed_on = wait_until(lambda: _to(mailbox, _ASKS), what="the mail to who asked")
            [arm] = api.get(f"/experiments/{experiment}/readout").json()["arms"]
        for part in ("readout", "replies"):
            page.goto(f"{answered.url}/experiments/{experiment}/{part}")
            _shows(page, str(first["To"]))
        context.close()

    assert complaints == []
    assert ["automatic" in one for one in said] == [False, True, False]
    assert (arm["replied"], arm["did"]) == (1, 1)
    assert passed_on[0]["Reply-To"] == first["To"]
    assert "The dough is set on Sunday noon." in str(passed_on[0].get_body(("plain",)))
    assert len(_to(mailbox, _ASKS)) == 1


def _shows(page: Page, customer: str) -> None:
    quote = page.locator("blockquote")
    expect(quote).to_have_count(1)
    expect(quote).to_contain_text("Too late for Monday.")
    expect(quote).to_contain_text(customer)


def _answer(port: int, mail: EmailMessage, words: str, **headers: str) -> str:
    """As a mail program answers, and as a mail server brings it; what the inbox says."""
    reply, to = EmailMessage(), mail["Reply-To"].addresses[0].addr_spec
    reply["From"], reply["To"], reply["Subject"] = str(mail["To"]), to, f"Re: {mail['Subject']}"
    reply["Message-ID"], reply["In-Reply-To"] = f"<{abs(hash(words))}@x>", str(mail["Message-ID"])
    for name, value in headers.items():
        reply[name] = value
    body = mail.get_body(("plain",))
    assert body is not None
    quoted = "\n".join(f"> {line}" for line in body.get_content().splitlines())
    above = f"On Mon, 23 Nov 2026 at 10:00, Halvern <{to}> wrote:"
    reply.set_content(f"{words}\n\n{above}\n\n{quoted}\n")
    with smtplib.LMTP("127.0.0.1", port, timeout=60) as server:
        server.ehlo_or_helo_if_needed()
        server.mail(str(mail["To"]))
        server.rcpt(to)
        code, answer = server.data(reply.as_bytes())
    assert code == 250
    return answer.decode()


def _to(mailbox: Mailbox, address: str) -> list[EmailMessage]:
    return [mail for to, mail in mailbox.mails() if to == address]
