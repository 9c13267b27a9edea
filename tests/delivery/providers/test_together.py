"""Many mails in one request: each has its own end, and a limit or a loss is everybody's."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import httpx
import pytest
import respx

from app.delivery.mail.mime import Mail
from app.delivery.replies import Meaning, Reply, Stage, meaning_of
from app.delivery.transports import providers
from app.delivery.transports.ports import StoppedError
from app.delivery.transports.providers.over_http import OverHttp
from app.delivery.transports.providers.together import Gathered
from app.delivery.transports.terms import Terms
from tests.delivery.providers.answers import PROVIDERS
from tests.delivery.providers.test_providers import ONE, RAW

BATCHES = {
    "postmark": "https://api.postmarkapp.com/email/batch",
    "resend": "https://api.resend.com/emails/batch",
}
OK = {"ErrorCode": 0, "Message": "OK", "MessageID": "b7bc2f4a"}
BAD, INACTIVE = {"ErrorCode": 300, "Message": "Illegal"}, {"ErrorCode": 406, "Message": "Inactive"}


def mails(number: int, raw: bytes = RAW) -> list[Mail]:
    return [
        replace(ONE, mail_id=f"m{one}", recipient=f"p{one}@example.org", send_id=one, raw=raw)
        for one in range(number)
    ]


def handed(
    name: str, of: Sequence[Mail], *, unwanted: Sequence[str] = (), **more: Any
) -> list[Any]:
    """The reply to each; None where the sender wanted it no more."""

    async def one(transport: OverHttp, mail: Mail) -> Reply | None:
        async def attempting() -> None:
            await asyncio.sleep(0)
            if mail.mail_id in unwanted:
                raise StoppedError

        try:
            return await transport.send(mail, attempting)
        except StoppedError:
            return None

    async def send() -> list[Any]:
        transport = OverHttp(providers.read(PROVIDERS[name].mail))
        replies = await asyncio.gather(*(one(transport, mail) for mail in of))
        await transport.close()
        return replies

    return asyncio.run(send())


def meant(replies: Sequence[Reply]) -> list[Meaning]:
    return [meaning_of(reply) for reply in replies]


def recipients(request: httpx.Request) -> list[str]:
    return [one.get("To") or one["to"][0] for one in json.loads(request.content)]


@pytest.mark.parametrize(
    ("name", "answer", "meanings"),
    [
        ("postmark", (200, [OK, BAD, OK, INACTIVE]), "ACCEPTED REFUSED ACCEPTED REFUSED"),
        ("postmark", (200, [OK, OK, {"ErrorCode": 411, "Message": "x"}, OK]),
         "ACCEPTED ACCEPTED CONTENT ACCEPTED"),
        ("postmark", (200, [OK, OK]), "UNCERTAIN UNCERTAIN UNCERTAIN UNCERTAIN"),
        ("postmark", (401, {"ErrorCode": 10, "Message": "x"}), "OUR_FAULT " * 4),
        ("postmark", (422, {"ErrorCode": 429, "Message": "x"}), "LIMIT " * 4),
        ("postmark", (429, {}), "LIMIT " * 4),
        ("postmark", (503, {}), "LATER_ALL " * 4),
        ("postmark", (500, {}), "UNCERTAIN " * 4),
        ("postmark", (200, "<html>"), "UNCERTAIN " * 4),
        ("resend", (200, {"data": [{"id": "a"}, {"id": "b"}, {"id": "c"}, {"id": "d"}]}),
         "ACCEPTED " * 4),
        ("resend", (200, {"data": [{"id": "a"}, {"id": "c"}, {"id": "d"}],
                          "errors": [{"index": 1, "message": "Invalid `to`"}]}),
         "ACCEPTED REFUSED ACCEPTED ACCEPTED"),
        ("resend", (200, {"data": [{"id": "a"}]}), "UNCERTAIN " * 4),
        ("resend", (429, {"statusCode": 429, "name": "rate_limit_exceeded", "message": "x"}),
         "LIMIT " * 4),
        ("resend", (403, {"statusCode": 403, "name": "invalid_access", "message": "x"}),
         "OUR_FAULT " * 4),
        ("resend", (500, {}), "UNCERTAIN " * 4),
    ],
)  # fmt: skip
def test_each_of_a_batch_has_its_own_reply(name: str, answer: tuple[int, Any], meanings: str):
    status, body = answer
    response = (
        httpx.Response(status, text=body)
        if isinstance(body, str)
        else httpx.Response(status, json=body)
    )
    with respx.mock:
        route = respx.post(BATCHES[name]).mock(return_value=response)
        replies = handed(name, mails(4))

    assert meant(replies) == [Meaning[one] for one in meanings.split()]
    assert recipients(route.calls[0].request) == [f"p{one}@example.org" for one in range(4)]
    is_lost = meanings.startswith("UNCERTAIN")
    assert route.call_count == (2 if is_lost and name == "resend" else 1)


def test_what_is_refused_as_a_whole_is_asked_about_one_by_one():
    """One mail among them may be what it could not take: nobody else is refused for it."""
    answers = {"p1@example.org": (422, BAD)}

    def alone(request: httpx.Request) -> httpx.Response:
        status, body = answers.get(json.loads(request.content)["To"], (200, OK))
        return httpx.Response(status, json=body)

    with respx.mock:
        respx.post(BATCHES["postmark"]).mock(return_value=httpx.Response(413))
        respx.post(PROVIDERS["postmark"].url).mock(side_effect=alone)
        replies = handed("postmark", mails(3))

    assert meant(replies) == [Meaning.ACCEPTED, Meaning.REFUSED, Meaning.ACCEPTED]


def test_no_request_has_more_than_it_may_and_everybody_is_in_one():
    requests: list[list[str]] = []

    async def hand_over(of: Sequence[Mail]) -> list[Reply]:
        requests.append([mail.mail_id for mail in of])
        return [Reply(250, mail.mail_id, Stage.MESSAGE) for mail in of]

    async def send() -> list[Reply]:
        gathered = Gathered(hand_over, most=5)
        return await asyncio.gather(*(gathered.send(mail) for mail in mails(12)))

    replies = asyncio.run(send())

    assert [len(one) for one in requests] == [5, 5, 2]
    assert [reply.text for reply in replies] == [f"m{one}" for one in range(12)]


@pytest.mark.parametrize(("name", "most"), [("postmark", 500), ("resend", 100)])
def test_lines_are_as_many_mails_as_requests_hold(name: str, most: int):
    read = providers.read(PROVIDERS[name].mail)
    lanes = [OverHttp(read, terms=Terms(connections=one)).lanes for one in (None, 3)]

    assert lanes == [most, 3 * most]


def test_resend_knows_the_same_request_by_its_key_and_lets_one_bad_mail_stop_nobody():
    taken = httpx.Response(200, json={"data": [{"id": "a"}, {"id": "b"}]})
    with respx.mock:
        route = respx.post(BATCHES["resend"]).mock(side_effect=[httpx.ReadTimeout("slow"), taken])
        replies = handed("resend", mails(2))
        first, again = (call.request for call in route.calls)

    assert set(meant(replies)) == {Meaning.ACCEPTED}
    assert first.headers["idempotency-key"] == again.headers["idempotency-key"]
    assert first.headers["x-batch-validation"] == "permissive"
    assert first.content == again.content


def test_who_is_not_wanted_any_more_is_left_out_and_mails_with_pictures_go_to_resend_alone():
    pictured = replace(
        mails(4)[3], raw=RAW.replace(b"--=_x--", b"--=_x\r\nContent-ID: <a>\r\n\r\n")
    )
    with respx.mock:
        batch = respx.post(BATCHES["resend"])
        batch.mock(return_value=httpx.Response(200, json={"data": [{"id": "a"}, {"id": "b"}]}))
        alone = respx.post(PROVIDERS["resend"].url)
        alone.mock(return_value=httpx.Response(200, json={"id": "c"}))
        replies = handed("resend", [*mails(3), pictured], unwanted=["m1"])

    assert replies[1] is None
    assert recipients(batch.calls.last.request) == ["p0@example.org", "p2@example.org"]
    assert alone.call_count == 1


def test_a_batch_waits_for_as_long_as_it_is_asked_to():
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    async def send() -> None:
        async def noted() -> None:
            await asyncio.sleep(0)

        read = providers.read(PROVIDERS["postmark"].mail)
        transport = OverHttp(read, ticks=lambda: 100.0, sleep=sleep)
        for _ in range(2):
            await asyncio.gather(*(transport.send(mail, noted) for mail in mails(3)))
        await transport.close()

    with respx.mock:
        answer = httpx.Response(429, headers={"Retry-After": "7"})
        respx.post(BATCHES["postmark"]).mock(return_value=answer)
        asyncio.run(send())

    assert waited == [7.0] * 3
