"""What agents are told before they ask is made from the table that they are answered by."""

import httpx
import pytest
from fastapi import FastAPI

from app.agents import refusals, told
from app.agents.tools import TOOLS
from tests import alone
from tests.agents.written import FILES, FOLDER


@pytest.mark.parametrize("name", FILES)
def test_the_files_are_what_the_table_makes(name: str):
    assert (FOLDER / name).read_text(encoding="utf-8") == FILES[name]()


def test_a_skill_names_every_tool_and_every_refusal_in_fewer_than_500_lines():
    written = told.skill()

    assert len(written.splitlines()) < 500
    assert all(f"`{tool.name}`" in written for tool in TOOLS)
    assert all(sentence in written for _, sentence in refusals.EVERY)


def test_anybody_may_read_what_agents_are_told(application: FastAPI):
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=application)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            return await http.get("/llms.txt")

    answer = alone.run(ask())

    assert (answer.status_code, answer.text) == (200, told.llms())
