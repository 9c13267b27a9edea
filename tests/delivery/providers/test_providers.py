"""Mails over HTTP: what each provider is sent, and what each of its answers means to us."""

import asyncio
import json
import logging
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import policy
from email.parser import BytesParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import respx

from app.delivery import transports
from app.delivery.mail.mime import Mail
from app.delivery.models import State
from app.delivery.replies import Meaning, Reply, meaning_of
from app.delivery.transports import providers
from app.delivery.transports.ports import StoppedError
from app.delivery.transports.providers.asking import _AS_SAID, said
from app.delivery.transports.providers.over_http import OverHttp
from app.delivery.transports.providers.ses import Ses
from app.delivery.transports.providers.sigv4 import AwsKey, signed
from app.platform.config import BadSettings, Settings
from app.platform.db import Database
from app.platform.errors import Unavailable
from tests.delivery import scenes
from tests.delivery.providers.answers import (
    OF_ALL,
    PROVIDERS,
    SECRET,
    Documented,
    Headed,
    all_taken,
    everywhere,
    mails_of,
)

RAW = (
    b"DKIM-Signature: v=1; bh=of-other-bytes\r\nMessage-ID: <one@insights.example.com>\r\n"
    b"From: =?utf-8?B?QsO4cmdl?= <ann@example.com>\r\nTo: ann@example.org\r\n"
    b"Reply-To: replies+x@example.com\r\nSubject: =?utf-8?B?NDAg4oKs?=\r\n"
    b"List-Unsubscribe: <https://insights.example.com/u/abc>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b"Date: Sun, 22 Nov 2026 09:00:00 +0000\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/alternative; boundary="=_x"\r\n\r\n'
    b"--=_x\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\nyou lose 40 =E2=82=AC\r\n"
    b"--=_x\r\nContent-Type: text/html; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>you lose 40 =E2=82=AC</p>\r\n"
    b"--=_x--\r\n"
)
TOKEN = "a" * 31
ONE = Mail("1", f"bounces+{TOKEN}@example.com", "ann@example.org", "40 €", RAW, send_id=1)


async def _noted() -> None:
    """Nothing is written down in these tests."""


def handed(documented: Documented, *mails: Mail, **more: Any) -> list[Reply]:
    async def send() -> list[Reply]:
        transport = OverHttp(providers.read(documented.mail), **more)
        replies = [await transport.send(one, _noted) for one in mails]
        await transport.close()
        return replies

    return asyncio.run(send())


def _answer(status: int, body: Any) -> httpx.Response:
    if isinstance(body, str):
        return httpx.Response(status, text=body)
    if isinstance(body, Headed):
        return httpx.Response(status, json=body.json, headers=body.headers)
    return httpx.Response(status, json=body)


def _matrix() -> list[tuple[str, int, Any, Meaning]]:
    return [
        (name, *one)
        for name, documented in PROVIDERS.items()
        for one in ((*documented.taken, Meaning.ACCEPTED), *documented.own, *OF_ALL)
    ]


@pytest.mark.parametrize(("name", "status", "body", "meaning"), _matrix())
def test_each_answer_means_what_the_same_of_a_mail_server_means(
    name: str, status: int, body: Any, meaning: Meaning
):
    documented = PROVIDERS[name]
    with respx.mock:
        route = respx.post(documented.url).mock(return_value=_answer(status, body))
        (reply,) = handed(documented, ONE)

    assert meaning_of(reply) is meaning, reply
    is_lost = meaning is Meaning.UNCERTAIN
    assert route.call_count == (2 if is_lost and providers.read(documented.mail).repeats else 1)
    assert SECRET not in str(reply)


@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (httpx.ConnectError("refused"), Meaning.LATER_ALL),
        (httpx.ConnectTimeout("slow"), Meaning.LATER_ALL),
        (httpx.ReadTimeout("slow"), Meaning.UNCERTAIN),
        (httpx.ReadError("cut"), Meaning.UNCERTAIN),
        (httpx.WriteError("cut"), Meaning.UNCERTAIN),
        (httpx.RemoteProtocolError("hung up"), Meaning.UNCERTAIN),
    ],
    ids=lambda one: type(one).__name__,
)
def test_a_line_that_is_lost_is_uncertain_once_the_mail_may_have_left(
    name: str, error: httpx.HTTPError, meaning: Meaning
):
    with respx.mock:
        respx.post(PROVIDERS[name].url).mock(side_effect=error)
        (reply,) = handed(PROVIDERS[name], ONE)

    assert meaning_of(reply) is meaning


