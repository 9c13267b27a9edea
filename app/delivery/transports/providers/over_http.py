"""One mail, one request: what all providers have in common.

A connection that is lost once the request may have left is uncertain, and nothing sends it again.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from app.delivery.mail.mime import Mail
from app.delivery.replies import Meaning, Reply, Stage, meaning_of, shortened
from app.delivery.transports.ports import Attempting
from app.links import return_address
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
# How a mail server would have said it: the journal and the settling know no other words.
_AS_SAID: Mapping[Meaning, tuple[int, str, Stage]] = {
    Meaning.ACCEPTED: (250, "2.0.0", Stage.MESSAGE),
    Meaning.LATER_ALL: (421, "4.3.2", Stage.CONNECT),
    Meaning.LIMIT: (450, "4.7.0", Stage.SENDER),
    Meaning.NO_SUCH_ADDRESS: (550, "5.1.1", Stage.RECIPIENT),
    Meaning.OUR_FAULT: (535, "5.3.5", Stage.LOGIN),
    Meaning.REFUSED: (550, "5.5.0", Stage.RECIPIENT),
    Meaning.CONTENT: (554, "5.6.0", Stage.MESSAGE),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request; what is secret stands in its headers alone."""

    url: str
    headers: Mapping[str, str]
    json: Any = None
    content: bytes | None = None
    files: Mapping[str, Any] | None = None  # the fields of a form, as httpx takes them
    method: str = "POST"


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
        ticks: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`ticks` counts seconds and is never set; `sleep` lets them pass."""
        self.name = provider.name
        self.lanes = provider.lanes
        self._provider = provider
        self._ticks = ticks
        self._sleep = sleep
        self._rests_until = 0.0
        self._open: httpx.AsyncClient | None = None

    async def send(self, mail: Mail, attempting: Attempting) -> Reply:
        """Hand over one mail, after the wait that the provider last asked for."""
        asked = self._provider.asked(mail)
        if (rest := self._rests_until - self._ticks()) > 0:
            await self._sleep(rest)
        await attempting()
        reply = await self._once(asked)
        if reply.stage is not Stage.LOST or not self._provider.repeats:
            return reply
        again = await self._once(asked)
        is_known = meaning_of(again) not in {Meaning.LATER_ALL, Meaning.LIMIT}
        return again if is_known else reply  # the first may have left, whatever holds now

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

    async def _once(self, asked: Asked) -> Reply:
        try:
            answer = await self._ask(asked)
        except _BEFORE_IT_LEFT as error:
            return Reply(0, f"{self.name} cannot be reached: {_words(error)}", Stage.CONNECT)
        except httpx.HTTPError as error:
            return Reply(0, f"no answer after the mail was sent: {_words(error)}", Stage.LOST)
        return self._understood(answer)

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

    def _understood(self, answer: httpx.Response) -> Reply:
        status = answer.status_code
        if status == httpx.codes.TOO_MANY_REQUESTS:
            self._rests_until = self._ticks() + _asked_to_wait(answer)
            return said(Meaning.LIMIT, f"{self.name}: too many requests")
        if status == httpx.codes.SERVICE_UNAVAILABLE:
            return said(Meaning.LATER_ALL, f"{self.name} is away (HTTP 503)")
        lost = Reply(0, f"{self.name} answered HTTP {status}: it may have been sent", Stage.LOST)
        if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            return lost
        try:
            return self._provider.reply(answer)
        except (ValueError, TypeError, AttributeError, LookupError):
            refused = status >= httpx.codes.BAD_REQUEST
            words = f"{self.name}: HTTP {status}"
            return said(Meaning.OUR_FAULT, words) if refused else lost


def said(meaning: Meaning, words: str) -> Reply:
    """A provider's answer as a mail server's."""
    code, status, stage = _AS_SAID[meaning]
    return Reply(code, f"{status} {shortened(words)}", stage)


def token_of(mail: Mail) -> str:
    """What names the send to whoever reports of it later; empty for mails of no send.

    It is signed, as the address is that bounces come back to.
    """
    tokens = return_address.tokens_in(mail.return_path)
    return tokens[-1] if tokens and mail.send_id is not None else ""


def _asked_to_wait(answer: httpx.Response) -> float:
    """Seconds; one where it says nothing that can be used."""
    written = answer.headers.get("retry-after", "").strip()
    is_number = written.isascii() and written.isdigit() and len(written) <= _DIGITS
    seconds = int(written) if is_number else 1
    return min(float(seconds), _LONGEST_WAIT)


def _words(error: Exception) -> str:
    return shortened(str(error)) or type(error).__name__
