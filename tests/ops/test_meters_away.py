"""Whoever asks for meters while the database is away keeps no page waiting."""

import asyncio
import time
from typing import NoReturn

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.exc import OperationalError
from starlette.concurrency import run_in_threadpool

from app.ops.installation import House
from tests.whole import inside_of

_ASKED = 80  # twice as many as pages have threads
_WAITS_SECONDS = 0.5


@pytest.fixture
def away(house: House, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    """Pages and API whose database answers nobody."""

    def read() -> NoReturn:
        time.sleep(_WAITS_SECONDS)
        raise OperationalError("SELECT 1", None, ConnectionError("connection timeout expired"))

    application = inside_of(house)
    monkeypatch.setattr(house.database, "read", read)
    return application


def test_many_who_guess_tokens_leave_the_threads_of_pages_alone(away: FastAPI):
    statuses, seconds = asyncio.run(_flooded(away, {"Authorization": "Bearer tsl_guessed"}))

    assert seconds < _WAITS_SECONDS / 2
    assert set(statuses) == {httpx.codes.SERVICE_UNAVAILABLE}


def test_who_sends_no_token_is_refused_without_the_database(away: FastAPI):
    statuses, seconds = asyncio.run(_flooded(away, {"Authorization": "Bearer guessed"}))

    assert seconds < _WAITS_SECONDS
    assert set(statuses) == {httpx.codes.UNAUTHORIZED}


async def _flooded(away: FastAPI, headers: dict[str, str]) -> tuple[list[int], float]:
    """What everybody is answered, and how long somebody else's page waits for a thread."""
    transport = httpx.ASGITransport(app=away)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as asks:
        asking = [
            asyncio.ensure_future(asks.get("/metrics", headers=headers)) for _ in range(_ASKED)
        ]
        await asyncio.sleep(0.05)
        began = time.monotonic()
        await run_in_threadpool(time.monotonic)
        seconds = time.monotonic() - began
        return [answer.status_code for answer in await asyncio.gather(*asking)], seconds
