"""What the pages of a restored copy say while it is held."""

from app.platform import install
from app.platform.db import Database
from tests.web.conftest import Browser


def test_every_page_says_it_to_whoever_edits(
    ann: Browser, eve: Browser, bo: Browser, database: Database
):
    with database.write() as session:
        install.begin_anew(session)
    pages = ("/", "/experiments", "/help/mail")
    seen = {
        name: ["and is held: it sends nothing" in browser.get(page).text for page in pages]
        for name, browser in (("ann", ann), ("eve", eve), ("bo", bo))
    }
    with database.write() as session:
        install.let_go(session)

    assert seen == {"ann": [True] * 3, "eve": [True] * 3, "bo": [False] * 3}
    assert "is held" not in ann.get("/experiments").text