@pytest.mark.parametrize(
    ("second", "meaning"),
    [
        (httpx.Response(200, json={"id": "one"}), Meaning.ACCEPTED),
        (httpx.Response(429), Meaning.UNCERTAIN),
        (httpx.Response(503), Meaning.UNCERTAIN),
        (httpx.ConnectError("gone"), Meaning.UNCERTAIN),
        (httpx.ReadTimeout("slow"), Meaning.UNCERTAIN),
    ],
    ids=str,
)
def test_what_was_lost_is_asked_again_where_a_key_makes_it_one_mail(
    second: httpx.Response | httpx.HTTPError, meaning: Meaning
):
    with respx.mock:
        route = respx.post(PROVIDERS["resend"].url)
        route.mock(side_effect=[httpx.ReadTimeout("slow"), second])
        (reply,) = handed(PROVIDERS["resend"], ONE)
        first, again = (call.request for call in route.calls)

    assert meaning_of(reply) is meaning
    assert first.headers["idempotency-key"] == again.headers["idempotency-key"] == ONE.mail_id
    assert first.content == again.content


@pytest.mark.parametrize("meaning", _AS_SAID)
def test_every_meaning_survives_the_journal(meaning: Meaning):
    assert meaning_of(said(meaning, "5.1.1 whatever 4.2.2 it says: rate limit")) is meaning


def test_who_asks_us_to_wait_is_waited_for_and_no_longer_than_makes_sense():
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    for written, seconds in (
        ("7", 7.0),
        ("9999", 30.0),
        ("soon", 1.0),
        ("", 1.0),
        ("-3", 1.0),
        ("9" * 9 + "x", 1.0),
        ("9" * 5000, 1.0),
    ):
        with respx.mock:
            respx.post(PROVIDERS["postmark"].url).mock(
                return_value=httpx.Response(429, headers={"Retry-After": written})
            )
            handed(PROVIDERS["postmark"], ONE, ONE, ticks=lambda: 100.0, sleep=sleep)

        assert waited.pop() == seconds, written
    assert waited == []


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_mail_that_the_sender_wants_no_more_is_not_asked_for(name: str):
    async def stopped() -> None:
        raise StoppedError

    async def send() -> None:
        with pytest.raises(StoppedError):
            await OverHttp(providers.read(PROVIDERS[name].mail)).send(ONE, stopped)

    with respx.mock(assert_all_called=False) as requests:
        route = requests.post(PROVIDERS[name].url)
        asyncio.run(send())

    assert route.call_count == 0


def sent_to(name: str, mail: Mail = ONE) -> httpx.Request:
    documented = PROVIDERS[name]
    with respx.mock:
        route = respx.post(documented.url).mock(return_value=_answer(*documented.taken))
        handed(documented, mail)
        request: httpx.Request = route.calls.last.request
    return request


def test_postmark_gets_what_we_composed_and_tracks_nothing_itself():
    request = sent_to("postmark")
    body = json.loads(request.content)
    headers = {one["Name"]: one["Value"] for one in body.pop("Headers")}

    assert request.headers["x-postmark-server-token"] == SECRET
    assert SECRET not in str(request.url)
    assert body == {
        "From": "Børge <ann@example.com>",
        "To": "ann@example.org",
        "ReplyTo": "replies+x@example.com",
        "Subject": "40 €",
        "TextBody": "you lose 40 €",
        "HtmlBody": "<p>you lose 40 €</p>",
        "MessageStream": "broadcast",
        "TrackOpens": False,
        "TrackLinks": "None",
        "Metadata": {"send": TOKEN},
    }
    assert headers == {
        "Message-ID": "<one@insights.example.com>",
        "List-Unsubscribe": "<https://insights.example.com/u/abc>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "X-PM-KeepID": "true",
    }


