"""SKILL.md and /llms.txt: what an agent reads before it asks, made from the table of tools."""

from collections.abc import Iterable, Iterator

from app.agents import refusals
from app.agents.tools import INSTRUCTIONS, TOOLS, Tool

_HEAD = """\
---
name: thinslice
description: Reads experiments, readouts, key results, weeks and learnings of a Thinslice \
installation over MCP, drafts experiments, and asks a person to launch them. Use it for questions \
about what was tested with customers, what came of it, and how near a key result is.
---

# Thinslice
"""
_CONNECT = """\
Over HTTP ask `https://YOUR-THINSLICE/mcp`. A client that knows OAuth (a metadata document as its \
id, or by registering) is told where its person lets it in: to read, or to draft too. Else with a \
token: `Authorization: Bearer tsl_…`. A program that starts its servers runs \
`thinslice mcp --url https://YOUR-THINSLICE` with `THINSLICE_TOKEN` set. An admin makes tokens \
under Settings → Tokens; a token reads unless it was made to draft.
"""
_READING = """\
- A readout begins with `sentence`: say it as it is, with its interval. Never say more than it says.
- `provisional` calls may change; `why_not_yet` says what is missing. Do not look for a better one.
- Shares are 0 to 1, moments are UTC, weeks are ISO 8601 (`2026-W48`).
- Draft with a fresh `idempotency_key`, and send the same one when you try again. Look at \
get_checklist and preview_mail before ask_for_launch.
- update_draft takes the `version` that get_experiment told. Old: read again, then change.
"""


def skill() -> str:
    """The file that teaches an agent."""
    parts = (
        _HEAD,
        INSTRUCTIONS + "\n",
        "## Connect\n",
        _CONNECT,
        "## Tools\n",
        _table(("tool", "arguments", "scope", "what it answers"), map(_row, TOOLS)),
        "## Reading well\n",
        _READING,
        "## Refusals\n",
        _table(("when", "what is said"), refusals.EVERY),
    )
    return "\n".join(parts)


def llms() -> str:
    """The page for agents that look at the address alone."""
    lines = (
        "# Thinslice\n",
        f"> {INSTRUCTIONS}\n",
        "## Ask\n",
        "- [MCP](/mcp): streamable HTTP; with OAuth, or a token as bearer; or `thinslice mcp`",
        "- [API](/docs): everything, for programs of yours; [its document](/openapi.json)\n",
        "## Tools\n",
        *(f"- {tool.name} ({tool.needs}): {tool.about}" for tool in TOOLS),
    )
    return "\n".join(lines) + "\n"


def _row(tool: Tool) -> tuple[str, ...]:
    return f"`{tool.name}`", ", ".join(_arguments(tool)), tool.needs, tool.about


def _arguments(tool: Tool) -> Iterator[str]:
    for name, field in tool.takes.model_fields.items():
        yield name if field.is_required() else f"{name}?"


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
