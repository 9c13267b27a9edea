"""Mails over HTTP, one or many in a request: what all providers have in common.

A connection that is lost once the request may have left is uncertain, and nothing sends it again.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import httpx

from app.delivery.mail.mime import Mail
from app.delivery.replies import Meaning, Reply, Stage, meaning_of, shortened
from app.delivery.transports.ports import Attempting
from app.delivery.transports.providers.asking import Asked, said
from app.delivery.transports.providers.together import Gathered, Together
from app.delivery.transports.terms import ANY, Terms
from app.platform.errors import Unavailable

_CONNECT_SECONDS, _REPLY_SECONDS = 10.0, 60.0
_DIGITS = 9  # of a wait that is read at all
_LONGEST_WAIT = 30.0  # seconds that one mail waits because a provider asked for it
_BEFORE_IT_LEFT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
)
_Read = Callable[[httpx.Response], list[Reply]]
_OF_ONE = {Meaning.REFUSED, Meaning.CONTENT}


class Provider(Protocol):
    """What is particular to one provider. `name` stands in sentences and tells paces apart."""

    @property
    def name(self) -> str:
        """How it is called."""

    @property
    def lanes(self) -> int:
        """Requests at a time."""

    @property
    def repeats(self) -> bool:
        """Whether the same request twice is one mail."""

    @property
    def together(self) -> Together | None:
        """How it takes many mails in one request; None: it takes one."""

    def asked(self, mail: Mail) -> Asked:
        """The request that hands over one mail."""

    def reply(self, answer: httpx.Response) -> Reply:
        """What its answer means. 429, 5xx and answers that cannot be read never come here."""

    def look(self) -> Asked:
        """A request that changes nothing and shows whether our key is good."""

    def is_good(self, answer: httpx.Response) -> bool:
        """Whether its answer shows that."""


class OverHttp:
    """Hands mails to one provider."""

    def __init__(
        self,
        provider: Provider,
        *,
        terms: Terms = ANY,
        ticks: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`ticks` counts seconds and is never set; `sleep` lets them pass."""
        self.terms = terms
        self.name = terms.name or provider.name
        many = provider.together
        lines = terms.connections or (1 if many else provider.lanes)
        self.lanes = lines * many.most if many else lines
        self._provider = provider
        self._gathered = Gathered(self._all, most=many.most) if many else None
        self._many = many
        self._ticks = ticks
        self._sleep = sleep
        self._rests_until = 0.0
        self._open: httpx.AsyncClient | None = None

    async def send(self, mail: Mail, attempting: Attempting) -> Reply:
        """Hand over one mail, after the wait that the provider last asked for."""
        if (rest := self._rests_until - self._ticks()) > 0:
            await self._sleep(rest)
        await attempting()
        if self._gathered and self._many and self._many.fits(mail):
            return await self._gathered.send(mail)
        return await self._alone(mail)

    async def look(self) -> str:
        """Whether it takes our key, for `doctor`. Raises Unavailable with what to look at."""
        try:
            answer = await self._ask(self._provider.look())
        except httpx.HTTPError as error:
            raise Unavailable(f"{self.name} cannot be reached: {_words(error)}.") from error
        finally:
            await self.close()
        if not self._provider.is_good(answer):
            raise Unavailable(
                f"{self.name} does not take our key (HTTP {answer.status_code}). Look at"
                " THINSLICE_MAIL."
            )
        return f"{self.name} takes our key"

    async def close(self) -> None:
        """End connections."""
        client, self._open = self._open, None
        if client is not None:
            await client.aclose()

    async def _alone(self, mail: Mail) -> Reply:
        [reply] = await self._tried(
            self._provider.asked(mail), lambda answer: [self._provider.reply(answer)], 1
        )
        return reply

    async def _all(self, mails: Sequence[Mail]) -> list[Reply]:
        """Many in one request. Where it is refused as a whole, each is asked about alone."""
        many = self._many
        if many is None or len(mails) == 1:
            return [await self._alone(mail) for mail in mails]
        replies = await self._tried(
            many.asked(mails), lambda answer: many.replies(answer, len(mails)), len(mails)
        )
        if {meaning_of(reply) for reply in replies} <= _OF_ONE:
            return [await self._alone(mail) for mail in mails]
        return replies

    async def _tried(self, asked: Asked, read: _Read, mails: int) -> list[Reply]:
        replies = await self._once(asked, read, mails)
        if replies[0].stage is not Stage.LOST or not self._provider.repeats:
            return replies
        again = await self._once(asked, read, mails)
        return [  # the first may have left, whatever holds now
            first if meaning_of(now) in {Meaning.LATER_ALL, Meaning.LIMIT} else now
            for first, now in zip(replies, again, strict=True)
        ]

    async def _once(self, asked: Asked, read: _Read, mails: int) -> list[Reply]:
        """One for each of so many mails."""
        try:
            answer = await self._ask(asked)
        except _BEFORE_IT_LEFT as error:
            words = f"{self.name} cannot be reached: {_words(error)}"
            return [Reply(0, words, Stage.CONNECT)] * mails
        except httpx.HTTPError as error:
            words = f"no answer after the mail was sent: {_words(error)}"
            return [Reply(0, words, Stage.LOST)] * mails
        return self._understood(answer, read, mails)

    async def _ask(self, asked: Asked) -> httpx.Response:
        if self._open is None:
            timeout = httpx.Timeout(_REPLY_SECONDS, connect=_CONNECT_SECONDS)
            self._open = httpx.AsyncClient(timeout=timeout, trust_env=False)
        return await self._open.request(
            asked.method,
            asked.url,
            headers={"User-Agent": "thinslice", **asked.headers},
            json=asked.json,
            content=asked.content,
            files=asked.files,
        )

    def _understood(self, answer: httpx.Response, read: _Read, mails: int) -> list[Reply]:
        status = answer.status_code
        if status == httpx.codes.TOO_MANY_REQUESTS:
            self._rests_until = self._ticks() + _asked_to_wait(answer)
            return [said(Meaning.LIMIT, f"{self.name}: too many requests")] * mails
        if status == httpx.codes.SERVICE_UNAVAILABLE:
            return [said(Meaning.LATER_ALL, f"{self.name} is away (HTTP 503)")] * mails
        lost = Reply(0, f"{self.name} answered HTTP {status}: it may have been sent", Stage.LOST)
        if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            return [lost] * mails
        try:
            return read(answer)
        except (ValueError, TypeError, AttributeError, LookupError):
            refused = status >= httpx.codes.BAD_REQUEST
            words = f"{self.name}: HTTP {status}"
            return [said(Meaning.OUR_FAULT, words) if refused else lost] * mails


def _asked_to_wait(answer: httpx.Response) -> float:
    """Seconds; one where it says nothing that can be used."""
    written = answer.headers.get("retry-after", "").strip()
    is_number = written.isascii() and written.isdigit() and len(written) <= _DIGITS
    seconds = int(written) if is_number else 1
    return min(float(seconds), _LONGEST_WAIT)


def _words(error: Exception) -> str:
    return shortened(str(error)) or type(error).__name__
