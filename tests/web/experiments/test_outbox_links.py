"""The outbox says of each mail which of its links count."""

import pytest

from app.web.experiments.outbox_links import said

TOKEN = "A" * 32


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"x /c/{TOKEN} y /u/{TOKEN}", "never count"),
        (f"/s/{TOKEN}", "kept as its reader’s answer"),
        (f"/w/{TOKEN}", "changes nothing"),
        ("/join/abc", "gets the log-in"),
        ("/experiments/1", "lead to pages of this installation"),
        ("", "lead to pages"),
    ],
)
def test_each_kind_of_mail_says_what_its_links_do(text: str, says: str):
    assert says in said(text)
    assert ("never count" in said(text)) is ("/c/" in text)
