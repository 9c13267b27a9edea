"""Write what agents are told into files: `python -m tests.agents.written`."""

from pathlib import Path

from app.agents import told

FOLDER = Path(__file__).parent.parent.parent / "deploy" / "agents"
FILES = {"SKILL.md": told.skill, "llms.txt": told.llms}


def write() -> None:
    """Each from the table of tools."""
    for name, make in FILES.items():
        (FOLDER / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    write()
