"""`thinslice serve` and `thinslice mcp` as they are started, asked by the SDK's own client."""

import asyncio
import json
import sys
from pathlib import Path

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from tests.agents.asked import text_of
from tests.cast import DESIGN
from tests.serve import Installation


def test_an_agent_asks_over_http_and_over_standard_input(tmp_path: Path):
    house = Installation(tmp_path / "data", "")
    house.start("--migrate")
    try:
        with house.api() as api:
            made = api.post("/experiments", json=DESIGN | {"audience_id": None})
            assert made.status_code == 201, made.text
        token = house.token("viewer")

        over_http = asyncio.run(_over_http(house, token))
        over_stdio = asyncio.run(_over_stdio(house, token))
    finally:
        house.stop()

    assert [one["id"] for one in over_http["items"]] == [made.json()["id"]]
    assert over_stdio == over_http


async def _over_http(house: Installation, token: str):
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers) as http,
        Client(streamable_http_client(f"{house.url}/mcp", http_client=http)) as client,
    ):
        return json.loads(text_of(await client.call_tool("list_experiments", {})))


async def _over_stdio(house: Installation, token: str):
    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "app.cli", "mcp"],
        env=house.environment() | {"THINSLICE_TOKEN": token},
        cwd=str(Path(__file__).parent.parent.parent),
    )
    async with Client(command) as client:
        return json.loads(text_of(await client.call_tool("list_experiments", {})))


def test_a_wrong_token_is_told_before_anything_is_handed_on(tmp_path: Path):
    house = Installation(tmp_path / "data", "")
    house.start("--migrate")
    try:
        said = house.command("mcp", "--token", "tsl_wrong")
    finally:
        house.stop()

    assert said.returncode == 1
    assert "This token is not valid, or was revoked." in said.stderr


def test_without_a_token_it_says_which_setting_is_missing(tmp_path: Path):
    said = Installation(tmp_path / "data", "").command("mcp")

    assert said.returncode == 1
    assert "THINSLICE_TOKEN" in said.stderr
