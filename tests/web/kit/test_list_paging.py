"""Lists on pages go on from the last row shown; what is no cursor is refused."""

import re

import pytest

from app.audience import suppression_store
from app.platform.db import Database
from app.web.audiences import suppressions
from tests.web.conftest import NOW, Browser

_PAGES = ("/experiments", "/experiments?show=All", "/suppressions", "/learnings", "/conversions")


@pytest.mark.parametrize("page", _PAGES)
@pytest.mark.parametrize("cursor", ["x", "0", "-1", "AAAAAAAA", "é"])
def test_what_is_no_cursor_is_refused(ann: Browser, page: str, cursor: str):
    address = f"{page}{'&' if '?' in page else '?'}cursor={cursor}"

    answer = ann.get(address)

    assert answer.status_code == 422
    assert "not whole, or of another list" in answer.text
    assert f'href="{page}"' in answer.text
    assert "next" not in answer.text.partition("<h1")[2].partition("</main>")[0].lower()


def test_turning_the_page_loses_and_repeats_nobody(
    ann: Browser, database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(suppressions, "_PAGE", 2)
    addresses = [f"a{number}@x.example" for number in range(5)]
    with database.write() as session:
        rows = [
            suppression_store.suppress(session, one, "manual", by="Ann", now=NOW)
            for one in addresses
        ]
    seen: list[str] = []
    address: str | None = "/suppressions"
    while address:
        page = ann.get(address).text
        seen += re.findall(r"a\d@x\.example", page)
        with database.write() as session:
            suppression_store.suppress(
                session, f"b{len(seen)}@x.example", "manual", by="Ann", now=NOW
            )
            if len(seen) < 3:
                suppression_store.lift(session, rows[4].id)
        found = re.search(r'href="(/suppressions\?cursor=[^"]+)"', page)
        address = found[1] if found else None

    assert sorted(dict.fromkeys(seen)) == addresses
    assert len(seen) == len(set(seen))
