"""The picture in a verdict's mail: it leaves inside the mail, and says in words what it shows."""

import struct
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from types import SimpleNamespace
from typing import Any

import pytest

from app.delivery.mail import pictures
from app.delivery.mail.mime import Mail
from app.delivery.transports.providers.postmark import Postmark
from app.delivery.transports.providers.resend import Resend
from app.outreach import verdict_pictures
from app.outreach.verdict_pictures import picture_of
from tests.moments import NOW

ONE = {"arm": "insight", "people": 600, "hits": 62, "rate": 0.1033, "low": 0.084, "high": 0.126}
OTHER = ONE | {"arm": "plain", "hits": 30, "rate": 0.05, "low": 0.03, "high": 0.08}
HEADERS = {"From": "t@x.example", "To": "ann@x.example", "Subject": "Validated"}


def experiment(**rule: Any) -> Any:
    return SimpleNamespace(name="Waste & <money>", design={"rule": rule})


def seen(*estimates: dict[str, Any], call: str = "validated", **rule: Any) -> Any:
    return picture_of(experiment(**rule), {"call": call, "estimates": list(estimates)})


def parsed(raw: bytes) -> EmailMessage:
    return BytesParser(EmailMessage, policy=policy.default).parsebytes(raw)


def html_of(message: EmailMessage) -> str:
    part = message.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def left(picture: pictures.Picture) -> bytes:
    html = f'<p>Hello</p><img src="{picture.address}" alt="{picture.says}">'
    return pictures.filled(HEADERS, text="Hello", html=html, now=NOW)


@pytest.mark.parametrize("call", ["validated", "refuted", "inconclusive", "waiting"])
def test_a_share_is_drawn_against_its_line(call: str):
    picture = seen(ONE, call=call, threshold=0.08)

    assert picture.body.startswith(b"\x89PNG")
    assert struct.unpack(">II", picture.body[16:24])[0] == 1536
    assert picture.says == (
        "insight: 10.3 % of 600 people, between 8.4 % and 12.6 %. Your line is at 8 %."
    )


def test_versions_are_drawn_beside_each_other():
    picture = seen(ONE, OTHER, baseline="plain")

    assert picture.body.startswith(b"\x89PNG")
    assert picture.says.startswith("insight: 10.3 %")
    assert "plain: 5.0 % of 600 people" in picture.says


@pytest.mark.parametrize("estimates", [(), (ONE | {"rate": None},), (ONE | {"rate": 12.5},)])
def test_what_is_no_share_has_no_picture(estimates: tuple[dict[str, Any], ...]):
    assert seen(*estimates, threshold=0.08) is None


def test_without_a_font_the_mail_goes_without(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(verdict_pictures, "has_letters", lambda: False)

    assert seen(ONE, threshold=0.08) is None


def test_it_leaves_inside_the_mail_and_nothing_is_fetched():
    picture = seen(ONE, threshold=0.08)
    message = parsed(left(picture))
    kinds = [part.get_content_type() for part in message.walk()]
    html = html_of(message)

    assert kinds == [
        "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
    ]  # fmt: skip
    [image] = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert image.get_content() == picture.body
    assert f'src="cid:{image["Content-ID"].strip("<>")}"' in html
    assert "data:" not in html
    assert "http" not in html
    assert image.get_content_disposition() == "inline"
    assert max(map(len, left(picture).split(b"\r\n"))) <= 78


def test_a_page_of_ours_shows_it_again():
    picture = seen(ONE, threshold=0.08)
    message = parsed(left(picture))

    assert picture.address in pictures.as_seen(message, html_of(message))


def test_a_mail_without_a_picture_is_as_it_was():
    raw = pictures.filled(HEADERS, text="Hello", html="<p>Hello</p>", now=NOW)

    assert [part.get_content_type() for part in parsed(raw).walk()] == [
        "multipart/alternative", "text/plain", "text/html",
    ]  # fmt: skip


@pytest.mark.parametrize("provider", [Postmark("t", "outbound"), Resend("k")])
def test_providers_get_it_by_the_name_that_the_html_says(provider: Any):
    mail = Mail("m", "b@x.example", "ann@x.example", "Validated", left(seen(ONE, threshold=0.08)))
    body = provider.asked(mail).json
    html = body.get("HtmlBody") or body["html"]
    [found] = body.get("Attachments") or body["attachments"]
    name = found.get("ContentID") or found["content_id"]

    assert f'"cid:{name.removeprefix("cid:")}"' in html
