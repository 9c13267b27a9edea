"""People fall away between a launch and its start: whoever launched it is mailed, once."""

from datetime import timedelta
from typing import Any

import httpx

from app.platform import clock
from tests.cast import DESIGN, made
from tests.journeys.test_by_api import finished, given_an_audience, imported
from tests.serve import Installation, Mailbox, wait_until

PASSWORD = "correct horse battery staple"
ADDRESS = "ann@halvern.example"


def test_whoever_launched_it_gets_one_mail(service: Installation, mailbox: Mailbox):
    given_ann(service)
    with service.api("editor") as api:
        audience = given_an_audience(api, people=40)
        experiment = made(api.post("/experiments", json=DESIGN | {"audience_id": audience}))["id"]
        launched_by_ann(service, experiment, at=(clock.now() + timedelta(seconds=12)).isoformat())
        forget_the_euros_of_two(api, audience)
        progress = wait_until(lambda: finished(api, experiment), what="the sending")
        wait_until(lambda: mails_to_ann(mailbox), what="the mail to whoever launched it")
        service.stop()
        service.start()
        wait_until(lambda: finished(api, experiment), what="the service again")

    [mail] = mails_to_ann(mailbox)
    assert (progress["sent"], progress["fell_away"]) == (38, 2)
    assert mail["Subject"] == f"2 people were left out of “{DESIGN['name']}”"
    assert "“euros” is missing for 2 people." in mail.get_body(("plain",)).get_content()


def given_ann(service: Installation) -> None:
    done = service.command(
        "user", "add", ADDRESS, "--role", "editor", "--password-stdin", given=PASSWORD + "\n"
    )
    assert done.returncode == 0, done.stderr


def launched_by_ann(service: Installation, experiment: str, *, at: str) -> None:
    """By the form of its page, as a browser sends it."""
    with httpx.Client(base_url=service.url, headers={"Origin": service.url}, timeout=30) as browser:
        browser.post("/login", data={"email": ADDRESS, "password": PASSWORD})
        page = browser.get(f"/experiments/{experiment}/launch").text
        csrf = page.partition('name="csrf" value="')[2].partition('"')[0]
        form = {"csrf": csrf, "at": at[:19], "undo_seconds": "0"}
        answer = browser.post(f"/experiments/{experiment}/launch", data=form)
    assert answer.status_code == 303, answer.text


def forget_the_euros_of_two(api: httpx.Client, audience: str) -> None:
    lines = b"email,name,euros\np1@bakery.example,Baker 1,\np2@bakery.example,Baker 2,\n"
    headers = {"Content-Type": "text/csv"}
    begun = made(api.post(f"/audiences/{audience}/imports", content=lines, headers=headers))
    wait_until(lambda: imported(api, begun["id"]), what="the second import")


def mails_to_ann(mailbox: Mailbox) -> list[Any]:
    return [mail for to, mail in mailbox.mails() if to == ADDRESS]
