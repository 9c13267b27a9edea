"""The document of the API, and its page: strangers ask for them, and each is written once."""

import asyncio
from typing import Any

import httpx
from fastapi import FastAPI

from app.api import docs


def test_it_is_written_once_however_often_it_is_asked_for():
    application, written = FastAPI(openapi_url=None), []
    application.include_router(docs.router)

    def openapi() -> dict[str, Any]:
        written.append("once")
        return {"paths": {}}

    application.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way

    async def ask(*paths: str) -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=application)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return [await client.get(path) for path in paths]

    answers = asyncio.run(ask(*["/openapi.json", "/docs"] * 3))

    assert [answer.status_code for answer in answers] == [200] * 6
    assert answers[0].json() == {"paths": {}}
    assert answers[1].headers["content-type"] == "text/html; charset=utf-8"
    assert len(written) == 2
