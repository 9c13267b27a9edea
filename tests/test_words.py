"""What nobody would say to a colleague does not come back."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Each was on a page once; beside it, what was wrong with it.
NEVER = {
    r"It describes\.": "describes what, and for whom?",
    r"describes; ": "the same",
    r"made by its own procedure": "whose procedure?",
    r"0 windows have closed": "nobody’s window has closed yet",
    r"if the truth is": "if really so many do",
    r"that happens 4 times in 5": "4 experiments in 5 get there",
    r"Why, if it is another one": "why?",
    r"Where did \{\{ week \}\} go": "a week has no number in speech",
    r"2\.0\.0 taken": "no server says so",
    r"Nobody of whom this is said": "nobody matches",
    r"are two\.": "one cannot be the other",
}
SAID = [
    *(ROOT / "templates").rglob("*.html"),
    *(ROOT / "templates").rglob("*.txt"),
    *(ROOT / "app").rglob("*.py"),
]


@pytest.mark.parametrize("words", NEVER)
def test_a_sentence_that_was_mended_stays_mended(words: str):
    pattern = re.compile(words)
    found = [path.name for path in SAID if pattern.search(path.read_text(encoding="utf-8"))]

    assert found == []


def test_no_page_shows_a_backtick():
    """Templates write code as code; errors that name some are unticked (`unticked`)."""
    shown = {
        path.name: re.sub(
            r"\{#.*?#\}|<script.*?</script>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL
        )
        for path in (ROOT / "templates").rglob("*.html")
        if path.parent.name != "docs"
    }

    assert [name for name, text in shown.items() if "`" in text] == []
