"""Nothing that a start could have done is left to the first who asks: clicks would wait for it."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from pydantic import TypeAdapter
from starlette.types import ASGIApp

from app.main import create_app, create_edge_alone
from app.ops.installation import open_house, prepare
from app.platform import config
from app.platform.config import Settings

ASKED = ("/login", "/api/v1/features", "/u/nobody", "/-", "/robots.txt")


async def ask(application: ASGIApp) -> list[int]:
    """The status of each, in order."""
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return [(await client.get(address)).status_code for address in ASKED]


@pytest.mark.parametrize("create", [create_app, create_edge_alone])
def test_routes_are_worked_out_before_anybody_asks(
    create: Callable[[Settings], ASGIApp], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    settings = config.load(data_dir=tmp_path, database_url="")
    prepare(open_house(settings))
    application = create(settings)
    made: list[object] = []
    begin = TypeAdapter.__init__

    def noted(adapter: TypeAdapter[object], kind: object, **more: object) -> None:
        made.append(kind)
        begin(adapter, kind, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(TypeAdapter, "__init__", noted)
    seen = asyncio.run(ask(application))

    assert seen[-1] == 200
    assert made == []