def test_resend_gets_what_we_composed():
    request = sent_to("resend")

    assert request.headers["authorization"] == f"Bearer {SECRET}"
    assert request.headers["user-agent"] == "thinslice"
    assert json.loads(request.content) == {
        "from": "Børge <ann@example.com>",
        "to": ["ann@example.org"],
        "reply_to": "replies+x@example.com",
        "subject": "40 €",
        "text": "you lose 40 €",
        "html": "<p>you lose 40 €</p>",
        "headers": {
            "Message-ID": "<one@insights.example.com>",
            "List-Unsubscribe": "<https://insights.example.com/u/abc>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
        "tags": [{"name": "send", "value": TOKEN}],
    }


def test_mailgun_gets_our_own_bytes_and_tracks_nothing_itself():
    request = sent_to("mailgun")
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    form = BytesParser(policy=policy.HTTP).parsebytes(head + request.content)
    parts = {
        str(one.get_param("name", header="content-disposition")): one for one in form.iter_parts()
    }
    said = {name: one.get_content() for name, one in parts.items() if name != "message"}

    assert (
        request.headers["authorization"] == f"Basic {b64encode(f'api:{SECRET}'.encode()).decode()}"
    )
    assert RAW in request.content
    assert parts["message"].get_filename()
    assert said == {
        "to": "ann@example.org",
        "o:tracking": "no",
        "o:tracking-clicks": "no",
        "o:tracking-opens": "no",
        "v:send": TOKEN,
    }


def test_mailgun_is_asked_where_its_region_is():
    for region, host in (("", "api.mailgun.net"), ("?region=us", "api.mailgun.net"),
                         ("?region=eu", "api.eu.mailgun.net")):  # fmt: skip
        read = providers.read(f"mailgun://key@mg.example.com/{region}")
        assert read.asked(ONE).url == f"https://{host}/v3/mg.example.com/messages.mime"


def test_ses_gets_our_own_bytes_behind_the_line_that_names_their_send():
    request = sent_to("ses")
    body = json.loads(request.content)

    assert b64decode(body.pop("Content")["Raw"]["Data"]) == (
        f"X-SES-MESSAGE-TAGS: send={TOKEN}\r\n".encode() + RAW
    )
    assert body == {
        "Destination": {"ToAddresses": ["ann@example.org"]},
        "EmailTags": [{"Name": "send", "Value": TOKEN}],
        "ConfigurationSetName": "thinslice",
    }


def test_ses_is_shown_a_signature_of_what_it_gets():
    read = Ses.read(urlsplit(PROVIDERS["ses"].mail))
    at = datetime(2026, 11, 22, 9, tzinfo=UTC)
    asked = replace(read, now=lambda: at).asked(ONE)
    assert asked.content is not None
    expected = signed(
        "POST",
        asked.url,
        {"Content-Type": "application/json"},
        asked.content,
        key=AwsKey("AKIDEXAMPLE", SECRET),
        region="eu-west-1",
        service="ses",
        now=at,
    )

    assert asked.headers == expected
    assert SECRET not in str(asked)
    later = replace(read, now=lambda: at + timedelta(seconds=1)).asked(ONE)
    assert later.headers["Authorization"] != expected["Authorization"]


def test_ses_takes_temporary_keys_and_works_without_a_configuration_set():
    read = providers.read("ses://AKID:a%2Fb%2Bc@us-gov-west-1/?session=tok%2Ben+x%3D%3D")
    asked = read.asked(ONE)
    assert asked.content is not None

    assert isinstance(read, Ses)
    assert read.key == AwsKey("AKID", "a/b+c", "tok+en+x==")
    assert asked.headers["X-Amz-Security-Token"] == "tok+en+x=="
    assert "ConfigurationSetName" not in json.loads(asked.content)


def test_a_key_of_ses_that_may_only_send_is_good():
    with respx.mock:
        told = httpx.Response(403, headers={"x-amzn-ErrorType": "AccessDeniedException"}, json={})
        respx.get(PROVIDERS["ses"].look).mock(return_value=told)

        assert "takes our key" in transports.look(_settings("ses"))


def test_a_key_of_resend_that_may_only_send_is_good():
    with respx.mock:
        told = {"statusCode": 401, "name": "restricted_api_key", "message": "only send"}
        respx.get(PROVIDERS["resend"].look).mock(return_value=httpx.Response(401, json=told))

        assert "takes our key" in transports.look(_settings("resend"))


@pytest.mark.parametrize("name", PROVIDERS)
def test_no_secret_is_logged(name: str, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.DEBUG):
        sent_to(name)

    assert SECRET not in caplog.text
    assert SECRET not in " ".join(transports.names(_settings(name)))


@pytest.mark.parametrize("name", PROVIDERS)
def test_the_doctor_says_whether_the_key_is_good(name: str):
    for status, error in ((200, None), (401, None), (None, httpx.ConnectError("no way"))):
        with respx.mock:
            documented = PROVIDERS[name]
            route = respx.route(method=documented.look_method, url=documented.look)
            if error:
                route.mock(side_effect=error)
            elif status == 200:
                route.mock(return_value=_answer(*documented.good))
            else:
                route.mock(return_value=httpx.Response(status or 0, json={}))
            if status == 200:
                assert "takes our key" in transports.look(_settings(name))
                continue
            with pytest.raises(Unavailable) as raised:
                transports.look(_settings(name))
            assert SECRET not in str(raised.value)


def _settings(name: str) -> Settings:
    return Settings(mail=PROVIDERS[name].mail)


UNUSABLE = (
    "postmark:", "postmark://", "postmark://@/", f"postmark://{SECRET}@host/",
    f"postmark://{SECRET}:x@/", f"postmark://{SECRET}@/?strem=a", f"postmark://{SECRET}@/?stream=",
    "resend://", f"resend://{SECRET}@host", f"resend://{SECRET}:x@/", f"resend://{SECRET}@/?a=b",
    "mailgun://", f"mailgun://{SECRET}@/", f"mailgun://{SECRET}:x@mg.example.com/",
    f"mailgun://{SECRET}@mg.example.com/?region=mars", f"mailgun://{SECRET}@mg.example.com/v3",
    f"mailgun://{SECRET}@mg.example.com:443/", f"mailgun://{SECRET}@mg_example/",
    f"mailgun://{SECRET}@mg.example.com/?stream=a", "mailgun://@mg.example.com/",
    "ses://", "ses:eu-west-1", f"ses://AKID@eu-west-1/?session={SECRET}", "ses://AKID:@eu-west-1/",
    f"ses://AKID:{SECRET}@/", f"ses://AKID:{SECRET}@evil.example/",
    f"ses://AKID:{SECRET}@eu-west-1/x", f"ses://AKID:{SECRET}@eu-west-1:443/",
    f"ses://AKID:{SECRET}@eu-west-1/?configuration=a%20b", f"ses://AKID:{SECRET}@eu-west-1/?a=b",
    f"ses://AKID:{SECRET}%0a@eu-west-1/", f"ses://AKID:{SECRET}@eu-west-1/?session=a%0ab",
    f"postmark://{SECRET}@/?stream=a%0ab", f"postmark://{SECRET}@[/", f"postmark://{SECRET}%0a@/",
)  # fmt: skip


@pytest.mark.parametrize("mail", UNUSABLE)
def test_a_setting_that_nobody_could_send_by_is_refused_without_its_secret(mail: str):
    with pytest.raises(BadSettings, match="THINSLICE_MAIL") as raised:
        transports.refuse_unusable(Settings(mail=mail))

    assert SECRET not in str(raised.value)
    assert SECRET not in str(raised.value.__context__ or "")


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_launch_leaves_by_a_provider_and_each_mail_names_its_send(
    database: Database, tmp_path: Path, name: str
):
    documented = PROVIDERS[name]
    settings = scenes.SETTINGS.model_copy(update={"mail": documented.mail, "demo": False})
    scenes.launched(database, people=3)
    mails: list[bytes] = []

    def taken(request: httpx.Request) -> httpx.Response:
        held = mails_of(request.content)
        mails.extend(held)
        return all_taken(name, len(held))

    with respx.mock:
        everywhere(name).mock(side_effect=taken)
        transport = OverHttp(providers.read(documented.mail))
        asyncio.run(scenes.run(scenes.sender(database, tmp_path, transport, settings=settings)))

    assert scenes.states(database) == [State.SENT] * 3
    assert len(mails) == 3
    for number in range(3):
        assert sum(b"p%d@bakery.example" % number in one for one in mails) == 1
